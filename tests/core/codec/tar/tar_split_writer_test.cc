// Writing tar-split: what a daemon wrote comes out again byte for byte, and names that are awkward in JSON.
#include "core/codec/tar/tar_split_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/codec/base64.h"
#include "core/codec/compress/gunzip.h"
#include "core/codec/crc64.h"
#include "core/codec/tar/tar_split.h"
#include "core/fs/fd.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

// Written by dockerd 20.10.24: a/, a/b/, a/b/.wh..wh..opq, a/.wh.hard; no payloads.
constexpr std::string_view kSplitToWrite =
    "H4sIAAAAAAAA/+yVUW+6MBDA3/0Y92z8/6G6CYkPt9VtLpaETR+2twoGNSpsEwssfvcF2KJsQNyySUL6SxrahIYed7/rK2xCbwq62gSPh0uX26DD"
    "w30XK4eiMCgSYzRGRlEkA9+fFAXS/Txd9xUWYcBGfYUtBiHSeD4gDNExzKqDiblQLHI3sxwU7OZ2OyHHHcpaaVv7uA/k/Zu604MmeO7LfDN316D/"
    "3zU+ClppwpqvpqAD/wcHxb32l8vDLcp+yycHtPlQVBzdrzgwDpgpHagxWQfUfAcmpRaQMgvCDuGXbd9WHX+40oR16kpKs/gNC76sAxaZkWGiw058"
    "9HykBX9A1oJ2kQUtMWslw/WeyozoFBrRTUzg11fhY1WxphlV46z++F5YjInhSCNqTNaIs3wjYhdm/Nkuc+G8wIWqA5RIJJJ60cv27W5B8828pO0a"
    "bwEAAP///DBSmcoRAAA=";

std::string decoded(std::string_view base64) {
  std::string bytes;
  EXPECT_TRUE(decode_base64(base64, bytes));
  return bytes;
}

// A file with these bytes in a directory that lives as long as this.
class File {
 public:
  explicit File(const std::string& bytes) {
    root_.write("file", bytes);
    fd_ = Fd(::open((root_.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  }
  int fd() const { return fd_.get(); }

 private:
  TempRoot root_;
  Fd fd_;
};

std::string gunzipped(const std::string& gzip) {
  const File file(gzip);
  Gunzip gunzip(file.fd(), "file", 1U << 30);
  std::string text;
  for (;;) {
    const Result<std::string_view> piece = gunzip.next();
    EXPECT_TRUE(piece) << piece.error().message();
    if (!piece || piece->empty()) {
      return text;
    }
    text += *piece;
  }
}

ByteSink append_to(std::string& bytes) {
  return [&bytes](std::string_view piece) {
    bytes += piece;
    return Result<void>();
  };
}

// The JSON of one file entry at position 0, without its line end.
std::string line_of(std::string_view name, uint64_t size = 0, uint64_t crc = 0) {
  std::string gzip;
  TarSplitWriter writer(append_to(gzip), TarSplitEnd::None);
  EXPECT_TRUE(writer.file(name, size, crc));
  EXPECT_TRUE(writer.finish());
  std::string text = gunzipped(gzip);
  EXPECT_TRUE(text.ends_with("\n"));
  text.pop_back();
  return text;
}

TEST(TarSplitWriter, WritesWhatARealDaemonWrote) {
  const File real(decoded(kSplitToWrite));
  TarSplitReader reader(real.fd(), "file", 1U << 20);
  std::string gzip;
  TarSplitWriter writer(append_to(gzip), TarSplitEnd::EmptySegment);
  TarSplitRecord record;
  for (Result<bool> got = reader.next(record); got && *got; got = reader.next(record)) {
    ASSERT_TRUE(record.kind == TarSplitRecord::Kind::Segment ? writer.segment(record.bytes)
                                                             : writer.file(record.name, record.size, record.crc64));
  }
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(writer.records(), 10U);
  EXPECT_EQ(gunzipped(gzip), gunzipped(decoded(kSplitToWrite)));
}

TEST(TarSplitWriter, EndsAsTheDaemonVersionDoes) {
  const auto written = [](TarSplitEnd end) {
    std::string gzip;
    TarSplitWriter writer(append_to(gzip), end);
    EXPECT_TRUE(writer.segment("abc"));
    EXPECT_TRUE(writer.segment(""));
    EXPECT_TRUE(writer.finish());
    return gunzipped(gzip);
  };
  EXPECT_EQ(written(TarSplitEnd::None), "{\"type\":2,\"payload\":\"YWJj\",\"position\":0}\n");
  EXPECT_EQ(written(TarSplitEnd::EmptySegment),
            written(TarSplitEnd::None) + "{\"type\":2,\"payload\":\"\",\"position\":1}\n");
}

TEST(TarSplitWriter, SpellsNamesAndChecksumsAsGoDoes) {
  EXPECT_EQ(line_of("a/big", 6, crc64("hello\n")),
            "{\"type\":1,\"name\":\"a/big\",\"size\":6,\"payload\":\"YUw+7uLYEAA=\",\"position\":0}");
  EXPECT_EQ(line_of("a/"), "{\"type\":1,\"name\":\"a/\",\"payload\":null,\"position\":0}");
  EXPECT_EQ(line_of("q\"b\\l<&>\n\x01\x7f"),
            "{\"type\":1,\"name\":\"q\\\"b\\\\l\\u003c\\u0026\\u003e\\n\\u0001\x7f\","
            "\"payload\":null,\"position\":0}");
  EXPECT_EQ(line_of("\u00fc\u2028"), "{\"type\":1,\"name\":\"\u00fc\\u2028\",\"payload\":null,\"position\":0}");
  EXPECT_EQ(line_of("caf\xe9"), "{\"type\":1,\"name_raw\":\"Y2Fm6Q==\",\"payload\":null,\"position\":0}");
  // An encoded surrogate is no UTF-8; an encoded U+FFFD is.
  EXPECT_EQ(line_of("\xed\xa0\x80"), "{\"type\":1,\"name_raw\":\"7aCA\",\"payload\":null,\"position\":0}");
  EXPECT_EQ(line_of("\ufffd"), "{\"type\":1,\"name\":\"\ufffd\",\"payload\":null,\"position\":0}");
}

TEST(TarSplitWriter, GivesGosGzipHeaderAndManySmallPieces) {
  std::string gzip;
  size_t longest = 0;
  TarSplitWriter writer(
      [&](std::string_view piece) {
        gzip += piece;
        longest = std::max(longest, piece.size());
        return Result<void>();
      },
      TarSplitEnd::None);
  uint32_t state = 1;
  std::string noise(100'000, '\0');
  for (int i = 0; i < 20; ++i) {
    for (char& c : noise) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    ASSERT_TRUE(writer.segment(noise));
  }
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(gzip.substr(0, 10), std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10));
  EXPECT_GT(gzip.size(), size_t{2'000'000});
  EXPECT_LT(longest, size_t{256 * 1024});
  EXPECT_GT(gunzipped(gzip).size(), size_t{2'600'000});
}

TEST(TarSplitWriter, GivesTheSinksErrorAndThenStaysSilent) {
  int calls = 0;
  {
    TarSplitWriter writer(
        [&](std::string_view) -> Result<void> {
          ++calls;
          errno = ENOSPC;
          return sys_error("write", "somewhere");
        },
        TarSplitEnd::None);
    Result<void> written = writer.segment("abc");
    written = written ? writer.finish() : written;
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is_io(ENOSPC));
    EXPECT_FALSE(writer.segment("abc"));
    EXPECT_EQ(calls, 1);
  }
  EXPECT_EQ(calls, 1);
}

TEST(TarSplitWriter, WritesNothingWhenGivenUp) {
  std::string gzip;
  {
    TarSplitWriter writer(append_to(gzip), TarSplitEnd::None);
    ASSERT_TRUE(writer.segment("abc"));
  }
  EXPECT_LE(gzip.size(), size_t{10});
}

}  // namespace
}  // namespace dfsck
