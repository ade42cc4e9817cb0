// Access lists: what is read is what is written, ids move with the map of a root, and what the kernel would refuse is
// none.
#include "core/codec/posix_acl.h"

#include <gtest/gtest.h>

namespace dfsck {
namespace {

using std::string_literals::operator""s;

// user::rw- user:1000:rw- group::r-- group:42:r-- mask::rw- other::r--
const std::string kAcl =
    "\x02\0\0\0"
    "\x01\0\x06\0\xff\xff\xff\xff"
    "\x02\0\x06\0\xe8\x03\0\0"
    "\x04\0\x04\0\xff\xff\xff\xff"
    "\x08\0\x04\0\x2a\0\0\0"
    "\x10\0\x06\0\xff\xff\xff\xff"
    "\x20\0\x04\0\xff\xff\xff\xff"s;

IdMapping apart(uint32_t users, uint32_t groups) {
  return {IdMap::shifted(users, 65'536), IdMap::shifted(groups, 65'536)};
}

TEST(PosixAcl, ComesBackAsItWas) {
  const auto acl = parse_posix_acl(kAcl);
  ASSERT_TRUE(acl);
  EXPECT_EQ(acl->entries.size(), 6U);
  EXPECT_EQ(acl->value(), kAcl);
  EXPECT_FALSE(acl->is_mode_alone());
}

TEST(PosixAcl, NamedUsersAndGroupsMoveAndNobodyElse) {
  const auto moved = parse_posix_acl(kAcl)->on_disk(apart(100'000, 300'000));
  ASSERT_TRUE(moved);
  const auto named = moved->named();
  ASSERT_EQ(named.size(), 2U);
  EXPECT_EQ(named[0].id, 101'000U);
  EXPECT_EQ(named[0].permissions, 6);
  EXPECT_EQ(named[1].id, 300'042U);
  EXPECT_EQ(moved->entries[0].id, UINT32_MAX);
  EXPECT_EQ(moved->entries[5].id, UINT32_MAX);
}

TEST(PosixAcl, WhoHasNoIdOnDiskHasNoAcl) {
  EXPECT_FALSE(parse_posix_acl(kAcl)->on_disk({IdMap::shifted(100'000, 1000), IdMap()}));
  EXPECT_FALSE(parse_posix_acl(kAcl)->on_disk({IdMap(), IdMap::shifted(100'000, 42)}));
}

TEST(PosixAcl, ThreeEntriesAreAMode) {
  const auto acl = parse_posix_acl(
      "\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x04\0\x04\0\xff\xff\xff\xff\x20\0\x04\0\xff\xff\xff\xff"s);
  ASSERT_TRUE(acl);
  EXPECT_TRUE(acl->is_mode_alone());
}

TEST(PosixAcl, WhatTheKernelRefusesIsNone) {
  EXPECT_FALSE(parse_posix_acl(""));
  EXPECT_FALSE(parse_posix_acl("\x02\0\0"s));
  EXPECT_FALSE(parse_posix_acl("\x01\0\0\0"s));
  EXPECT_FALSE(parse_posix_acl(kAcl.substr(0, kAcl.size() - 1)));
}

}  // namespace
}  // namespace dfsck
