// What calls that change something have come to, in words, with the one cause that errno hides.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/fs/dir.h"

namespace dfsck {

// "overlay2/ab/link", for messages.
std::string member_path(const Dir& parent, const std::string& name);

// The outcome of a call of core/fs/write/calls.h that gave `code`; 0 is success. Of a failure on a member of `parent`
// EPERM says so where the object or the directory is immutable or append-only.
Result<void> outcome(int code, std::string_view call, const std::string& where);
Result<void> outcome(int code, std::string_view call, const Dir& parent, const std::string& name);

}  // namespace dfsck
