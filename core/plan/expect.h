// Comparing what a step expects with what is there. Internal to core/plan.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/plan/action.h"

namespace dfsck {

// What has changed since, in words behind the path ("is missing", "is another object than when the plan was made");
// empty if nothing has. `now`: what stat says; ENOENT, ENOTDIR and ELOOP mean absent. Of directories only inode and
// mode count: what is in them changes while a plan is carried out. Contents are not read.
std::string changed_since(const Expect& expect, const Result<FileStat>& now);

// The same with the contents, where a digest is expected.
Result<std::string> changed_since(const Expect& expect, const Dir& parent, const std::string& name);

// True for errors of opening or stat that mean: nothing is there (under this name, without following links).
bool means_absent(const Error& error);

}  // namespace dfsck
