// Tar headers as Go's archive/tar understands them.
#include "core/codec/tar/header.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>

#include "tests/support/tar_split_writer.h"

namespace dfsck {
namespace {

using test::pax_record;
using test::special_header;
using test::tar_block;
using test::TarMember;

TarHeader header_of(const std::string& bytes, size_t padding = 0) {
  TarHeader header;
  header.name = "left over";
  header.xattrs = {{"left", "over"}};
  const Result<void> result = parse_tar_header(bytes, padding, header);
  EXPECT_TRUE(result) << result.error().message();
  return header;
}

std::string refused(const std::string& bytes, size_t padding = 0) {
  TarHeader header;
  const Result<void> result = parse_tar_header(bytes, padding, header);
  return result ? "accepted" : result.error().detail;
}

TEST(TarHeader, ReadsThePlainFields) {
  const TarHeader header =
      header_of(tar_block({.name = "usr/bin/su", .mode = 04755, .uid = 10, .gid = 20, .mtime = 1234}, 777));
  EXPECT_EQ(header.name, "usr/bin/su");
  EXPECT_EQ(header.file_type(), static_cast<uint32_t>(S_IFREG));
  EXPECT_EQ(header.mode, 04755U);
  EXPECT_EQ(header.uid, 10U);
  EXPECT_EQ(header.gid, 20U);
  EXPECT_EQ(header.size, 777U);
  EXPECT_EQ(header.mtime_seconds, 1234);
  EXPECT_EQ(header.padding(), 512U - 777U % 512U);
  EXPECT_TRUE(header.xattrs.empty());
}

TEST(TarHeader, SkipsThePaddingOfThePayloadBefore) {
  EXPECT_EQ(header_of(std::string(100, '\0') + tar_block({.name = "a"}, 0), 100).name, "a");
  EXPECT_EQ(refused(std::string(100, '\0') + tar_block({.name = "a"}, 0), 99), "its checksum is wrong");
}

TEST(TarHeader, JoinsPrefixAndName) {
  std::string block = tar_block({.name = "file"}, 0);
  block.replace(345, 3, "dir");
  unsigned sum = 256;
  for (size_t i = 0; i < block.size(); ++i) {
    sum += i >= 148 && i < 156 ? 0 : static_cast<unsigned char>(block[i]);
  }
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  block.replace(148, 7, std::string(text, 7));
  EXPECT_EQ(header_of(block).name, "dir/file");
}

TEST(TarHeader, PaxRecordsWin) {
  const std::string records =
      pax_record("path", "long/name") + pax_record("linkpath", "target") + pax_record("uid", "3000000") +
      pax_record("gid", "4000000") + pax_record("mtime", "1700000000.123456789") + pax_record("comment", "no matter") +
      pax_record("SCHILY.xattr.user.b", std::string("\0\n=", 3)) + pax_record("SCHILY.xattr.user.a", "1");
  const TarHeader header = header_of(special_header('x', records) + tar_block({.name = "short", .type = '2'}, 0));
  EXPECT_EQ(header.name, "long/name");
  EXPECT_EQ(header.link_name, "target");
  EXPECT_EQ(header.uid, 3000000U);
  EXPECT_EQ(header.gid, 4000000U);
  EXPECT_EQ(header.mtime_seconds, 1700000000);
  EXPECT_EQ(header.mtime_nanoseconds, 123456789);
  const std::vector<std::pair<std::string, std::string>> xattrs = {{"user.a", "1"},
                                                                   {"user.b", std::string("\0\n=", 3)}};
  EXPECT_EQ(header.xattrs, xattrs);
}

TEST(TarHeader, PaxTimesMayBeNegativeAndShort) {
  const auto time = [](const std::string& text) {
    return header_of(special_header('x', pax_record("mtime", text)) + tar_block({.name = "a"}, 0));
  };
  EXPECT_EQ(time("5.5").mtime_nanoseconds, 500'000'000);
  EXPECT_EQ(time("-5.25").mtime_seconds, -6);
  EXPECT_EQ(time("-5.25").mtime_nanoseconds, 750'000'000);
  EXPECT_EQ(time("7.1234567891234").mtime_nanoseconds, 123'456'789);
  EXPECT_EQ(refused(special_header('x', pax_record("mtime", "1.x")) + tar_block({.name = "a"}, 0)), "a number is none");
}

TEST(TarHeader, EmptyPaxValuesLeaveTheFieldAlone) {
  EXPECT_EQ(header_of(special_header('x', pax_record("path", "")) + tar_block({.name = "a"}, 0)).name, "a");
}

TEST(TarHeader, PaxSizeCountsForThePadding) {
  const TarHeader header =
      header_of(special_header('x', pax_record("size", "8589934593")) + tar_block({.name = "a"}, 0));
  EXPECT_EQ(header.size, 8589934593U);
  EXPECT_EQ(header.padding(), 511U);
}

TEST(TarHeader, GnuLongNames) {
  const std::string name(300, 'n');
  const TarHeader header =
      header_of(special_header('L', name + '\0') + special_header('K', "link" + std::string(1, '\0')) +
                tar_block({.name = "nnn", .type = '1'}, 0));
  EXPECT_EQ(header.name, name);
  EXPECT_EQ(header.link_name, "link");
  EXPECT_TRUE(header.is_hard_link());
}

TEST(TarHeader, Base256Numbers) { EXPECT_EQ(header_of(tar_block({.name = "a", .mtime = -5}, 0)).mtime_seconds, -5); }

TEST(TarHeader, TypesWithoutPayloadHaveNoSize) {
  for (const char type : {'1', '2', '3', '4', '5', '6'}) {
    const TarHeader header = header_of(tar_block({.name = "a", .type = type}, 100));
    EXPECT_EQ(header.size, 0U) << type;
    EXPECT_EQ(header.padding(), 0U) << type;
  }
}

TEST(TarHeader, TheOldFileTypeIsADirectoryIfItsNameSaysSo) {
  EXPECT_EQ(header_of(tar_block({.name = "d/", .type = '\0'}, 0)).file_type(), static_cast<uint32_t>(S_IFDIR));
  EXPECT_EQ(header_of(tar_block({.name = "d", .type = '\0'}, 0)).file_type(), static_cast<uint32_t>(S_IFREG));
}

TEST(TarHeader, Devices) {
  const TarHeader header = header_of(tar_block({.name = "dev/sda", .type = '4', .major = 8, .minor = 1}, 0));
  EXPECT_EQ(header.device_major, 8U);
  EXPECT_EQ(header.device_minor, 1U);
}

TEST(TarHeader, AGlobalHeaderIsAnEntryWithItsData) {
  const std::string data = pax_record("comment", "abc");
  const TarHeader header = header_of(tar_block({.name = "pax_global_header", .type = 'g'}, data.size()) + data);
  EXPECT_TRUE(header.is_global());
  EXPECT_EQ(header.padding(), 512 - data.size());
}

TEST(TarHeader, SparseFilesAreMarked) {
  EXPECT_TRUE(
      header_of(special_header('x', pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.name", "real")) +
                tar_block({.name = "GNUSparseFile.0/real"}, 512))
          .is_sparse);
}

TEST(TarHeader, RefusesWhatIsNone) {
  EXPECT_EQ(refused(""), "it is cut off");
  EXPECT_EQ(refused(std::string(512, '\0')), "its checksum is wrong");
  EXPECT_EQ(refused(tar_block({.name = "a"}, 0).substr(0, 511)), "it is cut off");
  EXPECT_EQ(refused(tar_block({.name = "a"}, 0) + "x"), "bytes follow it");
  EXPECT_EQ(refused(special_header('x', "9 a=b\n") + tar_block({.name = "a"}, 0)), "an extended header is malformed");
  EXPECT_EQ(refused(special_header('x', "99999999999999999999 a=b\n") + tar_block({.name = "a"}, 0)),
            "an extended header is malformed");
  EXPECT_EQ(refused(tar_block({.name = "x", .type = 'x'}, 3U << 20) + std::string(3U << 20, 'x')),
            "a special header is too long");
}

}  // namespace
}  // namespace dfsck
