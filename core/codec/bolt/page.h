// One page of a bbolt file, its bounds checked once, so that its elements can be read without further care.
//
// Facts: bbolt internal/common/page.go. A page is a 16-byte header {u64 id, u16 flags, u16 count, u32 overflow} at
// id * page size, in the byte order of the host that wrote the file, followed by `count` elements of 16 bytes
// (8 in a freelist) and their data. It spans overflow + 1 pages.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace dfsck {

using BoltPageId = uint64_t;

struct BoltLayout {
  uint32_t page_size = 4096;  // a power of two, 1024 to 16 MiB
  std::endian order = std::endian::little;
  friend bool operator==(const BoltLayout&, const BoltLayout&) = default;
};

// The unsigned integer in the sizeof(T) bytes at `at`, which must be inside of `bytes`.
template <typename T>
T bolt_integer(std::string_view bytes, size_t at, std::endian order);

struct BoltLeafElement {
  std::string_view key;
  std::string_view value;
  bool is_bucket = false;  // `value` is a bucket header (root page, sequence) and perhaps an inline page
};

struct BoltBranchElement {
  std::string_view key;  // the smallest key of the child, or something smaller
  BoltPageId child = 0;
};

class BoltPage {
 public:
  enum class Kind { Branch, Leaf, Freelist };
  static constexpr size_t kHeaderSize = 16;
  static constexpr size_t kElementSize = 16;
  static constexpr size_t kBucketSize = 16;  // value of a bucket: u64 root page, u64 sequence; an inline page follows

  // Page `id` of a file. Error Format (place "page N", the reason as detail) if it lies outside of the file, its header
  // names another id, its type is none of the three, or anything in it points outside of it. Keys may be in any order.
  static Result<BoltPage> parse(std::string_view file, const BoltLayout& layout, BoltPageId id);
  // The page image of an inline bucket in page `host`; must be a leaf. `bytes` is the image and nothing more.
  static Result<BoltPage> parse_inline(std::string_view bytes, std::endian order, BoltPageId host);

  BoltPageId id() const { return id_; }
  Kind kind() const { return kind_; }
  uint64_t span() const { return span_; }    // number of pages that it covers, 1 or more
  uint64_t count() const { return count_; }  // elements, or page ids of a freelist

  // `index` < count(); only for a page of that kind. Views point into the bytes that were parsed.
  BoltLeafElement leaf(uint64_t index) const;
  BoltBranchElement branch(uint64_t index) const;
  BoltPageId free_id(uint64_t index) const;

 private:
  BoltPage(std::string_view bytes, std::endian order) : bytes_(bytes), order_(order) {}
  static Result<BoltPage> parse_body(BoltPage page);
  const char* find_fault();  // reads count and kind; the reason why the page cannot be read, or null
  const char* find_freelist_fault(uint64_t room);

  std::string_view bytes_;  // from the header to the end of the last overflow page
  std::endian order_;
  BoltPageId id_ = 0;
  Kind kind_ = Kind::Leaf;
  uint64_t span_ = 1;
  uint64_t count_ = 0;
};

// --- inline ---

template <typename T>
T bolt_integer(std::string_view bytes, size_t at, std::endian order) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    const size_t shift = 8 * (order == std::endian::little ? i : sizeof(T) - 1 - i);
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(static_cast<uint8_t>(bytes[at + i])) << shift));
  }
  return value;
}

}  // namespace dfsck
