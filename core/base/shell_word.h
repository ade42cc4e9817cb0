// Names in commands that people copy.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

// `path` as a shell would have to be given it; bytes that cannot be printed are escaped as in other messages.
std::string shell_word(std::string_view path);

}  // namespace dfsck
