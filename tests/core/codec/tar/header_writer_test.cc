// Tar headers as Go writes them: those of a real daemon come out again byte for byte, and the borders of the formats.
#include "core/codec/tar/header_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/tar/header.h"
#include "core/codec/tar/tar_split.h"
#include "core/fs/fd.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

// Written by dockerd 20.10.24: srv/, srv/lib/, and srv/lib/capable with a capability.
constexpr std::string_view kRealHeader =
    "H4sIAAAAAAAA/+yWUW+bMBDH3/sx/BxpgLeuRNrDpTQNKPbG5C6QNzAoIaGBlSQGT/3uU7JOBSVpMk0tU+afhADJB3dwf9//B1pWeYy6RgflQZ"
    "VmQYS6iGPHGApoFwsEtQBTdgfEArE94OlsgQDr+frX/Y1OJJREEoNIWwcLSsJ8TARMqNtyLVt6Osdfp3wCggycdYhPS4rfm+votBfs+zbnzifU"
    "QXlWJMskW6Cu9njxu6H1DloE9zHqouJh/Q7V2nuxStN6kP4ctKsCo8z95Kq9+v5OBXirgpmrKRWcNU0VGIdUkCbhi0rAR5Vgur43tcej/nzsOX"
    "I4g7Vv9IU/corxa3dX7W8eVwIvd5WxUcVNSVyYxK+c6mnUlNB2KueDTqsec7Wpw/rzVXzb16KBveLGt1nkOXk0mK+e+jUPb1MtZloPAK7het+j"
    "srfPXvH/MKBVlJhFMLLfbg/dRRAGgso7/cj+Kom8EdSFkjIiCCOSzkhFxSaeYMo42P/IlI08qvmeDcTqVaFhaicF/YET2Tt7zpyGu3j/krvgQR"
    "6EaYw6qEjkZgW+MnHdSjx81y8F/7L8PMyapuXDAe/Rdu0KhUKhUCj20xjklwcGeWPRx8eLnwEAAP//cSpt2XoWAAA=";

// The first three segments of kRealHeader.
std::vector<std::string> real_segments() {
  std::string gzip;
  EXPECT_TRUE(decode_base64(kRealHeader, gzip));
  const test::TempRoot root;
  root.write("file", gzip);
  const Fd fd(::open((root.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  TarSplitReader reader(fd.get(), "file", 1U << 20);
  std::vector<std::string> segments;
  TarSplitRecord record;
  for (Result<bool> got = reader.next(record); got && *got; got = reader.next(record)) {
    if (record.kind == TarSplitRecord::Kind::Segment) {
      segments.push_back(record.bytes);
    }
  }
  return segments;
}

std::string written(const NewTarHeader& header) {
  std::string bytes;
  EXPECT_TRUE(append_tar_header(header, bytes));
  return bytes;
}

TarHeader read_back(const std::string& bytes) {
  TarHeader header;
  EXPECT_TRUE(parse_tar_header(bytes, 0, header));
  return header;
}

std::string field(const std::string& bytes, size_t at, size_t size) {
  const std::string text = bytes.substr(at, size);
  return text.substr(0, text.find('\0'));
}

NewTarHeader named(const std::string& name, char type = '0') {
  NewTarHeader header;
  header.name = name;
  header.type = type;
  header.mode = type == '5' ? 0755 : 0644;
  return header;
}

TEST(TarHeaderWriter, WritesWhatARealDaemonWrote) {
  const std::vector<std::string> real = real_segments();
  ASSERT_GE(real.size(), size_t{3});
  NewTarHeader header = named("srv/", '5');
  header.user_name = "root";
  header.group_name = "root";
  header.mode = 040755;
  header.mtime_seconds = 1795538133;
  EXPECT_EQ(written(header), real[0]);
  header.name = "srv/lib/";
  header.mtime_seconds += 2;
  EXPECT_EQ(written(header), real[1]);
  header.name = "srv/lib/capable";
  header.type = '0';
  header.mode = 0100755;
  header.size = 13893;
  header.mtime_seconds = 1795538135;
  header.xattrs = {{"security.capability", std::string("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
  EXPECT_EQ(written(header), real[2]);
}

TEST(TarHeaderWriter, KeepsAllFields) {
  NewTarHeader header = named("dev/tty", '3');
  header.mode = 04711;
  header.uid = 07777777;
  header.gid = 5;
  header.mtime_seconds = 1'600'000'000;
  header.device_major = 4095;
  header.device_minor = 1048575;
  const std::string bytes = written(header);
  ASSERT_EQ(bytes.size(), kTarBlock);
  const TarHeader back = read_back(bytes);
  EXPECT_EQ(back.name, "dev/tty");
  EXPECT_EQ(back.type, '3');
  EXPECT_EQ(back.mode, 04711U);
  EXPECT_EQ(back.uid, 07777777U);
  EXPECT_EQ(back.mtime_seconds, 1'600'000'000);
  EXPECT_EQ(back.device_major, 4095U);
  EXPECT_EQ(back.device_minor, 1048575U);
}

TEST(TarHeaderWriter, CutsLongNamesForUstarWherePossible) {
  const std::string long_part(90, 'd');
  const std::string bytes = written(named(long_part + "/" + long_part));
  ASSERT_EQ(bytes.size(), kTarBlock);
  EXPECT_EQ(field(bytes, 345, 155), long_part);
  EXPECT_EQ(field(bytes, 0, 100), long_part);
  // The longest prefix that fits is taken; a slash at the end does not cut.
  const std::string three = std::string(70, 'a') + "/" + std::string(70, 'b') + "/" + std::string(70, 'c') + "/";
  EXPECT_EQ(field(written(named(three, '5')), 345, 155), std::string(70, 'a') + "/" + std::string(70, 'b'));
  EXPECT_EQ(read_back(written(named(three, '5'))).name, three);
  // 155 bytes of prefix and 100 of name are the most.
  const std::string most = std::string(155, 'a') + "/" + std::string(100, 'b');
  EXPECT_EQ(written(named(most)).size(), kTarBlock);
  EXPECT_EQ(written(named(most + "b")).size(), 3 * kTarBlock);
  EXPECT_EQ(written(named("a" + most)).size(), 3 * kTarBlock);
}

TEST(TarHeaderWriter, TakesPaxForWhatUstarCannotSay) {
  const std::string name(120, 'n');
  std::string bytes = written(named(name));
  ASSERT_EQ(bytes.size(), 3 * kTarBlock);
  EXPECT_EQ(field(bytes, 0, 100), "PaxHeaders.0/" + std::string(87, 'n'));
  EXPECT_EQ(field(bytes, kTarBlock, 200), "130 path=" + name + "\n");
  EXPECT_EQ(read_back(bytes).name, name);

  NewTarHeader header = named("a/\u00fc", '5');
  header.name += "/";
  bytes = written(header);
  EXPECT_EQ(field(bytes, 0, 100), "a//PaxHeaders.0");
  EXPECT_EQ(field(bytes, 2 * kTarBlock, 100), "a//");
  EXPECT_EQ(read_back(bytes).name, "a/\u00fc/");

  header = named("big");
  header.uid = 010000000;
  header.gid = 4294967294;
  header.size = 1ULL << 33;
  header.mtime_seconds = -2;
  header.mtime_nanoseconds = 250'000'000;
  bytes = written(header);
  EXPECT_EQ(field(bytes, kTarBlock, 512), "18 gid=4294967294\n15 mtime=-1.75\n19 size=8589934592\n15 uid=2097152\n");
  EXPECT_EQ(field(bytes, 2 * kTarBlock + 108, 8), "0000000");
  const TarHeader back = read_back(bytes);
  EXPECT_EQ(back.mtime_seconds, -2);
  EXPECT_EQ(back.mtime_nanoseconds, 250'000'000);
  EXPECT_EQ(back.size, 1ULL << 33);

  header = named("link", '2');
  header.link_name = std::string(101, 't');
  EXPECT_EQ(read_back(written(header)).link_name, header.link_name);
}

TEST(TarHeaderWriter, CutNamesNeverLookLikeDirectories) {
  const std::string name = std::string(99, 'x') + "/" + std::string(200, 'y');
  const std::string bytes = written(named(name));
  EXPECT_EQ(field(bytes, bytes.size() - kTarBlock, 100), std::string(99, 'x'));
  EXPECT_EQ(read_back(bytes).name, name);
}

TEST(TarHeaderWriter, RefusesWhatGoRefuses) {
  std::string bytes = "before";
  EXPECT_FALSE(append_tar_header(named("file/"), bytes));
  EXPECT_FALSE(append_tar_header(named(std::string("nul\0nul", 7)), bytes));
  NewTarHeader header = named("file");
  header.xattrs = {{"user.large", std::string(1U << 20, 'v')}};
  EXPECT_FALSE(append_tar_header(header, bytes));
  EXPECT_EQ(bytes, "before");
}

}  // namespace
}  // namespace dfsck
