// Decoding and encoding of one character.
#include "core/base/utf8.h"

namespace dfsck {

Utf8Sequence first_utf8(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) {
    return {1, lead};
  }
  // Lead bytes 0x80 to 0xbf continue a sequence and 0xc0 and 0xc1 only begin overlong ones; above 0xf4 nothing is in
  // Unicode. The length is guessed first, so that the test below is one line.
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) {
    return {};
  }
  // The second byte alone rules out overlong forms, surrogates and what lies beyond U+10FFFF.
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) {
    return {};
  }
  uint32_t point = lead & (0x7fU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return {};
    }
    point = point << 6 | (at(i) & 0x3fU);
  }
  return {length, point};
}

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = first_utf8(bytes).length;
    if (length == 0) {
      return false;
    }
    bytes.remove_prefix(length);
  }
  return true;
}

void append_utf8(std::string& bytes, uint32_t point) {
  const auto add = [&](uint32_t byte) { bytes += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) {
    add(point);
    return;
  }
  const unsigned more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;  // bytes behind the first
  add((0xff00U >> (more + 1) & 0xffU) | point >> 6 * more);
  for (unsigned i = more; i-- > 0;) {
    add(0x80 | (point >> 6 * i & 0x3f));
  }
}

}  // namespace dfsck
