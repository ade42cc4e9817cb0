// Errors of mutating calls, with the one cause that errno hides.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/fs/dir.h"

namespace dfsck {

// "overlay2/ab/link", for messages.
std::string member_path(const Dir& parent, const std::string& name);

// sys_error for a call that failed on a member of `parent`; where the object or the directory is immutable or
// append-only, EPERM says so. Reads errno first.
Error writer_error(std::string_view call, const Dir& parent, const std::string& name);

}  // namespace dfsck
