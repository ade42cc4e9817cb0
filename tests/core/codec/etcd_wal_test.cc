// The check of raft WAL and snapshot files: real bytes, the normal end, torn tails against damage.
#include "core/codec/etcd_wal.h"

#include <gtest/gtest.h>

#include <array>

namespace dfsck {
namespace {

// The first three records (checksum, metadata, snapshot) of a WAL that dockerd 20.10.24 wrote.
constexpr std::array<unsigned char, 120> kRealWal = {
    0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x84, 0x08, 0x04, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x41, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x87, 0x08, 0x01, 0x10, 0x84, 0x88, 0xbe, 0x95, 0x07, 0x1a, 0x37, 0x08, 0xd2,
    0xf9, 0xb0, 0x9d, 0x9c, 0xcc, 0xd0, 0xe2, 0x64, 0x12, 0x19, 0x6c, 0x71, 0x7a, 0x74, 0x30, 0x6d, 0x71, 0x73,
    0x76, 0x31, 0x74, 0x39, 0x79, 0x73, 0x64, 0x6e, 0x6e, 0x6a, 0x78, 0x68, 0x70, 0x71, 0x6e, 0x77, 0x38, 0x1a,
    0x0e, 0x31, 0x32, 0x37, 0x2e, 0x30, 0x2e, 0x30, 0x2e, 0x31, 0x3a, 0x32, 0x33, 0x37, 0x37, 0x22, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x82, 0x08, 0x05, 0x10, 0xf6,
    0x99, 0xbc, 0xe5, 0x01, 0x1a, 0x04, 0x08, 0x00, 0x10, 0x00, 0x00, 0x00};

std::string real_wal() { return {reinterpret_cast<const char*>(kRealWal.data()), kRealWal.size()}; }

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}

// Writes a WAL as etcd does.
class WalWriter {
 public:
  explicit WalWriter(uint32_t crc = 0) : crc_(crc) { record(4, ""); }
  WalWriter& record(uint64_t type, std::string_view data) {
    crc_ = crc32c(crc_, data);
    std::string message = "\x08" + varint(type) + "\x10" + varint(crc_);
    if (!data.empty()) {
      message += "\x1a" + varint(data.size()) + std::string(data);
    }
    return frame(message);
  }
  WalWriter& frame(std::string message) {
    const size_t padding = (8 - message.size() % 8) % 8;
    for (size_t i = 0; i < 7; ++i) {
      bytes += static_cast<char>(message.size() >> (8 * i));
    }
    bytes += static_cast<char>(padding == 0 ? 0 : 0x80 | padding);
    bytes += message + std::string(padding, '\0');
    return *this;
  }
  uint32_t crc() const { return crc_; }

  std::string bytes;

 private:
  uint32_t crc_;
};

WalCheck last(std::string_view bytes, uint32_t crc = 0) { return check_wal(bytes, crc, WalPlace::Last); }

TEST(EtcdWal, Crc32cHasTheKnownValues) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(crc32c(0, "1234"), "56789"), 0xe3069283U);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aaU);
}

TEST(EtcdWal, ARealFileIsGood) {
  const WalCheck check = last(real_wal() + std::string(5000, '\0'));
  EXPECT_FALSE(check.problem) << check.problem->detail;
  EXPECT_EQ(check.records, 3U);
  EXPECT_EQ(check.end, 120U);
  EXPECT_EQ(check.crc, 0x1caf0cf6U);
}

TEST(EtcdWal, EveryChangedByteOfARealFileIsNoticedOrHarmless) {
  for (size_t at = 16; at < 112; ++at) {
    std::string bytes = real_wal();
    bytes[at] ^= 0x01;
    const bool padding = at >= 89 && at < 96;
    EXPECT_EQ(last(bytes).problem.has_value(), !padding) << at;
  }
}

TEST(EtcdWal, TheChecksumRunsOnThroughFiles) {
  WalWriter first;
  first.record(1, "meta").record(2, std::string(1000, 'e'));
  WalWriter second(first.crc());
  second.record(1, "meta").record(3, "state");
  const WalCheck before = check_wal(first.bytes, 0, WalPlace::Earlier);
  EXPECT_FALSE(before.problem);
  EXPECT_EQ(before.crc, first.crc());
  EXPECT_FALSE(last(second.bytes, before.crc).problem);
  EXPECT_FALSE(last(second.bytes, 0).problem);  // the first file may be gone
  const WalCheck wrong = last(second.bytes, before.crc + 1);
  ASSERT_TRUE(wrong.problem);
  EXPECT_EQ(wrong.problem->offset, 0U);
  EXPECT_FALSE(wrong.problem->torn_tail);
}

TEST(EtcdWal, WhatFollowsAZeroLengthDoesNotCount) {
  WalWriter wal;
  wal.record(2, "entry");
  EXPECT_FALSE(last(wal.bytes + std::string(8, '\0') + "leftovers of a torn write").problem);
  EXPECT_FALSE(last(wal.bytes + std::string(4096, '\0')).problem);
}

TEST(EtcdWal, ARecordThatNeverReachedTheDiskIsATornTail) {
  WalWriter wal;
  wal.record(2, std::string(300, 'a'));
  const size_t good = wal.bytes.size();
  wal.record(2, std::string(3000, 'b'));
  std::string bytes = wal.bytes;
  bytes.replace(1024, 512, std::string(512, '\0'));
  const WalCheck check = last(bytes);
  ASSERT_TRUE(check.problem);
  EXPECT_EQ(check.problem->detail, "checksum mismatch");
  EXPECT_TRUE(check.problem->torn_tail);
  EXPECT_EQ(check.problem->offset, good);
  EXPECT_EQ(check.end, good);
  EXPECT_EQ(check.records, 2U);
  const WalCheck earlier = check_wal(bytes, 0, WalPlace::Earlier);
  EXPECT_FALSE(earlier.problem->torn_tail);
}

TEST(EtcdWal, ZerosThatDoNotFillASectorAreDamage) {
  WalWriter wal;
  wal.record(2, std::string(3000, 'b'));
  std::string bytes = wal.bytes;
  bytes.replace(1025, 511, std::string(511, '\0'));
  const WalCheck check = last(bytes);
  ASSERT_TRUE(check.problem);
  EXPECT_FALSE(check.problem->torn_tail);
}

TEST(EtcdWal, AMismatchInTheMiddleIsDamage) {
  WalWriter wal;
  wal.record(2, "first").record(2, "second").record(2, "third");
  std::string bytes = wal.bytes;
  bytes[bytes.find("second")] = 'S';
  const WalCheck check = last(bytes);
  ASSERT_TRUE(check.problem);
  EXPECT_EQ(check.problem->detail, "checksum mismatch");
  EXPECT_FALSE(check.problem->torn_tail);
  EXPECT_EQ(check.records, 2U);
}

TEST(EtcdWal, AFileThatWasCutOff) {
  WalWriter wal;
  wal.record(2, "first");
  const size_t good = wal.bytes.size();
  wal.record(2, "the second");
  for (size_t size = good; size < wal.bytes.size(); ++size) {
    const WalCheck check = last(std::string_view(wal.bytes).substr(0, size));
    EXPECT_EQ(check.problem.has_value(), size > good) << size;
    EXPECT_EQ(check.end, good);
    EXPECT_TRUE(!check.problem || check.problem->torn_tail) << size;
  }
  EXPECT_FALSE(check_wal(std::string_view(wal.bytes).substr(0, good + 9), 0, WalPlace::Earlier).problem->torn_tail);
}

TEST(EtcdWal, NonsenseIsDamage) {
  const auto after = [](const std::string& message) { return last(WalWriter().frame(message).bytes).problem; };
  EXPECT_EQ(after("\x08")->detail, "a record that cannot be decoded");
  EXPECT_EQ(after("\x1a\x7f")->detail, "a record that cannot be decoded");
  EXPECT_EQ(after("\x03\x01")->detail, "a record that cannot be decoded");
  EXPECT_EQ(after(std::string("\x08\x06\x10\x00", 4))->detail, "a record of the unknown type 6");
  EXPECT_EQ(after(std::string("\x10\x00", 2))->detail, "a record of the unknown type 0");
  EXPECT_TRUE(last(std::string(64, '\xff')).problem);
  EXPECT_EQ(last("").records, 0U);
  EXPECT_FALSE(last("").problem);
}

TEST(EtcdWal, UnknownFieldsAreSkipped) {
  WalWriter wal;
  const uint32_t crc = crc32c(wal.crc(), "data");
  wal.frame(
      "\x08\x02\x20\x07\x29"
      "12345678"
      "\x35"
      "1234"
      "\x3a\x03"
      "abc"
      "\x10" +
      varint(crc) +
      "\x1a\x04"
      "data");
  EXPECT_FALSE(last(wal.bytes).problem);
}

std::string snapshot(uint32_t crc, std::string_view data) {
  return "\x08" + varint(crc) + "\x12" + varint(data.size()) + std::string(data);
}

std::string snapshot_fault(std::string_view bytes) {
  const Result<void> result = check_raft_snapshot(bytes);
  return result ? "" : result.error().detail;
}

TEST(RaftSnapshot, IsJudgedAsEtcdDoes) {
  const std::string good = snapshot(crc32c(0, "contents"), "contents");
  EXPECT_EQ(snapshot_fault(good), "");
  EXPECT_EQ(snapshot_fault(""), "empty");
  EXPECT_EQ(snapshot_fault(good.substr(0, good.size() - 1)), "cannot be decoded");
  EXPECT_EQ(snapshot_fault(snapshot(7, "contents")), "checksum mismatch");
  EXPECT_EQ(snapshot_fault(snapshot(0, "contents")), "holds no data");
  EXPECT_EQ(snapshot_fault(snapshot(7, "")), "holds no data");
  EXPECT_EQ(snapshot_fault(std::string(100, '\0')), "cannot be decoded");
}

}  // namespace
}  // namespace dfsck
