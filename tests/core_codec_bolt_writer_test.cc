// A database that we write must be one that our own reader, and its page check, find nothing wrong with.
#include "core/codec/bolt_writer.h"

#include <gtest/gtest.h>

#include "core/codec/bolt.h"
#include "core/codec/bolt_check.h"

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

TEST(BoltWriter, ASmallDatabase) {
  const BoltFile file = written({{"volumes", {{"b", "2"}, {"a", "1"}, {"empty", ""}}}});
  const Result<BoltBucket> root = file.root();
  ASSERT_TRUE(root);
  ASSERT_EQ(root->entries.size(), 1U);
  const BoltBucket* bucket = root->bucket("volumes");
  ASSERT_NE(bucket, nullptr);
  ASSERT_EQ(bucket->entries.size(), 3U);
  EXPECT_EQ(bucket->value("a"), "1");
  EXPECT_EQ(bucket->value("empty"), "");
  EXPECT_EQ(file.bytes().size(), 32U * 1024);
}

TEST(BoltWriter, NothingAtAll) {
  EXPECT_TRUE(written({}).root()->entries.empty());
  EXPECT_TRUE(written({{"volumes", {}}}).root()->bucket("volumes")->entries.empty());
}

TEST(BoltWriter, PagesThatSpanManyAndSeveralBuckets) {
  BoltContent content;
  for (int i = 0; i < 3000; ++i) {
    content["many"]["key" + std::to_string(i)] = std::string(static_cast<size_t>(i % 200), 'v');
  }
  content["large"]["one"] = std::string(100'000, 'x');
  const BoltFile file = written(content);
  const Result<BoltBucket> root = file.root();
  ASSERT_TRUE(root);
  EXPECT_EQ(root->bucket("many")->entries.size(), 3000U);
  EXPECT_EQ(root->bucket("many")->value("key199"), std::string(199, 'v'));
  EXPECT_EQ(root->bucket("large")->value("one"), std::string(100'000, 'x'));
}

TEST(BoltWriter, RefusesWhatBboltRefuses) {
  EXPECT_FALSE(write_bolt({{"volumes", {{"", "x"}}}}));
  EXPECT_FALSE(write_bolt({{"", {}}}));
  BoltContent many;
  for (int i = 0; i < 65536; ++i) {
    many["bucket"][std::to_string(i)] = "";
  }
  const Result<std::string> bytes = write_bolt(many);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().kind, Error::Kind::Limit);
}

}  // namespace
}  // namespace dfsck
