// What a step expects of a path: looking it up, and comparing it with what is there.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/fs/root.h"
#include "core/plan/action.h"

namespace dfsck {

// The state of `path` right now, as the precondition of a step. Absent where it cannot be looked at. For regular files
// up to 1 MiB with their digest.
Expect expect_now(const Root& root, const RelPath& path);

// What has changed since, in words behind the path ("is missing", "is another object than when the plan was made");
// empty if nothing has. `now`: what stat says; ENOENT, ENOTDIR and ELOOP mean absent. Of directories only inode and
// mode count: what is in them changes while a plan is carried out. Contents are not read.
std::string changed_since(const Expect& expect, const Result<FileStat>& now);

// The same with the contents, where a digest is expected.
Result<std::string> changed_since(const Expect& expect, const Dir& parent, const std::string& name);

// True for errors of opening or stat that mean: nothing is there (under this name, without following links).
bool means_absent(const Error& error);

}  // namespace dfsck
