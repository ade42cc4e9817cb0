// Making bytes from an untrusted disk safe to print.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

// Returns `bytes` with every control character, backslash, and byte that is not part of valid UTF-8
// written as \xNN, so that the result can go to a terminal or into a JSON string as it is.
std::string escaped(std::string_view bytes);

// Like escaped, but cut to at most `limit` input bytes, with "..." where something was cut off.
std::string escaped_excerpt(std::string_view bytes, size_t limit);

}  // namespace dfsck
