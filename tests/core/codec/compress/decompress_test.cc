// Streams of each compression: whole, in many parts, cut off, damaged, followed by something, and far too large.
#include "core/codec/compress/decompress.h"

#include <gtest/gtest.h>

#include "tests/support/compress.h"
#include "tests/support/pieces.h"

namespace dfsck {
namespace {

using test::compressed;
using test::drained;
using test::Pieces;

constexpr Compression kAll[] = {Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd};

// Compresses badly, so that streams have a middle.
std::string compressible(size_t size = 300'000) {
  std::string text;
  uint32_t state = 1;
  while (text.size() < size) {
    state = state * 1664525 + 1013904223;
    text += std::to_string(state >> 8) + ' ';
  }
  return text.substr(0, size);
}

struct Decompressed {
  std::string bytes;
  std::optional<Error> error;
  Compression compression = Compression::None;
};

Decompressed decompress(std::string bytes, size_t piece = 4096, const DecompressLimits& limits = {}) {
  Decompressor source(std::make_unique<Pieces>(std::move(bytes), piece), "x.tar", limits);
  Decompressed outcome;
  for (;;) {
    const Result<std::string_view> got = source.next();
    outcome.compression = source.compression();
    if (!got) {
      outcome.error = got.error();
      EXPECT_FALSE(source.next()) << "an error was forgotten";
      return outcome;
    }
    if (got->empty()) {
      EXPECT_TRUE(source.next()->empty());
      return outcome;
    }
    outcome.bytes += *got;
  }
}

TEST(Decompress, GivesBackWhatWasCompressed) {
  const std::string text = compressible();
  for (const Compression compression : kAll) {
    for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, size_t{10'000'000}}) {
      const Decompressed outcome = decompress(compressed(text, compression), piece);
      EXPECT_FALSE(outcome.error) << outcome.error->message();
      EXPECT_TRUE(outcome.bytes == text) << compression_name(compression) << " in pieces of " << piece;
      EXPECT_EQ(outcome.compression, compression);
    }
  }
}

TEST(Decompress, LeavesAloneWhatIsNotCompressed) {
  for (const std::string& text :
       {std::string(), std::string("BZ"), std::string("\x1f\x8b"), compressible(), std::string(1024, '\0')}) {
    for (const size_t piece : {size_t{1}, size_t{5}, size_t{4096}}) {
      const Decompressed outcome = decompress(text, piece);
      EXPECT_FALSE(outcome.error);
      EXPECT_TRUE(outcome.bytes == text);
      EXPECT_EQ(outcome.compression, Compression::None);
    }
  }
}

TEST(Decompress, TakesPartsOneBehindTheOtherAsOne) {
  const std::string text = compressible();
  for (const Compression compression : kAll) {
    const Decompressed outcome = decompress(compressed(text, compression) + compressed("and more", compression));
    EXPECT_FALSE(outcome.error) << outcome.error->message();
    EXPECT_TRUE(outcome.bytes == text + "and more") << compression_name(compression);
  }
  const std::string skippable = std::string("\x51\x2a\x4d\x18\x04\0\0\0skip", 12);
  EXPECT_TRUE(decompress(skippable + compressed(text, Compression::Zstd)).bytes == text);
}

TEST(Decompress, UnwrapsOnce) {
  const std::string once = compressed(compressible(), Compression::Gzip);
  for (const Compression compression : kAll) {
    EXPECT_TRUE(decompress(compressed(once, compression)).bytes == once) << compression_name(compression);
  }
}

TEST(Decompress, RefusesWhatIsCutOff) {
  for (const Compression compression : kAll) {
    const std::string whole = compressed(compressible(), compression);
    for (const size_t length :
         {size_t{7}, size_t{15}, size_t{40}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
      const Decompressed outcome = decompress(whole.substr(0, length));
      ASSERT_TRUE(outcome.error) << compression_name(compression) << " of " << length;
      EXPECT_EQ(outcome.error->kind, Error::Kind::Format);
      EXPECT_NE(outcome.error->message().find("cut off"), std::string::npos) << outcome.error->message();
      EXPECT_EQ(outcome.error->where, "x.tar");
    }
  }
}

TEST(Decompress, RefusesWhatFollowsTheData) {
  for (const Compression compression : kAll) {
    for (const std::string& tail : {std::string("x"), std::string(2001, 'x')}) {
      for (const size_t piece : {size_t{1}, size_t{10'000'000}}) {
        const Decompressed outcome = decompress(compressed("some text", compression) + tail, piece);
        ASSERT_TRUE(outcome.error) << compression_name(compression) << " and " << tail.size();
        EXPECT_EQ(outcome.error->kind, Error::Kind::Format);
      }
    }
  }
}

TEST(Decompress, SurvivesDamageAnywhere) {
  const std::string text = compressible(900);
  for (const Compression compression : kAll) {
    const std::string whole = compressed(text, compression);
    for (size_t at = 0; at < whole.size(); at += at < 40 ? 1 : 11) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const Decompressed outcome = decompress(damaged, 512);
      EXPECT_LE(outcome.bytes.size(), 1U << 22);
    }
  }
}

TEST(Decompress, StopsABomb) {
  const std::string zeros(8U << 20, '\0');
  for (const Compression compression : kAll) {
    const std::string bomb = compressed(zeros, compression);
    const Decompressed ratio = decompress(bomb, 4096, {.free_bytes = 1U << 20, .max_ratio = 20});
    ASSERT_TRUE(ratio.error) << compression_name(compression);
    EXPECT_EQ(ratio.error->kind, Error::Kind::Limit);
    EXPECT_LE(ratio.bytes.size(), 3U << 20);
    const Decompressed total = decompress(bomb, 4096, {.max_bytes = 1U << 20});
    ASSERT_TRUE(total.error);
    EXPECT_EQ(total.error->kind, Error::Kind::Limit);
    EXPECT_LE(total.bytes.size(), 1U << 20);
    EXPECT_FALSE(decompress(bomb).error) << "what is usual must pass";
  }
  EXPECT_TRUE(decompress(zeros, 4096, {.max_bytes = 1U << 20}).error) << "the limit holds without compression too";
}

TEST(Decompress, PassesOnErrorsOfItsSource) {
  for (const Compression compression : {Compression::None, Compression::Gzip, Compression::Zstd}) {
    const std::string whole = compressed(compressible(), compression);
    for (const size_t length : {size_t{0}, size_t{3}, whole.size() / 2}) {
      auto pieces = std::make_unique<Pieces>(whole.substr(0, length), 4096);
      pieces->fail_with(Error{Error::Kind::Io, 5, "read", "disk", ""});
      Decompressor source(std::move(pieces), "x.tar");
      EXPECT_NE(drained(source).find("error: read disk: Input/output error"), std::string::npos)
          << compression_name(compression) << " of " << length;
    }
  }
}

TEST(Decompress, SkipsOnlyWhereNothingIsCompressed) {
  auto plain = std::make_unique<Pieces>("0123456789abcdef", 8);
  plain->allow_skips();
  Decompressor source(std::move(plain), "x.tar");
  EXPECT_EQ(*source.skip(3), 0U) << "nothing is known yet";
  EXPECT_EQ(*source.next(), "01234567");
  EXPECT_EQ(*source.skip(3), 3U);
  EXPECT_EQ(drained(source), "bcdef");

  auto packed = std::make_unique<Pieces>(compressed("0123456789", Compression::Gzip), 4096);
  packed->allow_skips();
  Decompressor other(std::move(packed), "x.tar");
  EXPECT_EQ(*other.next(), "0123456789");
  EXPECT_EQ(*other.skip(3), 0U);
}

}  // namespace
}  // namespace dfsck
