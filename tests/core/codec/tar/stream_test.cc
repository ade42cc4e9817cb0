// Tars read as streams: every byte comes out once and in order, and what is no tar is refused.
#include "core/codec/tar/stream.h"

#include <gtest/gtest.h>

#include <sstream>

#include "core/codec/digest.h"
#include "core/codec/hashing_source.h"
#include "core/codec/tar/tar_split.h"
#include "tests/support/pieces.h"
#include "tests/support/tar_split_writer.h"

namespace dfsck {
namespace {

using test::make_tar;
using test::Pieces;
using test::special_header;
using test::Tar;
using test::tar_block;
using test::TarEnd;
using test::TarMember;

std::vector<TarMember> sample_members() {
  return {{.name = "dir/", .type = '5', .mode = 0755},
          {.name = "pax_global_header", .type = 'g', .data = test::pax_record("comment", "0123456789abcdef")},
          {.name = "dir/full", .data = std::string(512, 'f')},
          {.name = "dir/odd", .data = std::string(70'001, 'o')},
          {.name = "dir/empty"},
          {.name = "./link", .type = '2', .link = "dir/odd"},
          {.name = "long", .data = "l", .xattrs = {{"user.a", "b"}}, .records = {{"path", std::string(300, 'p')}}},
          {.name = std::string(200, 'g'), .data = "g", .gnu_long_name = true},
          {.name = "hard", .type = '1', .link = "dir/odd"}};
}

struct Reading {
  std::string all;  // headers, payloads, tails in order
  std::vector<std::string> tails;
  std::vector<std::pair<std::string, std::string>> files;  // name, payload
  std::vector<std::string> raws;
  std::vector<uint64_t> places;
  std::optional<Error> error;
};

enum class Payloads { Read, Skipped };

Reading read(ByteSource& source, Payloads payloads = Payloads::Read, const TarStreamLimits& limits = {}) {
  TarStream tar(source, "x.tar", limits);
  TarStreamEntry entry;
  Reading reading;
  for (;;) {
    const Result<TarStream::Kind> kind = tar.next(entry);
    if (!kind) {
      reading.error = kind.error();
      EXPECT_FALSE(tar.next(entry)) << "an error was forgotten";
      return reading;
    }
    if (*kind == TarStream::Kind::End) {
      return reading;
    }
    reading.all += entry.raw;
    if (*kind == TarStream::Kind::Tail) {
      reading.tails.push_back(entry.raw);
      continue;
    }
    reading.raws.push_back(entry.raw);
    reading.places.push_back(tar.position());
    std::string payload;
    while (payloads == Payloads::Read && tar.payload_left() > 0) {
      const Result<std::string_view> piece = tar.payload();
      if (!piece) {
        reading.error = piece.error();
        return reading;
      }
      payload += *piece;
    }
    reading.all += payload;
    reading.files.emplace_back(entry.header.name, payload);
  }
}

Reading read_bytes(const std::string& bytes, size_t piece = 4096) {
  Pieces source(bytes, piece);
  return read(source);
}

TEST(TarStream, GivesEveryByteOnce) {
  for (const size_t tail : {size_t{0}, size_t{3}, size_t{8192}, size_t{3'000'000}}) {
    const Tar tar = make_tar(sample_members(), std::string(tail, 't'));
    for (const size_t piece : {size_t{1}, size_t{511}, size_t{4096}, size_t{10'000'000}}) {
      if (piece == 1 && tail > 8192) {
        continue;  // slow, and nothing new
      }
      Pieces pieces(tar.bytes, piece);
      HashingSource source(pieces);
      const Reading reading = read(source);
      EXPECT_FALSE(reading.error) << reading.error->message();
      EXPECT_TRUE(reading.all == tar.bytes);
      EXPECT_EQ(source.finish_hex(), sha256_hex(tar.bytes));
      for (const std::string& part : reading.tails) {
        EXPECT_LE(part.size(), 1U << 20);
      }
    }
  }
}

TEST(TarStream, GivesEntriesWithTheirPayloads) {
  const Reading reading = read_bytes(make_tar(sample_members()).bytes);
  ASSERT_EQ(reading.files.size(), sample_members().size());
  EXPECT_EQ(reading.files[1].first, "pax_global_header");
  EXPECT_EQ(reading.files[1].second, "");
  EXPECT_EQ(reading.files[3].first, "dir/odd");
  EXPECT_TRUE(reading.files[3].second == std::string(70'001, 'o'));
  EXPECT_EQ(reading.files[5].first, "./link");
  EXPECT_EQ(reading.files[6].first, std::string(300, 'p'));
  EXPECT_EQ(reading.files[7].first, std::string(200, 'g'));
  EXPECT_EQ(reading.files[7].second, "g");
}

TEST(TarStream, CutsAsTarSplitDoes) {
  const Tar tar = make_tar(sample_members());
  const Reading reading = read_bytes(tar.bytes);
  std::vector<std::string> segments;
  std::istringstream lines(tar.tar_split);
  TarSplitRecord record;
  int64_t position = 0;
  for (std::string line; std::getline(lines, line);) {
    ASSERT_TRUE(parse_canonical_record(line, record, position)) << line;
    if (record.kind == TarSplitRecord::Kind::Segment) {
      segments.push_back(record.bytes);
    }
  }
  ASSERT_EQ(segments.size(), reading.raws.size() + 1);
  EXPECT_TRUE(std::equal(reading.raws.begin(), reading.raws.end(), segments.begin()));
  ASSERT_EQ(reading.tails.size(), 1U);
  EXPECT_EQ(reading.tails.front(), segments.back());
}

TEST(TarStream, PassesOverPayloads) {
  const Tar tar = make_tar(sample_members());
  const Reading all = read_bytes(tar.bytes);
  Pieces source(tar.bytes, 1024);
  source.allow_skips();
  const Reading quick = read(source, Payloads::Skipped);
  EXPECT_FALSE(quick.error);
  EXPECT_EQ(quick.raws, all.raws);
  EXPECT_EQ(quick.places, all.places);
  EXPECT_GT(source.skipped(), 60'000U);
}

TEST(TarStream, TakesEveryEndThatGoTakes) {
  const Tar open = make_tar(sample_members(), "", TarEnd::Missing);
  EXPECT_FALSE(read_bytes(open.bytes).error);
  EXPECT_TRUE(read_bytes(open.bytes).tails.empty());
  const Reading one_block = read_bytes(open.bytes + std::string(512, '\0'));
  EXPECT_FALSE(one_block.error);
  ASSERT_EQ(one_block.tails.size(), 1U);
  EXPECT_EQ(one_block.tails[0].size(), 512U);
  // The padding of the last file may be missing.
  const std::string bare = tar_block({.name = "a"}, 3) + "abc";
  const Reading unpadded = read_bytes(bare + std::string(10, '\0'));
  EXPECT_FALSE(unpadded.error);
  EXPECT_EQ(unpadded.all, bare + std::string(10, '\0'));
  EXPECT_TRUE(read_bytes("").all.empty());
  EXPECT_EQ(read_bytes(std::string(1024, '\0')).tails.size(), 1U);
}

TEST(TarStream, RefusesWhatIsCutOff) {
  const std::string bytes = make_tar(sample_members(), "", TarEnd::Missing).bytes;
  for (size_t length = 1; length < bytes.size(); length += 97) {
    const Reading reading = read_bytes(bytes.substr(0, length));
    const bool is_border = !reading.error;
    EXPECT_TRUE(!is_border || reading.all == bytes.substr(0, length)) << length;
    if (reading.error) {
      EXPECT_EQ(reading.error->kind, Error::Kind::Format);
      EXPECT_EQ(reading.error->where, "x.tar");
    }
  }
  const Reading in_file = read_bytes(tar_block({.name = "a"}, 1'000'000'000'000) + "abc");
  ASSERT_TRUE(in_file.error);
  EXPECT_EQ(in_file.error->message(), "read tar x.tar: is cut off in the middle of a file");
  EXPECT_TRUE(read_bytes(tar_block({.name = "a"}, 0) + "abc").error);
  EXPECT_TRUE(read_bytes(special_header('x', test::pax_record("path", "b"))).error) << "the header proper is missing";
  EXPECT_TRUE(read_bytes(tar_block({.name = "L", .type = 'L'}, 600) + "abc").error);
}

TEST(TarStream, RefusesWhatIsNoTar) {
  const auto refused = [](const std::string& bytes) {
    const Reading reading = read_bytes(bytes);
    return reading.error ? reading.error->message() : "accepted";
  };
  EXPECT_EQ(refused(std::string(2000, 'x')), "read tar x.tar: entry 1: its checksum is wrong");
  EXPECT_EQ(refused(std::string(512, '\0') + std::string(512, 'x')),
            "read tar x.tar: entry 1: something follows a block of zeros");
  EXPECT_EQ(refused(special_header('x', test::pax_record("path", "b")) + std::string(1024, '\0')),
            "read tar x.tar: entry 1: its header is missing");
  EXPECT_EQ(refused(tar_block({.name = "s", .type = 'S'}, 512) + std::string(512, 's')),
            "read tar x.tar: entry 1: \"s\" is a sparse file of the old GNU form");
  EXPECT_EQ(
      refused(special_header('x', test::pax_record("size", "18446744073709551615")) + tar_block({.name = "s"}, 0)),
      "read tar x.tar: entry 1: \"s\" has an impossible size");
  EXPECT_EQ(refused(special_header('x', "no record") + tar_block({.name = "s"}, 0)),
            "read tar x.tar: entry 1: an extended header is malformed");
}

TEST(TarStream, HasLimits) {
  const std::string two = tar_block({.name = "a"}, 0) + tar_block({.name = "b"}, 0);
  Pieces source(two, 4096);
  const Reading many = read(source, Payloads::Read, {.max_entries = 1});
  ASSERT_TRUE(many.error);
  EXPECT_EQ(many.error->kind, Error::Kind::Limit);
  EXPECT_EQ(many.files.size(), 1U);

  // Headers without end, of which none is too long by itself.
  std::string endless;
  for (int i = 0; i < 12; ++i) {
    endless += special_header('L', std::string(1'000'000, 'n'));
  }
  const Reading long_header = read_bytes(endless, 1'000'000);
  ASSERT_TRUE(long_header.error);
  EXPECT_EQ(long_header.error->kind, Error::Kind::Limit);
  EXPECT_TRUE(read_bytes(tar_block({.name = "L", .type = 'L'}, 3U << 20)).error);
}

TEST(TarStream, PassesOnErrorsOfItsSource) {
  Pieces source(make_tar(sample_members()).bytes.substr(0, 40'000), 4096);
  source.fail_with(Error{Error::Kind::Io, 5, "read", "disk", ""});
  const Reading reading = read(source);
  ASSERT_TRUE(reading.error);
  EXPECT_EQ(reading.error->kind, Error::Kind::Io);
}

}  // namespace
}  // namespace dfsck
