// CRC-64/ISO: sixteen table look-ups a step anywhere, 64 bytes a step with PCLMULQDQ.
//
// Folding: a 16-byte block that stands D bits ahead of another can be replaced by its product with x^D modulo the
// polynomial, added to that other block, without changing the CRC of the whole. In the bit-reversed form that this CRC
// uses, the product of two reversed 64-bit values comes out one bit too low, hence the exponents D+63 and D-1 instead
// of D+64 and D. The constants are computed here; tests compare both paths at all lengths.
#include "core/codec/crc64.h"

#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dfsck {
namespace {

// [k][b]: what the byte b does to the state when k zero bytes follow it.
using Crc64Tables = std::array<std::array<uint64_t, 256>, 16>;

constexpr Crc64Tables make_crc64_tables() {
  Crc64Tables tables{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    uint64_t state = byte;
    for (int bit = 0; bit < 8; ++bit) {
      state = (state & 1) != 0 ? (state >> 1) ^ kCrc64Polynomial : state >> 1;
    }
    tables[0][byte] = state;
  }
  for (size_t k = 1; k < tables.size(); ++k) {
    for (unsigned byte = 0; byte < 256; ++byte) {
      const uint64_t before = tables[k - 1][byte];
      tables[k][byte] = tables[0][before & 0xff] ^ (before >> 8);
    }
  }
  return tables;
}

constexpr Crc64Tables kCrc64Tables = make_crc64_tables();

// Advances `state` (neither inverted before nor after) over `size` bytes.
uint64_t crc64_by_slicing(uint64_t state, const unsigned char* data, size_t size) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; size >= 16; data += 16, size -= 16) {
      std::array<unsigned char, 16> block;
      std::memcpy(block.data(), data, 16);
      uint64_t head;
      std::memcpy(&head, block.data(), sizeof head);
      head ^= state;
      std::memcpy(block.data(), &head, sizeof head);
      state = 0;
      for (size_t i = 0; i < 16; ++i) {
        state ^= kCrc64Tables[15 - i][block[i]];
      }
    }
  }
  for (; size > 0; ++data, --size) {
    state = kCrc64Tables[0][(state ^ *data) & 0xff] ^ (state >> 8);
  }
  return state;
}

const unsigned char* bytes_of(const void* data) { return static_cast<const unsigned char*>(data); }

#if defined(__x86_64__)

// x^exponent modulo the polynomial, bit-reversed.
// Run by the compiler, so that the constants need not be believed: they follow from the polynomial in crc64.h.
constexpr uint64_t power_of_x(unsigned exponent) {
  uint64_t value = uint64_t{1} << 63;
  for (unsigned i = 0; i < exponent; ++i) {
    value = (value & 1) != 0 ? (value >> 1) ^ kCrc64Polynomial : value >> 1;
  }
  return value;
}

struct FoldConstants {
  uint64_t low;   // for the eight bytes that come first
  uint64_t high;  // for the eight that follow
};

constexpr FoldConstants fold_by(unsigned bits) { return {power_of_x(bits + 63), power_of_x(bits - 1)}; }

// PCLMULQDQ takes several cycles to answer, but can be asked anew long before: eight products that do not wait for one
// another hide that.
constexpr size_t kLanes = 8;
constexpr size_t kStride = kLanes * 16;
constexpr FoldConstants kFoldStride = fold_by(kStride * 8);
constexpr FoldConstants kFoldBlock = fold_by(128);

__attribute__((target("pclmul,sse4.1"))) inline __m128i load(const unsigned char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

__attribute__((target("pclmul,sse4.1"))) inline __m128i constants(FoldConstants fold) {
  return _mm_set_epi64x(static_cast<long long>(fold.high), static_cast<long long>(fold.low));
}

__attribute__((target("pclmul,sse4.1"))) inline __m128i folded(__m128i block, __m128i by, __m128i onto) {
  const __m128i first = _mm_clmulepi64_si128(block, by, 0x00);
  const __m128i second = _mm_clmulepi64_si128(block, by, 0x11);
  return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

__attribute__((target("pclmul,sse4.1"))) uint64_t fold(uint64_t state, const unsigned char* data, size_t size) {
  __m128i lanes[kLanes];  // std::array would drop the type's alignment attribute
  for (size_t i = 0; i < kLanes; ++i) {
    lanes[i] = load(data + 16 * i);
  }
  // The state of what came before is added to the first bytes: to a CRC, the past is nothing else.
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128(static_cast<long long>(state)));
  data += kStride;
  size -= kStride;
  const __m128i by_stride = constants(kFoldStride);
  for (; size >= kStride; data += kStride, size -= kStride) {
    for (size_t i = 0; i < kLanes; ++i) {
      lanes[i] = folded(lanes[i], by_stride, load(data + 16 * i));
    }
  }
  const __m128i by_block = constants(kFoldBlock);
  __m128i rest = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) {
    rest = folded(rest, by_block, lanes[i]);
  }
  for (; size >= 16; data += 16, size -= 16) {
    rest = folded(rest, by_block, load(data));
  }
  // What is left is congruent to all that went before, and short: the tables finish it.
  std::array<unsigned char, 16> last;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(last.data()), rest);
  const uint64_t folded_state = crc64_by_slicing(0, last.data(), last.size());
  return crc64_by_slicing(folded_state, data, size);
}

bool can_fold() {
  static const bool can = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  return can;
}

#endif

}  // namespace

const std::array<uint64_t, 256>& crc64_table() { return kCrc64Tables[0]; }

uint64_t crc64_by_table(uint64_t state, const void* data, size_t size) {
  return crc64_by_slicing(state, bytes_of(data), size);
}

uint64_t crc64_by_folding(uint64_t state, const void* data, size_t size) {
#if defined(__x86_64__)
  // Shorter input would not fill the lanes once.
  if (size >= kStride && can_fold()) {
    return fold(state, bytes_of(data), size);
  }
#endif
  return crc64_by_table(state, data, size);
}

void Crc64::update(const void* data, size_t size) { state_ = crc64_by_folding(state_, data, size); }

uint64_t crc64(std::string_view bytes) {
  Crc64 crc;
  crc.update(bytes.data(), bytes.size());
  return crc.value();
}

}  // namespace dfsck
