// Lays out a valid bbolt file: full pages, children before their parents, nothing free.
// Facts: bbolt db.go:init, node.go:write and split, bucket.go:inlineable, internal/common/{page,meta,bucket}.go.
#include "core/codec/bolt/writer.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/try.h"
#include "core/codec/bolt/meta.h"
#include "core/codec/bolt/page.h"

namespace dfsck {
namespace {

constexpr size_t kPageSize = 4096;
// What bbolt grows a new file to at its first write (db.go:mmapSize).
constexpr size_t kSmallestFile = 32 * 1024;
// bucket.go:inlineable: a bucket without buckets in it that fills no more than a quarter of a page lies in its
// parent's.
constexpr size_t kMostInline = kPageSize / 4;
constexpr size_t kMostElements = 0xffff;  // of one page
constexpr size_t kMostKeyBytes = 32768;
constexpr size_t kMostBytesWritten = 256U << 20;
constexpr size_t kMostDepth = 32;
constexpr uint64_t kFirstFree = 3;  // after two meta pages and the freelist
constexpr uint16_t kBranchPage = 0x01;
constexpr uint16_t kLeafPage = 0x02;
constexpr uint16_t kMetaPage = 0x04;
constexpr uint16_t kFreelistPage = 0x10;
constexpr uint32_t kIsBucket = 1;

template <typename T>
void append_value(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof raw);  // bbolt writes in the host's byte order
  bytes.append(raw, sizeof raw);
}

void append_page_header(std::string& bytes, uint64_t id, uint16_t flags, size_t count, size_t overflow) {
  append_value<uint64_t>(bytes, id);
  append_value<uint16_t>(bytes, flags);
  append_value<uint16_t>(bytes, static_cast<uint16_t>(count));
  append_value<uint32_t>(bytes, static_cast<uint32_t>(overflow));
}

void pad(std::string& bytes, size_t multiple) { bytes.resize((bytes.size() + multiple - 1) / multiple * multiple); }

std::string meta_page(uint64_t id, uint64_t root, uint64_t sequence, uint64_t pages) {
  std::string body;
  append_value<uint32_t>(body, 0xed0cdaed);  // magic
  append_value<uint32_t>(body, 2);           // version
  append_value<uint32_t>(body, kPageSize);
  append_value<uint32_t>(body, 0);  // flags
  append_value<uint64_t>(body, root);
  append_value<uint64_t>(body, sequence);
  append_value<uint64_t>(body, 2);      // freelist
  append_value<uint64_t>(body, pages);  // high-water mark
  append_value<uint64_t>(body, id);     // transaction: meta page = txid mod 2
  append_value<uint64_t>(body, bolt_checksum(body));
  std::string page;
  append_page_header(page, id, kMetaPage, 0, 0);
  page += body;
  pad(page, kPageSize);
  return page;
}

struct Item {
  std::string_view key;
  std::string value;  // of a branch page's item: nothing
  uint32_t flags = 0;
  uint64_t child = 0;  // of a branch page's item

  size_t size() const { return BoltPage::kElementSize + key.size() + value.size(); }
};

// The page with its header, not padded. An inline bucket is such a page with the id 0.
// An element's position counts from that element to its key: over the elements that follow it and over the data before.
std::string page_image(uint64_t id, uint16_t type, std::span<const Item> items) {
  std::string elements;
  std::string data;
  for (size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    const auto position = static_cast<uint32_t>(BoltPage::kElementSize * (items.size() - i) + data.size());
    const auto key_size = static_cast<uint32_t>(item.key.size());
    if (type == kLeafPage) {
      append_value<uint32_t>(elements, item.flags);
      append_value<uint32_t>(elements, position);
      append_value<uint32_t>(elements, key_size);
      append_value<uint32_t>(elements, static_cast<uint32_t>(item.value.size()));
    } else {
      append_value<uint32_t>(elements, position);
      append_value<uint32_t>(elements, key_size);
      append_value<uint64_t>(elements, item.child);
    }
    data += item.key;
    data += item.value;
  }
  const size_t size = BoltPage::kHeaderSize + elements.size() + data.size();
  std::string page;
  // Overflow is the number of pages beyond the first; an exact fit needs none.
  append_page_header(page, id, type, items.size(), (size - 1) / kPageSize);
  page += elements;
  page += data;
  return page;
}

// How many of the first items go into one page: as many as fit, but at least `fewest`, which may take several pages.
// What would be left over for the next page is never a single item if `fewest` is two.
// Pages are filled to the brim, where bbolt fills half (DefaultFillPercent): it splits what has become too full when it
// next writes it.
size_t items_of_page(std::span<const Item> items, size_t fewest) {
  size_t bytes = BoltPage::kHeaderSize;
  size_t count = 0;
  while (count < items.size() && count < kMostElements) {
    bytes += items[count].size();
    if (count >= fewest && bytes > kPageSize) {
      break;
    }
    ++count;
  }
  const size_t left = items.size() - count;
  if (left == 0 || left >= fewest) {
    return count;
  }
  return count > fewest ? count - 1 : items.size();
}

class Pages {
 public:
  // Adds the bucket with all that is in it; returns its root page.
  // Buckets inside are written while their parent's items are made, so that children have page ids before anybody names
  // them.
  uint64_t add_bucket(const BoltContent& bucket) {
    const std::vector<Item> items = leaf_items(bucket);
    return add_level(kLeafPage, items, 1);
  }

  uint64_t next_page() const { return kFirstFree + bytes_.size() / kPageSize; }
  std::string take() { return std::move(bytes_); }

 private:
  std::vector<Item> leaf_items(const BoltContent& bucket) {
    std::vector<Item> items;
    for (const auto& [key, value] : bucket.values) {
      // One key is either a value or a bucket; bbolt has one name space for both.
      if (!bucket.buckets.contains(key)) {
        items.push_back({key, value, 0, 0});
      }
    }
    for (const auto& [key, child] : bucket.buckets) {
      items.push_back({key, bucket_value(child), kIsBucket, 0});
    }
    // Bytewise, as bytes.Compare: std::string compares by char_traits, which are unsigned.
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.key < b.key; });
    return items;
  }

  // The bucket's header, with the bucket itself where bbolt would keep it inside of its parent too.
  std::string bucket_value(const BoltContent& bucket) {
    size_t bytes = BoltPage::kHeaderSize;
    for (const auto& [key, value] : bucket.values) {
      bytes += BoltPage::kElementSize + key.size() + value.size();
    }
    const bool is_inline = bucket.buckets.empty() && bytes <= kMostInline;
    std::string value;
    append_value<uint64_t>(value, is_inline ? 0 : add_bucket(bucket));
    append_value<uint64_t>(value, bucket.sequence);
    if (is_inline) {
      value += page_image(0, kLeafPage, leaf_items(bucket));
    }
    return value;
  }

  // bbolt takes it for granted that a branch page has two children.
  // Level by level from the leaves up: when a level fits into one page, that page is the root.
  uint64_t add_level(uint16_t type, std::span<const Item> items, size_t fewest) {
    std::vector<Item> parents;
    do {
      const std::span<const Item> page = items.first(items_of_page(items, fewest));
      items = items.subspan(page.size());
      parents.push_back({page.empty() ? std::string_view() : page.front().key, "", 0, next_page()});
      bytes_ += page_image(next_page(), type, page);
      pad(bytes_, kPageSize);
    } while (!items.empty());
    return parents.size() == 1 ? parents.front().child : add_level(kBranchPage, parents, 2);
  }

  std::string bytes_;
};

Result<void> check_key(const std::string& key) {
  if (key.empty()) {
    return format_error("write database", "", "a key is empty");
  }
  return key.size() <= kMostKeyBytes ? Result<void>() : format_error("write database", "", "a key is too long");
}

Result<void> check_content(const BoltContent& bucket, size_t depth, size_t& bytes) {
  if (depth > kMostDepth) {
    return limit_error("write database", "", "too many buckets inside of one another");
  }
  for (const auto& [key, value] : bucket.values) {
    bytes += BoltPage::kElementSize + key.size() + value.size();
    TRY(check_key(key));
  }
  for (const auto& [key, child] : bucket.buckets) {
    bytes += BoltPage::kElementSize + 2 * BoltPage::kHeaderSize + key.size();
    TRY(check_key(key));
    TRY(check_content(child, depth + 1, bytes));
  }
  return bytes <= kMostBytesWritten ? Result<void>() : limit_error("write database", "", "too much data");
}

}  // namespace

Result<std::string> write_bolt(const BoltContent& root) {
  size_t bytes = 0;
  TRY(check_content(root, 0, bytes));
  if (!root.values.empty()) {
    return format_error("write database", "", "a value stands at the top");
  }
  Pages pages;
  const uint64_t top = pages.add_bucket(root);
  // Both meta pages say the same, with transactions 0 and 1: whichever a torn write spoils later, the other leads to
  // the same tree.
  const uint64_t high_water = pages.next_page();
  std::string file = meta_page(0, top, root.sequence, high_water) + meta_page(1, top, root.sequence, high_water);
  append_page_header(file, 2, kFreelistPage, 0, 0);
  pad(file, kPageSize);
  file += pages.take();
  file.resize(std::max(file.size(), kSmallestFile));
  return file;
}

}  // namespace dfsck
