// A single wrong byte, found by nothing but two CRCs.
#include "core/content/bytes/locate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <random>
#include <string>

#include "core/codec/crc64.h"

namespace dfsck {
namespace {

TEST(LocateWrongByte, FindsEveryPlaceAndEveryBit) {
  std::mt19937_64 random(3);
  for (const size_t size : {size_t{1}, size_t{8}, size_t{9}, size_t{513}, size_t{100'000}}) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random());
    }
    const uint64_t right = crc64(bytes);
    for (int i = 0; i < 20; ++i) {
      const size_t offset = i == 0 ? 0 : i == 1 ? size - 1 : random() % size;
      const auto difference = static_cast<uint8_t>(i % 2 == 0 ? 1U << (random() % 8) : 1 + random() % 255);
      std::string wrong = bytes;
      wrong[offset] = static_cast<char>(static_cast<uint8_t>(wrong[offset]) ^ difference);
      const auto found = locate_wrong_byte(right, crc64(wrong), size);
      const bool is_among = std::any_of(found.begin(), found.end(), [&](const WrongByte& candidate) {
        return candidate.offset == offset && candidate.difference == difference;
      });
      EXPECT_TRUE(is_among) << size << " bytes, at " << offset;
      EXPECT_LE(found.size(), 2U);
      if (std::has_single_bit(difference)) {
        ASSERT_FALSE(found.empty());
        EXPECT_EQ(found[0].offset, offset) << "a flipped bit comes first";
      }
    }
  }
}

TEST(LocateWrongByte, ClaimsNothingForTwoWrongBytes) {
  std::string bytes(4096, 'a');
  const uint64_t right = crc64(bytes);
  bytes[100] = 'b';
  bytes[3000] = 'c';
  EXPECT_TRUE(locate_wrong_byte(right, crc64(bytes), bytes.size()).empty());
}

TEST(LocateWrongByte, ClaimsNothingWhereNothingIsWrong) { EXPECT_TRUE(locate_wrong_byte(7, 7, 100).empty()); }

}  // namespace
}  // namespace dfsck
