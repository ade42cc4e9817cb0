// UTF-8 as RFC 3629 has it: what is written is read back, and nothing else is taken for it.
#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace dfsck {
namespace {

TEST(Utf8, WhatIsAppendedIsReadBack) {
  for (const uint32_t point : {0x00U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xd7ffU, 0xe000U, 0xffffU, 0x10000U, 0x10ffffU}) {
    std::string bytes;
    append_utf8(bytes, point);
    const auto [length, read] = first_utf8(bytes + "x");
    EXPECT_EQ(length, bytes.size()) << std::hex << point;
    EXPECT_EQ(read, point);
    EXPECT_TRUE(is_utf8(bytes));
  }
}

TEST(Utf8, OverlongSurrogateCutOffAndTooLargeAreNone) {
  for (const char* bytes :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xff"}) {
    EXPECT_EQ(first_utf8(bytes).length, 0U) << bytes;
    EXPECT_FALSE(is_utf8(bytes));
  }
}

}  // namespace
}  // namespace dfsck
