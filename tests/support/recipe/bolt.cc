// Lays nested buckets out with BoltBuilder, one leaf page each.
#include "tests/support/recipe/bolt.h"

#include <algorithm>
#include <vector>

#include "tests/support/bolt_builder.h"

namespace dfsck {
namespace {

// Adds the bucket's page after those of its children; returns its page id.
uint64_t add_bucket(test::BoltBuilder& builder, const RecipeBucket& bucket) {
  std::map<std::string, test::BoltBuilder::Item> items;
  for (const auto& [key, value] : bucket.values) {
    items[key] = {key, value, 0};
  }
  for (const auto& [key, child] : bucket.buckets) {
    items[key] = builder.bucket(key, add_bucket(builder, child));
  }
  std::vector<test::BoltBuilder::Item> sorted;
  for (const auto& [key, item] : items) {
    sorted.push_back(item);
  }
  return builder.add_leaf(sorted);
}

}  // namespace

std::string bolt_file(const RecipeBucket& root, size_t leaked) {
  constexpr size_t kSmallestFile = 32 * 1024;
  test::BoltBuilder builder;
  const uint64_t page = add_bucket(builder, root);
  for (size_t i = 0; i < leaked; ++i) {
    builder.add_leaked();
  }
  std::string file = builder.build(page);
  file.resize(std::max(file.size(), kSmallestFile), '\0');
  return file;
}

}  // namespace dfsck
