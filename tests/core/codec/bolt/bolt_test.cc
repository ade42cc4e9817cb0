// Reading bbolt files: real bytes, either byte order, choice of the meta page, and what is left of damaged files.
#include "core/codec/bolt/bolt.h"

#include <gtest/gtest.h>

#include "tests/support/bolt_builder.h"

namespace dfsck {
namespace {

using test::BoltBuilder;
using Problem = BoltProblem::Kind;

std::string from_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') {
      digits += c;
    }
    if (digits.size() == 2) {
      bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
      digits.clear();
    }
  }
  return bytes;
}

BoltFile opened(std::string bytes) {
  Result<BoltFile> file = BoltFile::open(std::move(bytes));
  EXPECT_TRUE(file);
  return std::move(*file);
}

std::string error_of(const BoltFile& file) {
  const Result<BoltBucket> root = file.root();
  return root ? "no error" : root.error().message();
}

// volumes/metadata.db of dockerd 20.10.24 with one volume: pages 0, 3 and 5 as it wrote them, the rest zero.
std::string real_volumes_db() {
  std::string file(6 * 4096, '\0');
  file.replace(0, 80,
               from_hex("0000000000000000 0400 0000 00000000 edda0ced 02000000 00100000 00000000"
                        "0300000000000000 0000000000000000 0500000000000000 0600000000000000"
                        "0400000000000000 0f54063838033f1d"));
  file.replace(3 * 4096, 0x80, std::string(0x80, '\0'));
  const std::string leaf = from_hex(
                               "0300000000000000 0200 0100 00000000 01000000 10000000 07000000 6d000000 766f6c756d6573"
                               "0000000000000000 0000000000000000 0000000000000000 0200 0100 00000000"
                               "00000000 10000000 02000000 3b000000 7676") +
                           R"({"Name":"vv","Driver":"local","Labels":null,"Options":null})";
  file.replace(3 * 4096, leaf.size(), leaf);
  const std::string freelist = from_hex("0500000000000000 1000 0200 00000000 0200000000000000 0400000000000000");
  file.replace(5 * 4096, freelist.size(), freelist);
  return file;
}

TEST(Bolt, ReadsWhatDockerdWrote) {
  const BoltFile file = opened(real_volumes_db());
  EXPECT_EQ(file.state(), BoltFile::State::Complete);
  EXPECT_EQ(file.metas().chosen, 0U);
  EXPECT_EQ(file.metas().states[1], BoltMetaState::BadMagic);
  EXPECT_EQ(file.metas().meta.txid, 4U);
  const Result<BoltBucket> root = file.root();
  ASSERT_TRUE(root) << root.error().message();
  const BoltBucket* volumes = root->bucket("volumes");
  ASSERT_NE(volumes, nullptr);
  EXPECT_EQ(volumes->root_page, 0U);
  EXPECT_EQ(volumes->value("vv"), R"({"Name":"vv","Driver":"local","Labels":null,"Options":null})");
  EXPECT_EQ(volumes->value("none"), std::nullopt);
  EXPECT_EQ(volumes->bucket("vv"), nullptr);
  EXPECT_EQ(root->value("volumes"), std::nullopt);
}

// A file with everything: branch pages in two levels, an overflow page, nested, inline and empty buckets, empty values.
std::string rich_file(BoltBuilder& builder) {
  const uint64_t leaf1 = builder.add_leaf({{"a", "1"}, {"b", ""}});
  const uint64_t leaf2 = builder.add_leaf({{"c", std::string(10000, 'x')}});
  const uint64_t leaf3 = builder.add_leaf({{"e", "5"}});
  const uint64_t low = builder.add_branch({{"a", leaf1}, {"c", leaf2}});
  const uint64_t high = builder.add_branch({{"d", leaf3}});  // the separator may be smaller than the child's key
  const uint64_t top = builder.add_branch({{"a", low}, {"d", high}});
  builder.add_free();
  const uint64_t inner =
      builder.add_leaf({builder.inline_bucket("in", {{"k", "v"}}, 9), builder.inline_bucket("none", {})});
  const uint64_t outer = builder.add_leaf({builder.bucket("deep", inner, 3), {"zz", "plain"}});
  return builder.build(builder.add_leaf({builder.bucket("big", top), builder.bucket("nest", outer)}), 42);
}

void expect_rich(const BoltFile& file) {
  const Result<BoltBucket> root = file.root();
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_EQ(root->sequence, 42U);
  const BoltBucket* big = root->bucket("big");
  ASSERT_NE(big, nullptr);
  ASSERT_EQ(big->entries.size(), 4U);
  EXPECT_EQ(big->value("b"), "");
  EXPECT_EQ(big->value("c")->size(), 10000U);
  EXPECT_EQ(big->value("e"), "5");
  const BoltBucket* deep = root->bucket("nest")->bucket("deep");
  ASSERT_NE(deep, nullptr);
  EXPECT_EQ(deep->sequence, 3U);
  EXPECT_EQ(deep->bucket("in")->sequence, 9U);
  EXPECT_EQ(deep->bucket("in")->value("k"), "v");
  EXPECT_TRUE(deep->bucket("none")->entries.empty());
  EXPECT_EQ(root->bucket("nest")->value("zz"), "plain");
}

TEST(Bolt, ReadsBranchesOverflowAndNestedBucketsInEitherByteOrder) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    for (const uint32_t page_size : {1024U, 4096U, 65536U}) {
      BoltBuilder builder(page_size, order);
      const BoltFile file = opened(rich_file(builder));
      EXPECT_EQ(file.layout(), (BoltLayout{page_size, order}));
      expect_rich(file);
    }
  }
}

TEST(Bolt, AnEmptyFileIsANewDatabase) {
  const BoltFile file = opened("");
  EXPECT_EQ(file.state(), BoltFile::State::Empty);
  EXPECT_TRUE(file.load().problems.empty());
  const Result<BoltBucket> root = file.root();
  ASSERT_TRUE(root);
  EXPECT_TRUE(root->entries.empty());
}

TEST(Bolt, TheValidMetaWithTheHigherTransactionCounts) {
  BoltBuilder builder;
  const uint64_t old_root = builder.add_leaf({{"state", "old"}});
  const std::string file = builder.build(builder.add_leaf({{"state", "new"}}));
  std::string two_states = file;
  builder.poke64(two_states, builder.at(0) + 32, old_root);
  builder.seal_meta(two_states, 0);
  EXPECT_EQ(opened(two_states).root()->value("state"), "new");

  std::string torn = two_states;
  torn[builder.at(1) + 40] ^= 1;
  const BoltFile fallen_back = opened(torn);
  EXPECT_EQ(fallen_back.metas().chosen, 0U);
  EXPECT_EQ(fallen_back.metas().states[1], BoltMetaState::BadChecksum);
  EXPECT_EQ(fallen_back.root()->value("state"), "old");
}

TEST(Bolt, TheSecondMetaIsFoundAtAnyPageSize) {
  for (const uint32_t page_size : {1024U, 4096U, 16384U, 65536U}) {
    BoltBuilder builder(page_size, std::endian::big);
    std::string bytes = rich_file(builder);
    bytes.replace(0, page_size, std::string(page_size, '\0'));
    const BoltFile file = opened(bytes);
    EXPECT_EQ(file.metas().states[0], BoltMetaState::BadMagic);
    EXPECT_EQ(file.metas().chosen, 1U);
    expect_rich(file);
  }
}

TEST(Bolt, AMetaThatStandsWhereItsPageSizeDoesNotPutItIsNone) {
  BoltBuilder builder;
  std::string bytes = rich_file(builder);
  bytes.replace(1024, 80, bytes.substr(builder.at(1), 80));
  bytes.replace(0, 80, std::string(80, '\0'));
  const BoltFile file = opened(bytes);
  EXPECT_EQ(file.layout().page_size, 4096U);
  expect_rich(file);
  builder.poke32(bytes, builder.at(1) + 16 + 8, 8192);
  builder.seal_meta(bytes, 1);
  EXPECT_EQ(opened(bytes).state(), BoltFile::State::NoMeta);
}

TEST(Bolt, MetaStatesAreToldApart) {
  BoltBuilder builder;
  const std::string good = rich_file(builder);
  const auto state_after = [&](size_t offset, uint32_t value, bool seal) {
    std::string bytes = good;
    builder.poke32(bytes, 16 + offset, value);
    if (seal) {
      builder.seal_meta(bytes, 0);
    }
    return opened(bytes).metas().states[0];
  };
  EXPECT_EQ(state_after(0, 1, true), BoltMetaState::BadMagic);
  EXPECT_EQ(state_after(4, 3, true), BoltMetaState::BadVersion);
  EXPECT_EQ(state_after(8, 5000, true), BoltMetaState::BadPageSize);
  EXPECT_EQ(state_after(8, 8192, true), BoltMetaState::Valid);  // then the other one is where no meta belongs
  EXPECT_EQ(state_after(48, 99, false), BoltMetaState::BadChecksum);
}

TEST(Bolt, StatesOfTruncatedFiles) {
  BoltBuilder builder;
  const std::string good = rich_file(builder);
  EXPECT_EQ(opened(good.substr(0, 4096)).state(), BoltFile::State::TooSmall);
  EXPECT_EQ(error_of(opened(good.substr(0, 100))), "read bbolt file: only 100 bytes");
  const BoltFile cut = opened(good.substr(0, good.size() - 1));
  EXPECT_EQ(cut.state(), BoltFile::State::Short);
  EXPECT_EQ(opened(good + std::string(100000, 'x')).state(), BoltFile::State::Complete);
}

TEST(Bolt, WithoutAMetaThePagesAreStillFound) {
  for (const std::endian order : {std::endian::little, std::endian::big}) {
    BoltBuilder builder(1024, order);
    std::string bytes = rich_file(builder);
    bytes.replace(0, 2048, std::string(2048, '\xff'));
    const BoltFile file = opened(bytes);
    EXPECT_EQ(file.state(), BoltFile::State::NoMeta);
    EXPECT_EQ(error_of(file), "read bbolt file: no valid meta page (0: bad magic, 1: bad magic)");
    EXPECT_EQ(file.layout(), (BoltLayout{1024, order}));
    const std::vector<BoltPage> pages = file.readable_pages();
    ASSERT_EQ(pages.size(), 9U);
    EXPECT_EQ(pages[0].leaf(0).key, "a");
    EXPECT_EQ(pages[0].leaf(0).value, "1");
    EXPECT_EQ(pages[1].span(), 10U);
    EXPECT_EQ(pages[3].kind(), BoltPage::Kind::Branch);
    EXPECT_EQ(pages[3].branch(1).child, pages[1].id());
  }
}

TEST(Bolt, ADamagedPageCostsOnlyWhatIsBelowIt) {
  BoltBuilder builder;
  const uint64_t bad = builder.add_leaf({{"a", "1"}});
  const uint64_t good = builder.add_leaf({{"m", "2"}});
  const uint64_t branch = builder.add_branch({{"a", bad}, {"m", good}});
  const uint64_t other = builder.add_leaf({{"k", "v"}});
  const uint64_t root = builder.add_leaf({builder.bucket("hurt", branch), builder.bucket("whole", other)});
  std::string bytes = builder.build(root);
  builder.poke64(bytes, builder.at(bad), 77);
  const BoltFile file = opened(bytes);

  EXPECT_EQ(error_of(file), "read bbolt file: page 2: calls itself page 77");
  const BoltTree tree = file.load();
  ASSERT_EQ(tree.problems.size(), 1U);
  EXPECT_EQ(tree.problems[0].kind, Problem::BadPage);
  EXPECT_EQ(tree.problems[0].page, bad);
  EXPECT_FALSE(tree.root.complete);
  EXPECT_FALSE(tree.root.bucket("hurt")->complete);
  EXPECT_EQ(tree.root.bucket("hurt")->value("m"), "2");
  EXPECT_TRUE(tree.root.bucket("whole")->complete);
  EXPECT_EQ(tree.root.bucket("whole")->value("k"), "v");
  EXPECT_FALSE(tree.reached[bad]);
  EXPECT_TRUE(tree.reached[good]);
}

TEST(Bolt, EntriesAreSortedEvenWhenThePageIsNot) {
  BoltBuilder builder;
  const BoltFile file = opened(builder.build(builder.add_leaf({{"c", "3"}, {"a", "1"}, {"b", "2"}, {"a", "4"}})));
  EXPECT_FALSE(file.root());
  const BoltTree tree = file.load();
  ASSERT_EQ(tree.root.entries.size(), 3U);
  EXPECT_EQ(tree.root.value("a"), "1");
  EXPECT_EQ(tree.root.value("c"), "3");

  BoltBuilder inside;
  const BoltBuilder::Item mixed = inside.inline_bucket("x", {{"b", "2"}, {"a", "1"}});
  const BoltTree inner = opened(inside.build(inside.add_leaf({mixed}))).load();
  EXPECT_EQ(inner.root.bucket("x")->value("a"), "1");
  EXPECT_EQ(inner.root.bucket("x")->value("b"), "2");
}

TEST(Bolt, CyclesAndDeepNestsEnd) {
  BoltBuilder builder;
  const uint64_t self = builder.add_leaf({builder.bucket("again", 2)});
  ASSERT_EQ(self, 2U);
  EXPECT_EQ(error_of(opened(builder.build(self))), "read bbolt file: page 2: has another owner besides page 2");

  BoltBuilder nest;
  uint64_t below = nest.add_leaf({{"k", "v"}});
  for (size_t i = 1; i < BoltFile::kMaxDepth; ++i) {
    below = nest.add_leaf({nest.bucket("b", below)});
  }
  BoltBuilder deeper = nest;
  EXPECT_TRUE(opened(nest.build(below)).root());
  const BoltTree tree = opened(deeper.build(deeper.add_leaf({deeper.bucket("b", below)}))).load();
  ASSERT_EQ(tree.problems.size(), 1U);
  EXPECT_EQ(tree.problems[0].kind, Problem::TooDeep);
}

TEST(Bolt, ATreeOutlivesItsFile) {
  BoltBuilder builder;
  const Result<BoltBucket> root = opened(builder.build(builder.add_leaf({{"k", "value"}}))).root();
  ASSERT_TRUE(root);
  EXPECT_EQ(root->value("k"), "value");
}

}  // namespace
}  // namespace dfsck
