// Fuzzes the bbolt reader and page check. The input is a file without good meta checksums, which no fuzzer would
// guess: they are put in here, so that what lies behind them is reached. What can be salvaged of it is written again,
// which fails only for keys that bbolt refuses and for too many buckets inside of one another.
#include <cstdlib>

#include "core/codec/bolt/check.h"
#include "core/codec/bolt/salvage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

constexpr size_t kPageSize = 1024;
constexpr size_t kBody = 16;
constexpr size_t kChecked = 56;

void seal_meta(std::string& file, size_t page) {
  if (file.size() < page + kBody + kChecked + 8) {
    return;
  }
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < kChecked; ++i) {
    hash = (hash ^ static_cast<uint8_t>(file[page + kBody + i])) * 0x100000001b3;
  }
  const bool big = file[page + kBody] == '\xed' && file[page + kBody + 1] == '\x0c';
  for (size_t i = 0; i < 8; ++i) {
    file[page + kBody + kChecked + i] = static_cast<char>(hash >> (8 * (big ? 7 - i : i)));
  }
}

// Touches every byte that the tree shows; keys must be ascending, and look-up must find each.
void visit(const dfsck::BoltBucket& bucket, uint64_t& sum) {
  const dfsck::BoltEntry* previous = nullptr;
  for (const dfsck::BoltEntry& entry : bucket.entries) {
    if ((previous != nullptr && !(previous->key < entry.key)) || bucket.find(entry.key) != &entry) {
      std::abort();
    }
    previous = &entry;
    for (const char c : entry.key) {
      sum += static_cast<uint8_t>(c);
    }
    for (const char c : entry.value) {
      sum += static_cast<uint8_t>(c);
    }
    if (entry.bucket != nullptr) {
      visit(*entry.bucket, sum);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  seal_meta(bytes, 0);
  seal_meta(bytes, kPageSize);
  const dfsck::Result<dfsck::BoltFile> file = dfsck::BoltFile::open(std::move(bytes));
  if (!file) {
    std::abort();
  }
  uint64_t sum = 0;
  const dfsck::BoltTree tree = file->load();
  visit(tree.root, sum);
  for (const dfsck::BoltPage& page : file->readable_pages()) {
    for (uint64_t i = 0; i < page.count(); ++i) {
      sum += page.kind() == dfsck::BoltPage::Kind::Leaf ? page.leaf(i).value.size() : page.branch(i).key.size();
    }
  }
  const std::vector<dfsck::BoltProblem> problems = dfsck::check_bolt(*file, tree);
  const bool strict = static_cast<bool>(file->root());
  if (strict != tree.problems.empty() || problems.size() < tree.problems.size() ||
      (tree.problems.empty() && !tree.root.complete)) {
    std::abort();
  }
  const dfsck::BoltHome home{"b", [](std::string_view key, std::string_view) { return !key.empty(); }};
  const dfsck::BoltSalvage salvage = dfsck::salvage_bolt(*file, home);
  const dfsck::BoltContent content = dfsck::content_of(salvage.root);
  const dfsck::Result<std::string> written = dfsck::write_bolt(content);
  if (written && !dfsck::write_checked_bolt(content)) {
    std::abort();
  }
  return sum == 1 ? -1 : 0;
}
