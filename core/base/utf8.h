// UTF-8 as RFC 3629 and Go's unicode/utf8 have it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dfsck {

inline constexpr uint32_t kReplacementCharacter = 0xfffd;

struct Utf8Sequence {
  size_t length = 0;  // 0: no valid sequence
  uint32_t point = 0;
};

// What stands at the start of `bytes`, which must not be empty.
Utf8Sequence first_utf8(std::string_view bytes);

// Whether Go's utf8.ValidString holds of `bytes`.
bool is_utf8(std::string_view bytes);

void append_utf8(std::string& bytes, uint32_t point);

// The halves of a character beyond U+FFFF in UTF-16, and so in JSON's "\u" escapes.
constexpr bool is_high_surrogate(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }
constexpr uint32_t joined_surrogates(uint32_t high, uint32_t low) {
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace dfsck
