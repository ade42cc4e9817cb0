// --help and --version.
#pragma once

#include <string>

namespace dfsck {

std::string help_text();     // made from the table of options
std::string version_text();  // "docker-fsck 0.1.0"

}  // namespace dfsck
