// Writing single files of a migration's target that are not copies: with other paths in them, or fewer names.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/migrate/migration.h"

namespace dfsck {

// Puts a file with these bytes in the place of what is at `path` of the target, atomically. Owner, mode, attributes and
// time are those of the source's file at `path`; those that the target refuses are problems, not errors. The directory
// must be there.
Result<std::vector<CopyProblem>> write_target_file(const Root& source, const Root& target, const RelPath& path,
                                                   std::string_view bytes);

}  // namespace dfsck
