// Base64 with one table per position, so that four characters become three bytes with four look-ups and no branches.
#include "core/codec/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace dfsck {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
// The top bit, which no group of 24 bits reaches: errors are collected with the values and asked for once, at the end.
constexpr uint32_t kInvalid = 0x80000000;

using Table = std::array<uint32_t, 256>;

// Digits are shifted into place beforehand, so that a group is the OR of four entries.
constexpr Table table_for(int position) {
  Table table{};
  for (uint32_t& value : table) {
    value = kInvalid;
  }
  for (uint32_t i = 0; i < 64; ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = i << (6 * (3 - position));
  }
  return table;
}

constexpr std::array<Table, 4> kDigitTables = {table_for(0), table_for(1), table_for(2), table_for(3)};

uint32_t decode_group(const unsigned char* in) {
  return kDigitTables[0][in[0]] | kDigitTables[1][in[1]] | kDigitTables[2][in[2]] | kDigitTables[3][in[3]];
}

void store(uint32_t value, char* out) {
  out[0] = static_cast<char>(value >> 16);
  out[1] = static_cast<char>(value >> 8);
  out[2] = static_cast<char>(value);
}

}  // namespace

// Most of a tar-split is base64 (a header of 512 bytes to each small file), so this is on the way of every byte of it.
bool decode_base64(std::string_view text, std::string& bytes) {
  if (text.size() % 4 != 0) {
    return false;
  }
  const size_t padding = text.empty() ? 0 : text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bytes.resize(text.size() / 4 * 3);
  const auto* in = reinterpret_cast<const unsigned char*>(text.data());
  char* out = bytes.data();
  const size_t whole = text.size() / 4 - (padding > 0 ? 1 : 0);
  uint32_t seen = 0;
  for (size_t i = 0; i < whole; ++i, in += 4, out += 3) {
    const uint32_t value = decode_group(in);
    seen |= value;
    store(value, out);
  }
  if (padding > 0) {
    // An A has the value 0; what it adds is cut off below.
    const std::array<unsigned char, 4> last = {in[0], in[1], padding == 2 ? static_cast<unsigned char>('A') : in[2],
                                               'A'};
    const uint32_t value = decode_group(last.data());
    // Bits behind the last whole byte must be zero in what an encoder writes; Go's decoder does not insist.
    seen |= value;
    store(value, out);
    bytes.resize(bytes.size() - padding);
  }
  return (seen & kInvalid) == 0;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += k <= count ? kAlphabet[group >> (6 * (3 - k)) & 63] : '=';
    }
  }
  return text;
}

}  // namespace dfsck
