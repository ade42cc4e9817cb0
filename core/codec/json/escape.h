// The "\uXXXX" of JSON strings.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

inline constexpr size_t kUnicodeEscape = 6;  // characters

// The UTF-16 unit that is escaped at `at`; nothing if there is no such escape.
inline std::optional<uint32_t> unicode_escape(std::string_view text, size_t at) {
  if (at + kUnicodeEscape > text.size() || text[at] != '\\' || text[at + 1] != 'u') {
    return std::nullopt;
  }
  uint32_t unit = 0;
  const char* end = text.data() + at + kUnicodeEscape;
  return std::from_chars(text.data() + at + 2, end, unit, 16).ptr == end ? std::optional(unit) : std::nullopt;
}

inline void append_unicode_escape(std::string& out, uint32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[unit >> shift & 15];
  }
}

}  // namespace dfsck
