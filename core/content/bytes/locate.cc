// Running the CRC-64 register backwards.
#include "core/content/bytes/locate.h"

#include <algorithm>
#include <array>
#include <bit>

#include "core/codec/crc64.h"

namespace dfsck {
namespace {

// by_top[b] is the byte whose table entry begins with b. Each occurs once, because a step of the register loses
// nothing.
std::array<uint8_t, 256> make_by_top() {
  std::array<uint8_t, 256> by_top{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    by_top[crc64_table()[byte] >> 56] = static_cast<uint8_t>(byte);
  }
  return by_top;
}

}  // namespace

std::vector<WrongByte> locate_wrong_byte(uint64_t expected_crc, uint64_t found_crc, uint64_t size) {
  static const std::array<uint8_t, 256> by_top = make_by_top();
  const std::array<uint64_t, 256>& table = crc64_table();
  std::vector<WrongByte> candidates;
  uint64_t state = expected_crc ^ found_crc;
  if (state == 0) {
    return candidates;
  }
  // Before the wrong byte the difference is nothing; that byte alone makes it what it is; zeros follow.
  for (uint64_t behind = 0; behind < size; ++behind) {
    // One step of the register back, by a zero byte: the table entry that was mixed in last is known by its highest
    // byte, and its index is the byte that fell out at the low end.
    const uint8_t byte = by_top[state >> 56];
    state = (state ^ table[byte]) << 8 | byte;
    // A register with nothing in it but its low byte: one byte, put into a register of zeros, has just come in.
    if (state < 256) {
      candidates.push_back({size - 1 - behind, static_cast<uint8_t>(state)});
    }
  }
  // A flipped bit is the likeliest fault of memory and disks.
  std::sort(candidates.begin(), candidates.end(), [](const WrongByte& a, const WrongByte& b) {
    const int a_bits = std::popcount(a.difference);
    const int b_bits = std::popcount(b.difference);
    return a_bits != b_bits ? a_bits < b_bits : a.offset < b.offset;
  });
  return candidates;
}

}  // namespace dfsck
