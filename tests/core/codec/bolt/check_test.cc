// Each rule of the bbolt page check: a healthy file passes, and one planted damage gives exactly that problem.
#include "core/codec/bolt/check.h"

#include <gtest/gtest.h>

#include "tests/support/bolt_builder.h"

namespace dfsck {
namespace {

using test::BoltBuilder;
using Problem = BoltProblem::Kind;

std::vector<BoltProblem> check(std::string bytes) {
  const Result<BoltFile> file = BoltFile::open(std::move(bytes));
  EXPECT_TRUE(file);
  return check_bolt(*file);
}

// All problems as text, one a line; empty for a healthy file.
std::string told(std::string bytes) {
  std::string text;
  for (const BoltProblem& problem : check(std::move(bytes))) {
    text += bolt_problem_text(problem) + "\n";
  }
  return text;
}

// Pages: 2 and 3 leaves, 4 branch above them, 5 free, 6 root leaf, 7 freelist.
struct Sample {
  explicit Sample(std::endian order = std::endian::little) : builder(4096, order) {
    builder.add_leaf({{"a", "1"}, {"b", "2"}});
    builder.add_leaf({{"m", "3"}});
    builder.add_branch({{"a", 2}, {"m", 3}});
    builder.add_free();
    root = builder.add_leaf({builder.bucket("bucket", 4), builder.inline_bucket("inline", {{"k", "v"}})});
  }
  std::string build() { return builder.build(root); }
  // The file after `page` (or the meta's) 64-bit field was overwritten; both metas are sealed again.
  std::string with_meta64(size_t offset, uint64_t value) {
    std::string bytes = build();
    for (const size_t which : {0U, 1U}) {
      builder.poke64(bytes, builder.at(which) + 16 + offset, value);
      builder.seal_meta(bytes, which);
    }
    return bytes;
  }

  BoltBuilder builder;
  uint64_t root = 0;
};

TEST(BoltCheck, HealthyFilesPass) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    EXPECT_EQ(told(Sample(order).build()), "");
  }
  EXPECT_EQ(told(""), "");
  EXPECT_EQ(told(Sample().build() + std::string(50000, 'z')), "");
}

TEST(BoltCheck, OneInvalidMetaIsHealthy) {
  for (const size_t which : {0U, 1U}) {
    Sample sample;
    std::string bytes = sample.build();
    bytes[sample.builder.at(which) + 60] ^= 0x40;
    EXPECT_EQ(told(bytes), "") << which;
  }
}

TEST(BoltCheck, TooSmall) {
  const std::vector<BoltProblem> problems = check(Sample().build().substr(0, 5000));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, Problem::TooSmall);
}

TEST(BoltCheck, BothMetasInvalid) {
  Sample sample;
  std::string bytes = sample.build();
  bytes[sample.builder.at(0) + 60] ^= 1;
  bytes[sample.builder.at(1) + 16] ^= 1;
  EXPECT_EQ(told(bytes), "no valid meta page (0: bad checksum, 1: bad magic)\n");
  EXPECT_EQ(check(bytes).at(0).kind, Problem::BadMeta);
}

TEST(BoltCheck, FileShorterThanItsHighWaterMark) {
  const std::string bytes = Sample().build();
  const std::vector<BoltProblem> problems = check(bytes.substr(0, bytes.size() - 4096));
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].kind, Problem::FileTooShort);
  EXPECT_EQ(bolt_problem_text(problems[0]), "only 28672 bytes, but 8 pages of 4096 bytes in use");
  EXPECT_EQ(problems[1].page, 7U);  // the freelist is what was cut off
  EXPECT_EQ(told(Sample().with_meta64(40, uint64_t{1} << 60)),
            "only 32768 bytes, but 1152921504606846976 pages of 4096 bytes in use\n");
}

TEST(BoltCheck, WrongPageId) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke64(bytes, sample.builder.at(3), 2);
  EXPECT_EQ(told(bytes), "page 3: calls itself page 2\n");
  EXPECT_EQ(check(bytes).at(0).kind, Problem::BadPage);
}

TEST(BoltCheck, WrongFlags) {
  for (const uint16_t flags : std::initializer_list<uint16_t>{0x00, 0x03, 0x04, 0x20, 0x8002}) {
    Sample sample;
    std::string bytes = sample.build();
    sample.builder.poke16(bytes, sample.builder.at(2) + 8, flags);
    EXPECT_EQ(told(bytes), "page 2: is neither a branch, a leaf nor a freelist page\n") << flags;
  }
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke16(bytes, sample.builder.at(2) + 8, 0x10);
  EXPECT_EQ(told(bytes), "page 2: is a freelist page, but page 4 refers to it as data\n");
}

TEST(BoltCheck, ContentsOutsideOfThePage) {
  const auto after = [](size_t offset, uint32_t value) {
    Sample sample;
    std::string bytes = sample.build();
    sample.builder.poke32(bytes, sample.builder.at(3) + offset, value);
    return told(bytes);
  };
  const std::string outside = "page 3: has an element that points outside of it\n";
  EXPECT_EQ(after(16 + 4, 4096), outside);
  EXPECT_EQ(after(16 + 8, 0xffffffff), outside);
  EXPECT_EQ(after(16 + 12, 4096 - 33), "");
  EXPECT_EQ(after(16 + 12, 4096 - 32), outside);
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke16(bytes, sample.builder.at(3) + 10, 256);
  EXPECT_EQ(told(bytes), "page 3: has more elements than fit into it\n");
}

TEST(BoltCheck, BranchWithoutChildren) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke16(bytes, sample.builder.at(4) + 10, 0);
  EXPECT_EQ(told(bytes), "page 4: is a branch page without children\n");
}

TEST(BoltCheck, DamagedInlineBuckets) {
  BoltBuilder builder;
  BoltBuilder::Item short_header{"short", std::string(15, '\0'), 1};
  BoltBuilder::Item no_page{"none", std::string(16, '\0'), 1};
  BoltBuilder::Item nested = builder.inline_bucket("outer", {builder.inline_bucket("inner", {})});
  BoltBuilder::Item cut = builder.inline_bucket("zcut", {{"key", "value"}});
  cut.value.pop_back();
  const std::string bytes = builder.build(builder.add_leaf({no_page, nested, short_header, cut}));
  EXPECT_EQ(told(bytes),
            "page 2: holds an inline bucket without room for a page header (bucket \"none\")\n"
            "page 2: holds an inline bucket \"outer\" with a bucket in it\n"
            "page 2: holds a bucket \"short\" without a whole bucket header\n"
            "page 2: holds an inline bucket that has an element that points outside of it (bucket \"zcut\")\n");
}

TEST(BoltCheck, ReferencesOutOfRange) {
  for (const uint64_t target : {uint64_t{0}, uint64_t{1}, uint64_t{8}, ~uint64_t{0}}) {
    Sample sample;
    std::string bytes = sample.build();
    sample.builder.poke64(bytes, sample.builder.at(4) + 16 + 8, target);
    const std::vector<BoltProblem> problems = check(bytes);
    ASSERT_EQ(problems.size(), 1U) << target;
    EXPECT_EQ(problems[0].kind, Problem::OutOfRange);
    EXPECT_EQ(problems[0].page, target);
  }
  EXPECT_EQ(told(Sample().with_meta64(16, 9)), "page 9: is outside of the 8 pages in use; page 0 refers to it\n");
  EXPECT_EQ(told(Sample().with_meta64(32, 1)),
            "page 1: is outside of the 8 pages in use, but the meta page calls it the freelist\n");
}

TEST(BoltCheck, OverflowBeyondTheFile) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke32(bytes, sample.builder.at(6) + 12, 2);
  EXPECT_EQ(told(bytes), "page 6: claims 3 pages, beyond the end of the file\n");
  EXPECT_EQ(told(bytes + std::string(4096, '\0')), "page 6: claims 3 pages, beyond the 8 in use\n");
}

TEST(BoltCheck, MultiplyReferenced) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke64(bytes, sample.builder.at(4) + 32 + 8, 2);  // both children are page 2 now
  const std::vector<BoltProblem> problems = check(bytes);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, Problem::MultiplyReferenced);
  EXPECT_EQ(bolt_problem_text(problems[0]), "page 2: has another owner besides page 4");
}

TEST(BoltCheck, OverflowOfOnePageInsideOfAnother) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke32(bytes, sample.builder.at(2) + 12, 1);  // page 2 claims page 3, which is its sibling
  EXPECT_EQ(told(bytes), "page 3: has another owner besides page 4\n");
  sample = Sample();
  bytes = sample.build();
  sample.builder.poke32(bytes, sample.builder.at(6) + 12, 1);  // the root claims the freelist's page
  EXPECT_EQ(check(bytes).at(0).kind, Problem::MultiplyReferenced);
}

TEST(BoltCheck, ReachableFreed) {
  Sample sample;
  sample.builder.also_free(3);
  const std::vector<BoltProblem> problems = check(sample.build());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, Problem::ReachableFreed);
  EXPECT_EQ(problems[0].page, 3U);
}

TEST(BoltCheck, FreeTwice) {
  Sample sample;
  sample.builder.also_free(5);
  const std::vector<BoltProblem> problems = check(sample.build());
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].kind, Problem::FreeTwice);
  EXPECT_EQ(problems[0].page, 5U);
}

TEST(BoltCheck, FreelistNamesNoSuchPage) {
  Sample sample;
  sample.builder.also_free(8);
  sample.builder.also_free(1);
  EXPECT_EQ(told(sample.build()),
            "page 8: is in the freelist, but outside of the 8 pages in use\n"
            "page 1: is in the freelist, but outside of the 8 pages in use\n");
}

TEST(BoltCheck, DamagedFreelistPage) {
  Sample sample;
  std::string bytes = sample.build();
  sample.builder.poke16(bytes, sample.builder.at(7) + 8, 2);
  sample.builder.poke16(bytes, sample.builder.at(7) + 10, 0);
  EXPECT_EQ(told(bytes), "page 7: is no freelist page, but the meta page calls it the freelist\n");
  sample = Sample();
  bytes = sample.build();
  sample.builder.poke16(bytes, sample.builder.at(7) + 10, 600);
  EXPECT_EQ(told(bytes), "page 7: has more free page ids than fit into it (freelist)\n");
}

TEST(BoltCheck, LongFreelists) {
  Sample sample;
  sample.builder.use_long_freelist();
  EXPECT_EQ(told(sample.build()), "");
  sample = Sample();
  sample.builder.use_long_freelist();
  std::string bytes = sample.build();
  sample.builder.poke64(bytes, sample.builder.at(7) + 16, 510);
  EXPECT_EQ(told(bytes), "page 7: has more free page ids than fit into it (freelist)\n");
}

TEST(BoltCheck, LeaksAreToldAsRunsAndAreHarmless) {
  Sample sample;
  sample.builder.add_leaked();
  sample.builder.add_leaked();
  sample.builder.add_free();
  sample.builder.add_leaked();
  const std::vector<BoltProblem> problems = check(sample.build());
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].kind, Problem::Leaked);
  EXPECT_EQ(bolt_problem_text(problems[0]), "page 7: is neither in use nor free, nor are the pages up to 8");
  EXPECT_EQ(bolt_problem_text(problems[1]), "page 10: is neither in use nor free");
  EXPECT_TRUE(is_harmless(problems[0].kind));
  EXPECT_FALSE(is_harmless(Problem::KeyOrder));
}

TEST(BoltCheck, AFreelistThatIsNotStoredHasNoLeaks) {
  Sample sample;
  sample.builder.add_leaked();
  sample.builder.store_no_freelist();
  EXPECT_EQ(told(sample.build()), "");
}

TEST(BoltCheck, KeyOrderInsideOfAPage) {
  BoltBuilder builder;
  EXPECT_EQ(told(builder.build(builder.add_leaf({{"a", ""}, {"c", ""}, {"b", ""}, {"a", ""}}))),
            "page 2: key \"b\" does not come after \"c\"\n");
  BoltBuilder twice;
  EXPECT_EQ(told(twice.build(twice.add_leaf({{"a", ""}, {"a", ""}}))), "page 2: key \"a\" does not come after \"a\"\n");
  BoltBuilder inside;
  const uint64_t leaf = inside.add_leaf({inside.inline_bucket("x", {{"b", ""}, {"a", ""}})});
  EXPECT_EQ(check(inside.build(leaf)).at(0).kind, Problem::KeyOrder);
}

TEST(BoltCheck, ShorterKeysComeFirstAndBytesAreUnsigned) {
  BoltBuilder builder;
  const uint64_t leaf = builder.add_leaf({{"a", ""}, {std::string("a\0", 2), ""}, {"b", ""}, {"\xff", ""}});
  EXPECT_EQ(told(builder.build(leaf)), "");
}

// Whether a branch {low_separator -> {keys...}, "m" -> {"m"}} is in order.
std::string told_of_branch(std::string_view separator, const std::vector<BoltBuilder::Item>& items) {
  BoltBuilder builder;
  const uint64_t low = builder.add_leaf(items);
  const uint64_t high = builder.add_leaf({{"m", ""}});
  return told(builder.build(builder.add_branch({{std::string(separator), low}, {"m", high}})));
}

TEST(BoltCheck, KeysAgainstTheSeparatorsOfTheParent) {
  EXPECT_EQ(told_of_branch("a", {{"b", ""}, {"l", ""}}), "");
  EXPECT_EQ(told_of_branch("c", {{"b", ""}}), "page 2: first key \"b\" is below \"c\", which its parent promises\n");
  EXPECT_EQ(told_of_branch("a", {{"b", ""}, {"m", ""}}),
            "page 2: key \"m\" is not below \"m\", where the next page begins\n");
  EXPECT_EQ(told_of_branch("n", {{"n", ""}}), "page 4: key \"m\" does not come after \"n\"\n");
}

TEST(BoltCheck, KeysAgainstTheSeparatorsOfTheGrandparent) {
  BoltBuilder builder;
  const uint64_t low = builder.add_branch({{"a", builder.add_leaf({{"a", ""}, {"n", ""}})}});
  const uint64_t high = builder.add_branch({{"m", builder.add_leaf({{"m", ""}})}});
  EXPECT_EQ(told(builder.build(builder.add_branch({{"a", low}, {"m", high}}))),
            "page 2: key \"n\" is not below \"m\", where the next page begins\n");
}

TEST(BoltCheck, TheNumberOfProblemsIsBounded) {
  BoltBuilder builder;
  std::vector<BoltBuilder::Item> items;
  for (int i = 0; i < 3000; ++i) {
    items.push_back(builder.bucket(std::to_string(100000 + i), 999999));
  }
  const std::vector<BoltProblem> problems = check(builder.build(builder.add_leaf(items)));
  EXPECT_EQ(problems.size(), BoltFile::kMaxProblems);
  EXPECT_EQ(problems.back().kind, Problem::LimitReached);
}

}  // namespace
}  // namespace dfsck
