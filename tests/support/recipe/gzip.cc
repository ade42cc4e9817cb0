// A deflate block with the fixed code of RFC 1951, whose only matches are runs of one byte.
#include "tests/support/recipe/gzip.h"

#include <array>
#include <cstdint>

namespace dfsck {
namespace {

class Bits {
 public:
  void add(unsigned value, unsigned count) {  // lowest bit first
    for (unsigned i = 0; i < count; ++i) {
      add_bit((value >> i) & 1U);
    }
  }
  void add_code(unsigned code, unsigned count) {  // Huffman codes go highest bit first
    for (unsigned i = count; i-- > 0;) {
      add_bit((code >> i) & 1U);
    }
  }
  void align() {
    while (used_ != 0) {
      add_bit(0);
    }
  }
  std::string bytes;

 private:
  void add_bit(unsigned bit) {
    if (used_ == 0) {
      bytes += '\0';
    }
    bytes.back() = static_cast<char>(static_cast<unsigned char>(bytes.back()) | (bit << used_));
    used_ = (used_ + 1) % 8;
  }
  unsigned used_ = 0;
};

void add_symbol(Bits& bits, unsigned symbol) {
  if (symbol < 144) {
    bits.add_code(0x30 + symbol, 8);
  } else if (symbol < 256) {
    bits.add_code(0x190 + symbol - 144, 9);
  } else if (symbol < 280) {
    bits.add_code(symbol - 256, 7);
  } else {
    bits.add_code(0xC0 + symbol - 280, 8);
  }
}

std::string deflated(std::string_view text) {
  constexpr size_t kLongest = 258;
  constexpr unsigned kLongestSymbol = 285;
  constexpr unsigned kEnd = 256;
  Bits bits;
  bits.add(0b010, 3);  // not the last block, fixed codes
  size_t at = 0;
  while (at < text.size()) {
    add_symbol(bits, static_cast<unsigned char>(text[at]));
    const size_t run = text.find_first_not_of(text[at], at);
    size_t left = (run == std::string_view::npos ? text.size() : run) - at - 1;
    ++at;
    for (; left >= kLongest; left -= kLongest, at += kLongest) {
      add_symbol(bits, kLongestSymbol);
      bits.add_code(0, 5);  // distance 1
    }
  }
  add_symbol(bits, kEnd);
  bits.add(0b001, 3);  // the last block, stored
  bits.align();
  return bits.bytes + std::string("\x00\x00\xff\xff", 4);
}

uint32_t crc32(std::string_view text) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
    }
  }
  return ~crc;
}

void put32(std::string& bytes, uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes += static_cast<char>((value >> shift) & 0xFF);
  }
}

}  // namespace

std::string go_gzip(std::string_view bytes) {
  std::string file("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
  file += deflated(bytes);
  put32(file, crc32(bytes));
  put32(file, static_cast<uint32_t>(bytes.size()));
  return file;
}

}  // namespace dfsck
