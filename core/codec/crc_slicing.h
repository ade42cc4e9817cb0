// Reflected CRCs of any width, sixteen bytes at a step. Shared by crc64 and the gzip trailer's CRC-32.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dfsck {

// tables[k][b]: what the byte b does to the state when k zero bytes follow it.
template <typename Word>
using CrcTables = std::array<std::array<Word, 256>, 16>;

template <typename Word>
constexpr CrcTables<Word> make_crc_tables(Word reflected_polynomial) {
  CrcTables<Word> tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    Word state = byte;
    for (int bit = 0; bit < 8; ++bit) {
      state = (state & 1) != 0 ? (state >> 1) ^ reflected_polynomial : state >> 1;
    }
    tables[0][byte] = state;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const Word before = tables[k - 1][byte];
      tables[k][byte] = tables[0][before & 0xff] ^ (before >> 8);
    }
  }
  return tables;
}

// Advances `state` (neither inverted before nor after) over `size` bytes.
template <typename Word>
Word crc_by_slicing(const CrcTables<Word>& tables, Word state, const unsigned char* data, size_t size) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; size >= 16; data += 16, size -= 16) {
      std::array<unsigned char, 16> block;
      std::memcpy(block.data(), data, 16);
      Word head;
      std::memcpy(&head, block.data(), sizeof head);
      head ^= state;
      std::memcpy(block.data(), &head, sizeof head);
      Word next = 0;
      for (size_t i = 0; i < 16; ++i) {
        next ^= tables[15 - i][block[i]];
      }
      state = next;
    }
  }
  for (; size > 0; ++data, --size) {
    state = tables[0][(state ^ *data) & 0xff] ^ (state >> 8);
  }
  return state;
}

}  // namespace dfsck
