// Small files of the host's configuration.
#pragma once

#include <string>

#include "core/base/result.h"

namespace dfsck {

// The whole of a file, also behind links; a Limit error where it is larger than 1 MiB.
Result<std::string> read_host_file(const std::string& path);

}  // namespace dfsck
