// Escaping of untrusted bytes: printable UTF-8 passes, everything else becomes \xNN.
#include "core/base/escape.h"

#include <cstdint>

namespace dfsck {
namespace {

// Length of the valid UTF-8 sequence at the start of `bytes` (RFC 3629: no overlong forms, no surrogates),
// or 0. C1 control characters (U+0080 to U+009F) and bidirectional controls count as invalid: terminals act on them.
size_t printable_sequence(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) {
    return lead >= 0x20 && lead != 0x7f && lead != '\\' ? 1 : 0;
  }
  // Lead bytes 0x80 to 0xbf continue a sequence and 0xc0 and 0xc1 only begin overlong ones; above 0xf4 nothing is in
  // Unicode. The length is guessed first, so that the test below is one line.
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) {
    return 0;
  }
  uint32_t point = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
    point = (point << 6) | (at(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  const bool control = point < 0xa0;
  // Overrides and marks of direction can make a name read as another one; U+2028 and U+2029 break lines in some
  // terminals and in JavaScript that a JSON report is pasted into.
  const bool bidi = (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
                    point == 0x200e || point == 0x200f || point == 0x2028 || point == 0x2029;
  return overlong || surrogate || control || bidi || point > 0x10ffff ? 0 : length;
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
