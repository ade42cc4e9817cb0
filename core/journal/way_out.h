// What a person has to change before a step can be taken.
#pragma once

#include <string>

#include "core/base/error.h"
#include "core/fs/root.h"
#include "core/plan/action.h"

namespace dfsck {

// An immutable or append-only object that keeps everybody from taking the step.
struct Guard {
  std::string what;     // "overlay2/ab/diff/etc is immutable"; escaped; empty where nothing stands in the way
  std::string way_out;  // "chattr -i /var/lib/docker/overlay2/ab/diff/etc"
};

// Looks at the inode flags of all objects that the step would change. On filesystems without such flags there is none.
Guard guard_of(const Root& root, const Action& action);

// What helps against the error that a step has failed with, as a sentence for people ("chattr -i ..., then run again");
// empty where nothing is known that would.
std::string way_out(const Root& root, const Action& action, const Error& error);

}  // namespace dfsck
