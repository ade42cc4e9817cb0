// tar-split: the vector of a real daemon, both line parsers, and every way in which the file can be broken.
#include "core/codec/tar/tar_split.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "core/codec/base64.h"
#include "core/codec/digest.h"
#include "core/fs/fd.h"
#include "tests/support/recipe/gzip.h"
#include "tests/support/tar_split_writer.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

// Written by dockerd 20.10.24: a/, a/b/, a/b/.wh..wh..opq, a/.wh.hard; no payloads.
constexpr std::string_view kRealSplit =
    "H4sIAAAAAAAA/+yVUW+6MBDA3/0Y92z8/6G6CYkPt9VtLpaETR+2twoGNSpsEwssfvcF2KJsQNyySUL6SxrahIYed7/rK2xCbwq62gSPh0uX26DD"
    "w30XK4eiMCgSYzRGRlEkA9+fFAXS/Txd9xUWYcBGfYUtBiHSeD4gDNExzKqDiblQLHI3sxwU7OZ2OyHHHcpaaVv7uA/k/Zu604MmeO7LfDN316D/"
    "3zU+ClppwpqvpqAD/wcHxb32l8vDLcp+yycHtPlQVBzdrzgwDpgpHagxWQfUfAcmpRaQMgvCDuGXbd9WHX+40oR16kpKs/gNC76sAxaZkWGiw058"
    "9HykBX9A1oJ2kQUtMWslw/WeyozoFBrRTUzg11fhY1WxphlV46z++F5YjInhSCNqTNaIs3wjYhdm/Nkuc+G8wIWqA5RIJJJ60cv27W5B8828pO0a"
    "bwEAAP///DBSmcoRAAA=";

struct Read {
  std::string tar;    // segments, one after the other
  std::string names;  // of files, a line each
  std::string error;  // empty if all was read
  GzipFault fault = GzipFault::None;
};

Read read(const std::string& gzip) {
  const TempRoot root;
  root.write("tar-split.json.gz", gzip);
  const Fd fd(::open((root.path() + "/tar-split.json.gz").c_str(), O_RDONLY | O_CLOEXEC));
  TarSplitReader reader(fd.get(), "tar-split.json.gz", 1U << 30);
  Read result;
  TarSplitRecord record;
  for (;;) {
    const Result<bool> got = reader.next(record);
    if (!got) {
      result.error = got.error().detail;
      result.fault = reader.fault();
      return result;
    }
    if (!*got) {
      return result;
    }
    result.tar += record.kind == TarSplitRecord::Kind::Segment ? record.bytes : "";
    result.names += record.kind == TarSplitRecord::Kind::File ? record.name + "\n" : "";
  }
}

std::string real_bytes() {
  std::string bytes;
  EXPECT_TRUE(decode_base64(kRealSplit, bytes));
  return bytes;
}

std::string lines(const std::string& text) { return go_gzip(text); }

TEST(TarSplit, ReadsWhatARealDaemonWrote) {
  const Read result = read(real_bytes());
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.names, "a/\na/b/\na/b/.wh..wh..opq\na/.wh.hard\n");
  EXPECT_EQ(sha256_hex(result.tar), "9136be4ca20233cbba7a9dfa7ddef574768ea9d4df8c0dae514dc6ac5f758add");
}

TEST(TarSplit, TellsHowTheFileIsBroken) {
  const std::string good = real_bytes();
  EXPECT_EQ(read("").fault, GzipFault::Empty);
  EXPECT_EQ(read("{\"type\":2}").fault, GzipFault::NotGzip);
  EXPECT_EQ(read(std::string(300, '\0')).fault, GzipFault::NotGzip);
  for (const size_t length : {size_t{5}, size_t{12}, size_t{100}, size_t{300}, good.size() - 8, good.size() - 1}) {
    EXPECT_NE(read(good.substr(0, length)).error, "") << length;
  }
  EXPECT_EQ(read(good.substr(0, 100)).fault, GzipFault::Truncated);
  std::string wrong = good;
  wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1);
  EXPECT_EQ(read(wrong).fault, GzipFault::Checksum);
  wrong = good;
  wrong[wrong.size() - 2] = static_cast<char>(wrong[wrong.size() - 2] ^ 1);
  EXPECT_EQ(read(wrong).fault, GzipFault::Checksum) << "the length at the end";
}

TEST(TarSplit, AcceptsSeveralGzipMembers) {
  const std::string first = "{\"type\":2,\"payload\":\"YQ==\",\"position\":0}\n{\"type\":2,\"payl";
  const std::string second = "oad\":\"Yg==\",\"position\":1}\n";
  EXPECT_EQ(read(lines(first) + lines(second)).error, "");
  EXPECT_EQ(read(lines(first) + lines(second)).tar, "ab");
  std::string broken = lines(first) + lines(second);
  broken[lines(first).size() - 5] = static_cast<char>(broken[lines(first).size() - 5] ^ 1);
  EXPECT_EQ(read(broken).fault, GzipFault::Checksum) << "of the first member";
}

TEST(TarSplit, BoundsTheDecompressedSize) {
  const TempRoot root;
  root.write("f", lines(std::string(1'000'000, '\n')));
  const Fd fd(::open((root.path() + "/f").c_str(), O_RDONLY | O_CLOEXEC));
  TarSplitReader reader(fd.get(), "f", 500'000);
  TarSplitRecord record;
  EXPECT_FALSE(reader.next(record));
  EXPECT_EQ(reader.fault(), GzipFault::TooBig);
}

TEST(TarSplit, RefusesLinesThatAreNoRecords) {
  EXPECT_NE(read(lines("nonsense\n")).error.find("line 1 is malformed"), std::string::npos);
  EXPECT_NE(read(lines("{\"type\":3,\"payload\":\"\",\"position\":0}\n")).error, "");
  EXPECT_NE(read(lines("{\"type\":2,\"payload\":\"YQ=\",\"position\":0}\n")).error, "");
  EXPECT_NE(read(lines("{\"type\":1,\"payload\":null,\"position\":0}\n")).error, "") << "a file without a name";
  EXPECT_NE(read(lines("{\"type\":1,\"name\":\"a\",\"payload\":\"YQ==\",\"position\":0}\n")).error, "")
      << "a checksum of one byte";
  const std::string twice =
      "{\"type\":2,\"payload\":\"\",\"position\":0}\n{\"type\":2,\"payload\":\"\",\"position\":0}\n";
  EXPECT_NE(read(lines(twice)).error.find("line 2 is out of order"), std::string::npos);
}

TEST(TarSplit, TakesAnyFormThatTheDaemonTakes) {
  const Read result =
      read(lines("\n { \"Position\" : 0, \"TYPE\":1, \"more\":[{}], \"name_raw\":\"w6Tk\" }\r\n"
                 "{\"type\":1,\"name\":\"\\u003ca\\u00e4\\n\",\"payload\":null,\"position\":1}"));
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.names, "\xc3\xa4\xe4\n<a\xc3\xa4\n\n");
}

TEST(TarSplit, BothParsersAgreeOnTheCanonicalForm) {
  const test::Tar tar = test::make_tar({{.name = "a/", .type = '5'}, {.name = "a/b", .data = "hello\n"}});
  size_t start = 0;
  int files = 0;
  while (start < tar.tar_split.size()) {
    const size_t end = tar.tar_split.find('\n', start);
    const std::string line = tar.tar_split.substr(start, end - start);
    start = end + 1;
    TarSplitRecord fast;
    TarSplitRecord tolerant;
    int64_t fast_position = -1;
    int64_t tolerant_position = -2;
    ASSERT_TRUE(parse_canonical_record(line, fast, fast_position)) << line;
    ASSERT_TRUE(parse_tolerant_record(line, tolerant, tolerant_position)) << line;
    EXPECT_EQ(fast_position, tolerant_position);
    EXPECT_EQ(fast.bytes, tolerant.bytes);
    EXPECT_EQ(fast.name, tolerant.name);
    EXPECT_EQ(fast.size, tolerant.size);
    EXPECT_EQ(fast.crc64, tolerant.crc64);
    files += fast.kind == TarSplitRecord::Kind::File ? 1 : 0;
    if (fast.size > 0) {
      EXPECT_EQ(fast.crc64, 0x614c3eeee2d81000U);
    }
  }
  EXPECT_EQ(files, 2);
}

TEST(Base64, DecodesWhatItEncodesAndNothingElse) {
  std::string bytes;
  for (int length = 0; length < 70; ++length) {
    std::string original;
    for (int i = 0; i < length; ++i) {
      original += static_cast<char>(i * 37 + length);
    }
    ASSERT_TRUE(decode_base64(encode_base64(original), bytes));
    EXPECT_EQ(bytes, original);
  }
  for (const std::string_view bad :
       {"A", "AA", "AAA", "A===", "=AAA", "AA=A", "AA A", "AAA-", "AAAA=AAA", "\xff\xff\xff\xff"}) {
    EXPECT_FALSE(decode_base64(bad, bytes)) << bad;
  }
}

}  // namespace
}  // namespace dfsck
