// What comes back of databases with a past, whatever page is damaged, and how far it is to be trusted.
#include "core/codec/bolt/salvage.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "core/codec/bolt/check.h"
#include "tests/support/bolt_builder.h"
#include "tests/support/bolt_history.h"

namespace dfsck {
namespace {

using test::BoltBuilder;
using test::BoltHistory;

constexpr size_t kPage = BoltHistory::kPageSize;
const std::optional<BoltHome> kHome =
    BoltHome{"things", [](std::string_view key, std::string_view) { return key.starts_with("key"); }};

std::string key_of(int number) { return "key" + std::to_string(100 + number); }

// Forty keys in the end; some were deleted, and most have older values in free pages.
BoltHistory made_history() {
  BoltHistory history("things");
  for (int i = 0; i < 50; ++i) {
    history.put(key_of(i), "first " + std::to_string(i));
    if (i % 5 == 4) {
      history.commit();
    }
  }
  for (int i = 0; i < 50; i += 5) {
    history.erase(key_of(i));
    history.commit();
  }
  for (int i = 1; i < 50; i += 7) {
    history.put(key_of(i), i % 5 == 0 ? "back " + std::to_string(i) : "newest " + std::to_string(i));
    history.commit();
  }
  return history;
}

BoltSalvage salvaged(const std::string& bytes) { return salvage_bolt(*BoltFile::open(bytes), kHome); }

std::map<std::string, std::string> things(const BoltSalvage& salvage) {
  std::map<std::string, std::string> values;
  if (const SalvagedBucket* bucket = salvage.root.bucket("things"); bucket != nullptr) {
    for (const auto& [key, entry] : bucket->entries) {
      values[key] = entry.value;
    }
  }
  return values;
}

// Writes it again, and reads that.
void expect_sound(const BoltSalvage& salvage) {
  const Result<std::string> bytes = write_checked_bolt(content_of(salvage.root));
  ASSERT_TRUE(bytes) << bytes.error().message();
  EXPECT_TRUE(check_bolt(*BoltFile::open(*bytes)).empty());
}

std::string zeroed(std::string bytes, uint64_t page) { return bytes.replace(page * kPage, kPage, kPage, '\0'); }

struct Way {
  const char* name;
  std::function<std::string(std::string, uint64_t)> damage;
  bool spoils_content = true;  // false: only the header of the page
};

const std::vector<Way>& ways() {
  static const std::vector<Way> all = {
      {"zeros", zeroed},
      {"random bytes",
       [](std::string bytes, uint64_t page) {
         std::mt19937 random(static_cast<unsigned>(page));
         for (size_t i = 0; i < kPage; ++i) {
           bytes[page * kPage + i] = static_cast<char>(random());
         }
         return bytes;
       }},
      {"cut off there", [](std::string bytes, uint64_t page) { return bytes.substr(0, page * kPage); }},
      {"half of it cut off",
       [](std::string bytes, uint64_t page) { return bytes.substr(0, page * kPage + kPage / 2); }},
      {"another page's copy",
       [](std::string bytes, uint64_t page) {
         const uint64_t other = page + 1 < bytes.size() / kPage ? page + 1 : page - 1;
         return bytes.replace(page * kPage, kPage, bytes.substr(other * kPage, kPage));
       }},
      {"a wrong type",
       [](std::string bytes, uint64_t page) {
         bytes[page * kPage + 8] = static_cast<char>(bytes[page * kPage + 8] ^ 0x40);
         return bytes;
       },
       false},
      {"a wrong id",
       [](std::string bytes, uint64_t page) {
         bytes[page * kPage + 5] = static_cast<char>(bytes[page * kPage + 5] ^ 0x40);
         return bytes;
       },
       false},
  };
  return all;
}

bool is_cut(const Way& way) { return std::string_view(way.name).find("cut off") != std::string_view::npos; }

TEST(BoltSalvage, AHealthyFileIsWholeAsItIs) {
  const BoltHistory history = made_history();
  ASSERT_TRUE(check_bolt(*BoltFile::open(history.file())).empty());
  const BoltSalvage salvage = salvaged(history.file());
  EXPECT_TRUE(salvage.whole);
  EXPECT_EQ(things(salvage), history.content());
  EXPECT_EQ(salvage.root.bucket("things")->sequence, 5U);
  for (const auto& [key, entry] : salvage.root.bucket("things")->entries) {
    EXPECT_EQ(entry.origin, BoltOrigin::Tree) << key;
    EXPECT_EQ(entry.page, history.page_of(key)) << key;
  }
}

// The one promise that holds whatever is damaged: what stands in a page that is whole comes back as it is.
TEST(BoltSalvage, EveryPageInEveryWay) {
  const BoltHistory history = made_history();
  const std::map<std::string, std::string> now = history.content();
  for (const Way& way : ways()) {
    for (uint64_t page = 0; page < history.pages(); ++page) {
      SCOPED_TRACE(std::string(way.name) + ", page " + std::to_string(page));
      const BoltSalvage salvage = salvaged(way.damage(history.file(), page));
      expect_sound(salvage);
      const std::map<std::string, std::string> found = things(salvage);
      // Without the newer meta page the file is that of the transaction before, to bbolt too.
      if (page < 2) {
        EXPECT_GE(found.size(), is_cut(way) ? 0U : now.size() - 1);
        continue;
      }
      for (const auto& [key, value] : now) {
        const uint64_t at = history.page_of(key);
        const bool spoiled = is_cut(way) ? at >= page : at == page && way.spoils_content;
        if (!spoiled) {
          ASSERT_TRUE(found.contains(key)) << key;
          EXPECT_EQ(found.at(key), value) << key;
        }
      }
    }
  }
}

// A key that was deleted comes back at most where the pages that would tell are lost.
TEST(BoltSalvage, NothingDeletedComesBackWhereTheTreeIsWhole) {
  const BoltHistory history = made_history();
  const std::map<std::string, std::string> now = history.content();
  const uint64_t damaged = history.page_of(key_of(21));
  std::string low;
  std::string high = "key999";
  for (const auto& [key, value] : now) {
    if (history.page_of(key) == damaged) {
      low = low.empty() ? key : low;
    } else if (!low.empty() && high == "key999") {
      high = key;
    }
  }
  const BoltSalvage salvage = salvaged(zeroed(history.file(), damaged));
  EXPECT_FALSE(salvage.whole);
  for (const auto& [key, entry] : salvage.root.bucket("things")->entries) {
    const bool in_the_hole = key >= low && key < high;
    EXPECT_EQ(entry.origin != BoltOrigin::Tree, in_the_hole) << key;
    EXPECT_TRUE(in_the_hole || now.contains(key)) << key;
  }
}

TEST(BoltSalvage, TheTransactionBeforeFillsAHole) {
  BoltHistory history("things");
  for (int i = 0; i < 20; ++i) {
    history.put(key_of(i), "old");
  }
  history.commit();
  history.put(key_of(3), "new");
  history.commit();
  const BoltSalvage salvage = salvaged(zeroed(history.file(), history.page_of(key_of(3))));
  const SalvagedEntry* entry = salvage.root.bucket("things")->find(key_of(3));
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->value, "old");
  EXPECT_EQ(entry->origin, BoltOrigin::Older);
  EXPECT_EQ(things(salvage).size(), 20U);
}

TEST(BoltSalvage, PagesThatALostBranchLedToAreStillInUse) {
  const BoltHistory history = made_history();
  const BoltSalvage salvage = salvaged(zeroed(history.file(), history.branch()));
  EXPECT_FALSE(salvage.whole);
  for (const auto& [key, value] : history.content()) {
    const SalvagedEntry* entry = salvage.root.bucket("things")->find(key);
    ASSERT_NE(entry, nullptr) << key;
    EXPECT_EQ(entry->value, value) << key;
    EXPECT_EQ(entry->origin, BoltOrigin::InUse) << key;
  }
}

TEST(BoltSalvage, ADamagedFreelistLosesNothing) {
  const BoltHistory history = made_history();
  const std::string bytes = zeroed(history.file(), history.freelist());
  EXPECT_FALSE(check_bolt(*BoltFile::open(bytes)).empty());
  const BoltSalvage salvage = salvaged(bytes);
  EXPECT_TRUE(salvage.whole);
  EXPECT_EQ(things(salvage), history.content());
}

TEST(BoltSalvage, ATailThatNothingUsesLosesNothing) {
  BoltHistory history("things");
  history.put("key1", std::string(100, 'x'));
  history.commit();
  BoltBuilder builder;
  const uint64_t leaf = builder.add_leaf({{"key1", "x"}});
  const uint64_t root = builder.add_leaf({builder.bucket("things", leaf)});
  builder.store_no_freelist();
  builder.add_leaked();
  const std::string bytes = builder.build(root);
  const BoltSalvage salvage = salvaged(bytes.substr(0, bytes.size() - 4096));
  EXPECT_TRUE(salvage.whole);
  EXPECT_EQ(things(salvage), (std::map<std::string, std::string>{{"key1", "x"}}));
}

TEST(BoltSalvage, WithoutMetaPagesTheLastTreeOrTheOneBeforeIsFound) {
  const BoltHistory history = made_history();
  const BoltSalvage salvage = salvaged(zeroed(zeroed(history.file(), 0), 1));
  EXPECT_FALSE(salvage.whole);
  std::map<std::string, std::string> found = things(salvage);
  size_t different = 0;
  for (const auto& [key, value] : history.content()) {
    different += found[key] == value ? 0 : 1;
  }
  EXPECT_LE(different, 1U);  // each transaction changed one key
  EXPECT_EQ(found.size(), history.content().size());
  for (const auto& [key, entry] : salvage.root.bucket("things")->entries) {
    EXPECT_EQ(entry.origin, BoltOrigin::Older) << key;
  }
}

// An old tree may be whole and hold more; but no freelist fits it.
TEST(BoltSalvage, WithoutMetaPagesTheTreeThatAFreelistFitsIsTaken) {
  BoltBuilder builder;
  const uint64_t old_leaf = builder.add_leaf({{"key1", "old"}, {"key2", "deleted"}, {"key3", "deleted"}});
  const uint64_t old_root = builder.add_leaf({builder.bucket("things", old_leaf)});
  const uint64_t leaf = builder.add_leaf({{"key1", "new"}});
  const uint64_t root = builder.add_leaf({builder.bucket("things", leaf)});
  builder.also_free(old_leaf);
  builder.also_free(old_root);
  std::string bytes = builder.build(root);
  bytes.replace(0, 8192, 8192, '\0');
  EXPECT_EQ(things(salvaged(bytes)), (std::map<std::string, std::string>{{"key1", "new"}}));
}

TEST(BoltSalvage, SwappedPagesArePutBack) {
  const BoltHistory history = made_history();
  const uint64_t first = history.page_of(key_of(1));
  const uint64_t second = history.page_of(key_of(49));
  ASSERT_NE(first, second);
  std::string bytes = history.file();
  bytes.replace(first * kPage, kPage, history.file().substr(second * kPage, kPage));
  bytes.replace(second * kPage, kPage, history.file().substr(first * kPage, kPage));
  const BoltSalvage salvage = salvaged(bytes);
  EXPECT_EQ(things(salvage), history.content());
  EXPECT_FALSE(salvage.whole);
  EXPECT_EQ(salvage.root.bucket("things")->find(key_of(1))->origin, BoltOrigin::Fixed);
}

// A pointer that leads to an old copy of its page: nothing in the page says so, but it is free.
TEST(BoltSalvage, APointerToAnOldPageIsNotTrusted) {
  BoltBuilder builder;
  const uint64_t old_leaf = builder.add_leaf({{"key1", "old"}});
  builder.add_leaf({{"key1", "new"}});
  builder.also_free(old_leaf);
  const BoltSalvage salvage = salvaged(builder.build(builder.add_leaf({builder.bucket("things", old_leaf)})));
  EXPECT_FALSE(salvage.whole);
  EXPECT_EQ(salvage.root.bucket("things")->find("key1")->origin, BoltOrigin::Older);
}

TEST(BoltSalvage, ABucketWhoseMarkIsLostIsNoValue) {
  BoltBuilder builder;
  const uint64_t leaf = builder.add_leaf({{"key1", "value"}});
  BoltBuilder::Item item = builder.bucket("things", leaf);
  item.flags = 0;
  const BoltSalvage salvage = salvaged(builder.build(builder.add_leaf({item})));
  EXPECT_FALSE(salvage.whole);
  EXPECT_EQ(things(salvage), (std::map<std::string, std::string>{{"key1", "value"}}));
}

TEST(BoltSalvage, BucketsInsideOfBucketsComeFromTheTransactionBefore) {
  BoltBuilder builder;
  const uint64_t deep = builder.add_leaf({{"x", "deep"}});
  const uint64_t lost = builder.add_leaf({builder.bucket("deep", deep, 3), {"y", "plain"}});
  const uint64_t older = builder.add_leaf({builder.bucket("deep", deep, 3), {"y", "plain"}});
  const uint64_t old_root =
      builder.add_leaf({builder.bucket("top", older, 4), builder.inline_bucket("gone", {{"a", "b"}})});
  const uint64_t root = builder.add_leaf({builder.bucket("top", lost, 5)});
  std::string bytes = builder.build(root);
  builder.poke64(bytes, 16 + 16, old_root);  // meta 0 is of the transaction before
  builder.seal_meta(bytes, 0);
  bytes.replace(builder.at(lost), 4096, 4096, '\0');
  const BoltSalvage salvage = salvage_bolt(*BoltFile::open(bytes), std::nullopt);
  BoltContent expected;
  expected.buckets["top"].sequence = 5;
  expected.buckets["top"].values["y"] = "plain";
  expected.buckets["top"].buckets["deep"].sequence = 3;
  expected.buckets["top"].buckets["deep"].values["x"] = "deep";
  EXPECT_EQ(content_of(salvage.root), expected);  // "gone" was deleted, and the page that says so is whole
}

// One meta page fits into 100 bytes and is valid; the tree that it speaks of is gone all the same.
TEST(BoltSalvage, AFileCutShortIsNeverWhole) {
  const std::string bytes = made_history().file();
  for (const size_t size : {size_t{100}, size_t{4096}, size_t{8191}, size_t{8192}, size_t{12288}}) {
    EXPECT_FALSE(salvaged(bytes.substr(0, size)).whole) << size;
  }
}

TEST(BoltSalvage, RubbishGivesNothing) {
  for (const std::string& bytes : {std::string(), std::string("rubbish"), std::string(32768, '\0'),
                                   std::string(32768, '\xff'), std::string(5000, 'x')}) {
    const BoltSalvage salvage = salvaged(bytes);
    EXPECT_FALSE(salvage.whole);
    EXPECT_TRUE(salvage.root.entries.empty());
  }
}

}  // namespace
}  // namespace dfsck
