// Makes small bbolt files for tests, page by page, in either byte order, so that any damage can be planted.
//
// Independent of core/codec/bolt on purpose: it knows the format by itself. Tests edit the bytes that build() returns.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dfsck::test {

class BoltBuilder {
 public:
  struct Item {
    std::string key;
    std::string value;
    uint32_t flags = 0;
  };
  struct Child {
    std::string key;
    uint64_t page = 0;
  };

  explicit BoltBuilder(uint32_t page_size = 4096, std::endian order = std::endian::little);

  // Appends a page and returns its id, from 2 up. A page that is too small for its items gets overflow pages.
  uint64_t add_leaf(const std::vector<Item>& items);
  uint64_t add_branch(const std::vector<Child>& children);
  uint64_t add_free();    // an unused page that the freelist names
  uint64_t add_leaked();  // an unused page that nothing names

  // Leaf items that are buckets.
  Item bucket(std::string_view key, uint64_t root_page, uint64_t sequence = 0) const;
  Item inline_bucket(std::string_view key, const std::vector<Item>& items, uint64_t sequence = 0) const;

  // What the freelist names besides the pages of add_free(): for ids that do not belong there.
  void also_free(uint64_t page) { free_.push_back(page); }
  void store_no_freelist() { stores_freelist_ = false; }
  // Writes the count of the freelist as bbolt does for 65535 ids and more.
  void use_long_freelist() { long_freelist_ = true; }

  // The file, with its freelist as the last page and two metas of txid 6 and 7 that name `root`.
  std::string build(uint64_t root, uint64_t root_sequence = 0);

  // Overwrites an integer in a built file, in the builder's byte order.
  void poke16(std::string& file, size_t at, uint16_t value) const { put(file, at, value, 2); }
  void poke32(std::string& file, size_t at, uint32_t value) const { put(file, at, value, 4); }
  void poke64(std::string& file, size_t at, uint64_t value) const { put(file, at, value, 8); }
  size_t at(uint64_t page) const { return static_cast<size_t>(page * page_size_); }
  // Gives meta page 0 or 1 the checksum that its bytes demand.
  void seal_meta(std::string& file, size_t which) const;

 private:
  void put(std::string& bytes, size_t at, uint64_t value, size_t size) const;
  std::string leaf_image(const std::vector<Item>& items) const;
  uint64_t append(std::string image);
  uint64_t next_id() const { return pages_.size() / page_size_; }
  std::string freelist_image() const;
  void write_meta(std::string& file, uint64_t txid, uint64_t root, uint64_t sequence, uint64_t freelist) const;

  uint32_t page_size_;
  std::endian order_;
  std::string pages_;  // the file so far; the first two pages stay empty until build()
  std::vector<uint64_t> free_;
  bool stores_freelist_ = true;
  bool long_freelist_ = false;
};

}  // namespace dfsck::test
