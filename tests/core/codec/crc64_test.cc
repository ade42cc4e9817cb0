// CRC-64 by Go's vectors; both implementations against each other.
#include "core/codec/crc64.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace dfsck {
namespace {

TEST(Crc64, GivesWhatGoGives) {
  EXPECT_EQ(crc64(""), 0U);
  EXPECT_EQ(crc64("a"), 0x3420000000000000U);
  EXPECT_EQ(crc64("123456789"), 0xb90956c775a41001U);
  EXPECT_EQ(crc64("hello\n"), 0x614c3eeee2d81000U);
  EXPECT_EQ(crc64(std::string(512, '\0')), 0x7cd9900000000000U);
}

TEST(Crc64, FoldingAgreesWithTheTablesAtEveryLengthAndAlignment) {
  std::mt19937_64 random(1);
  std::vector<unsigned char> bytes(1024);
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(random());
  }
  for (size_t length = 0; length <= 512; ++length) {
    for (const size_t offset : {size_t{0}, size_t{1}, size_t{7}, size_t{13}}) {
      const uint64_t state = random();
      ASSERT_EQ(crc64_by_folding(state, bytes.data() + offset, length),
                crc64_by_table(state, bytes.data() + offset, length))
          << length << " bytes at " << offset;
    }
  }
}

TEST(Crc64, FoldingAgreesWithTheTablesOnLongInput) {
  std::mt19937_64 random(2);
  std::string bytes(100'003, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(random());
  }
  for (int i = 0; i < 50; ++i) {
    const size_t length = random() % bytes.size();
    const uint64_t state = random();
    ASSERT_EQ(crc64_by_folding(state, bytes.data(), length), crc64_by_table(state, bytes.data(), length)) << length;
  }
}

TEST(Crc64, PiecesGiveTheSameAsTheWhole) {
  const std::string bytes(5000, 'x');
  Crc64 crc;
  crc.update(bytes.data(), 1);
  crc.update(bytes.data() + 1, 999);
  crc.update(bytes.data() + 1000, 4000);
  EXPECT_EQ(crc.value(), crc64(bytes));
}

}  // namespace
}  // namespace dfsck
