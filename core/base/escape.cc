// Escaping of untrusted bytes: printable UTF-8 passes, everything else becomes \xNN.
#include "core/base/escape.h"

#include <cstdint>

#include "core/base/utf8.h"

namespace dfsck {
namespace {

// Length of the valid UTF-8 sequence at the start of `bytes`, or 0. C1 control characters (U+0080 to U+009F), line ends
// of Unicode and bidirectional controls count as invalid: terminals act on them.
size_t printable_sequence(std::string_view bytes) {
  const auto [length, point] = first_utf8(bytes);
  const bool control = point < 0x20 || (point >= 0x7f && point < 0xa0);
  // Overrides and marks of direction can make a name read as another one; U+2028 and U+2029 break lines in some
  // terminals and in JavaScript that a JSON report is pasted into.
  const bool bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0x200e ||
                    point == 0x200f || point == 0x2028 || point == 0x2029;
  return control || bidi || point == '\\' ? 0 : length;
}

}  // namespace

std::string escaped(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    if (const size_t length = printable_sequence(bytes); length > 0) {
      out += bytes.substr(0, length);
      bytes.remove_prefix(length);
      continue;
    }
    const auto byte = static_cast<uint8_t>(bytes[0]);
    out += "\\x";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
    bytes.remove_prefix(1);
  }
  return out;
}

std::string escaped_excerpt(std::string_view bytes, size_t limit) {
  return bytes.size() <= limit ? escaped(bytes) : escaped(bytes.substr(0, limit)) + "...";
}

}  // namespace dfsck
