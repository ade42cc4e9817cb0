// Carrying out one step, taking it back, and telling which of the two is the case. Internal to core/journal.
//
// Everything here can be called again after a crash at any point: it looks first, at inodes, and does what is left.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/fs/lock.h"
#include "core/journal/precheck.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"

namespace dfsck {

enum class Look {
  Before,     // not taken, or taken back
  After,      // taken
  Ambiguous,  // neither: somebody else was here
};

// Needs the step's trace. A change of an attribute that is only half done counts as Before.
Result<Look> step_on_disk(const RunPlace& place, size_t number, const LoggedStep& logged);

// What the step's path is and what it should be, for people: of a step that is Ambiguous.
std::string ambiguity(const RunPlace& place, size_t number, const LoggedStep& logged);

// Takes the step, if it is not taken, and gives the directories around it the times of its trace. Format where its
// precondition does not hold. After an error it may be taken or not, or half for an attribute: take_back then sets all
// right.
Result<void> take_step(const RunPlace& place, RootLock& lock, size_t number, const LoggedStep& logged,
                       Precondition precondition);

// Takes the step back, if it is taken, with the times of its trace.
Result<void> take_back(const RunPlace& place, RootLock& lock, size_t number, const LoggedStep& logged);

// Where the object lies that the step took away, below the root (".docker-fsck/<id>/saved/3"); `keeper` is the
// directory of its place.
RelPath kept_place(const std::string& id, const RelPath& keeper, size_t number, const LoggedStep& logged);

}  // namespace dfsck
