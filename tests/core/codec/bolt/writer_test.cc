// A database that we write must be one that our own reader, and its page check, find nothing wrong with.
#include "core/codec/bolt/writer.h"

#include <gtest/gtest.h>

#include <map>

#include "core/codec/bolt/bolt.h"
#include "core/codec/bolt/check.h"

namespace dfsck {
namespace {

BoltFile written(const BoltContent& content) {
  Result<std::string> bytes = write_bolt(content);
  EXPECT_TRUE(bytes);
  Result<BoltFile> file = BoltFile::open(std::move(*bytes));
  EXPECT_TRUE(file);
  EXPECT_TRUE(check_bolt(*file).empty());
  return std::move(*file);
}

BoltContent bucket_of(std::map<std::string, std::string, std::less<>> values) {
  BoltContent content;
  content.values = std::move(values);
  return content;
}

// A file with one bucket at its top.
BoltContent file_of(const std::string& name, BoltContent bucket) {
  BoltContent content;
  content.buckets[name] = std::move(bucket);
  return content;
}

// What our reader finds in a file.
BoltContent content_of(const BoltBucket& bucket) {
  BoltContent content;
  content.sequence = bucket.sequence;
  for (const BoltEntry& entry : bucket.entries) {
    if (entry.bucket) {
      content.buckets[std::string(entry.key)] = content_of(*entry.bucket);
    } else {
      content.values[std::string(entry.key)] = std::string(entry.value);
    }
  }
  return content;
}

BoltContent read_back(const BoltContent& content) {
  const Result<BoltBucket> root = written(content).root();
  EXPECT_TRUE(root);
  return content_of(*root);
}

TEST(BoltWriter, ASmallDatabase) {
  const BoltContent content = file_of("volumes", bucket_of({{"b", "2"}, {"a", "1"}, {"empty", ""}}));
  EXPECT_EQ(read_back(content), content);
  EXPECT_EQ(written(content).bytes().size(), 32U * 1024);
  // Small enough to lie inside of its parent.
  EXPECT_EQ(written(content).root()->bucket("volumes")->root_page, 0U);
}

TEST(BoltWriter, NothingAtAll) {
  EXPECT_EQ(read_back({}), BoltContent{});
  EXPECT_EQ(read_back(file_of("volumes", {})), file_of("volumes", {}));
}

TEST(BoltWriter, ManyKeysMakeBranchPages) {
  BoltContent bucket;
  for (int i = 0; i < 100'000; ++i) {
    bucket.values["key" + std::to_string(i)] = std::string(static_cast<size_t>(i % 200), 'v');
  }
  const BoltContent content = file_of("many", bucket);
  EXPECT_EQ(read_back(content), content);
  const BoltFile file = written(content);
  size_t branches = 0;
  for (const BoltPage& page : file.readable_pages()) {
    if (page.kind() == BoltPage::Kind::Branch) {
      ++branches;
      EXPECT_GE(page.count(), 2U) << page.id();
    }
    EXPECT_EQ(page.span(), 1U) << page.id();
  }
  EXPECT_GT(branches, 10U);  // on more than one level
}

TEST(BoltWriter, ValuesAndKeysThatTakeManyPages) {
  BoltContent bucket = bucket_of({{"large", std::string(100'000, 'x')}, {"a", "1"}, {"z", std::string(4096, 'z')}});
  for (char c = 'b'; c < 'k'; ++c) {
    bucket.values[std::string(5000, c)] = "long key";
  }
  const BoltContent content = file_of("bucket", bucket);
  EXPECT_EQ(read_back(content), content);
}

// Any number of children must come out in pages of at least two.
TEST(BoltWriter, BranchPagesNeverHaveOneChild) {
  for (size_t count = 1; count < 40; ++count) {
    BoltContent bucket;
    for (size_t i = 0; i < count; ++i) {
      bucket.values[std::string(2000, 'k') + static_cast<char>('A' + i)] = "";
    }
    const BoltContent content = file_of("bucket", bucket);
    EXPECT_EQ(read_back(content), content) << count;
    const BoltFile file = written(content);
    for (const BoltPage& page : file.readable_pages()) {
      EXPECT_TRUE(page.kind() != BoltPage::Kind::Branch || page.count() >= 2) << count;
    }
  }
}

TEST(BoltWriter, BucketsInsideOfBucketsAndTheirSequences) {
  BoltContent inner = bucket_of({{"x", "1"}});
  inner.sequence = 7;
  BoltContent large = bucket_of({{"big", std::string(3000, 'b')}});
  large.sequence = 8;
  large.buckets["inner"] = inner;
  BoltContent middle = bucket_of({{"between", "2"}});
  middle.buckets["large"] = large;
  middle.buckets["a"] = {};
  middle.sequence = 9;
  BoltContent content = file_of("v1", middle);
  content.buckets["other"] = inner;
  content.sequence = 10;
  EXPECT_EQ(read_back(content), content);
}

TEST(BoltWriter, EqualContentGivesEqualBytes) {
  const BoltContent content = file_of("volumes", bucket_of({{"b", "2"}, {"a", std::string(5000, '1')}}));
  EXPECT_EQ(*write_bolt(content), *write_bolt(content));
}

TEST(BoltWriter, RefusesWhatBboltRefuses) {
  EXPECT_FALSE(write_bolt(file_of("volumes", bucket_of({{"", "x"}}))));
  EXPECT_FALSE(write_bolt(file_of("", {})));
  EXPECT_FALSE(write_bolt(file_of("volumes", bucket_of({{std::string(32769, 'k'), "x"}}))));
  EXPECT_FALSE(write_bolt(bucket_of({{"a", "value at the top"}})));
  BoltContent deep;
  for (int i = 0; i < 40; ++i) {
    deep = file_of("b", deep);
  }
  const Result<std::string> bytes = write_bolt(deep);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, Error::Kind::Limit);
}

}  // namespace
}  // namespace dfsck
