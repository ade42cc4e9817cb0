// The CRC-64 of tar-split: ISO 3309 in the form of Go's hash/crc64 (reflected, all ones before and after).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dfsck {

inline constexpr uint64_t kCrc64Polynomial = 0xd800000000000000;  // bit-reversed x^64 + x^4 + x^3 + x + 1

// An incremental CRC-64. Uses the processor's carry-less multiplication where there is one.
class Crc64 {
 public:
  void update(const void* data, size_t size);
  uint64_t value() const { return ~state_; }

 private:
  uint64_t state_ = ~uint64_t{0};
};

uint64_t crc64(std::string_view bytes);

// What one byte does to an empty state: the first table of the CRC.
const std::array<uint64_t, 256>& crc64_table();

// The two implementations, for comparing them: advance a raw state. The second falls back to the first where the
// processor lacks the instruction.
uint64_t crc64_by_table(uint64_t state, const void* data, size_t size);
uint64_t crc64_by_folding(uint64_t state, const void* data, size_t size);

}  // namespace dfsck
