// The bbolt format, written out once more.
#include "tests/support/bolt_builder.h"

namespace dfsck::test {
namespace {

constexpr size_t kHeader = 16;
constexpr size_t kElement = 16;

}  // namespace

BoltBuilder::BoltBuilder(uint32_t page_size, std::endian order)
    : page_size_(page_size), order_(order), pages_(size_t{2} * page_size, '\0') {}

void BoltBuilder::put(std::string& bytes, size_t at, uint64_t value, size_t size) const {
  for (size_t i = 0; i < size; ++i) {
    const size_t place = order_ == std::endian::little ? i : size - 1 - i;
    bytes.at(at + place) = static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

std::string BoltBuilder::leaf_image(const std::vector<Item>& items) const {
  std::string image(kHeader + kElement * items.size(), '\0');
  put(image, 8, 0x02, 2);
  put(image, 10, items.size(), 2);
  for (size_t i = 0; i < items.size(); ++i) {
    const size_t element = kHeader + kElement * i;
    put(image, element, items[i].flags, 4);
    put(image, element + 4, image.size() - element, 4);
    put(image, element + 8, items[i].key.size(), 4);
    put(image, element + 12, items[i].value.size(), 4);
    image += items[i].key + items[i].value;
  }
  return image;
}

uint64_t BoltBuilder::append(std::string image) {
  const uint64_t id = next_id();
  const size_t span = (image.size() + page_size_ - 1) / page_size_;
  image.resize(span * page_size_);
  put(image, 0, id, 8);
  put(image, 12, span - 1, 4);
  pages_ += image;
  return id;
}

uint64_t BoltBuilder::add_leaf(const std::vector<Item>& items) { return append(leaf_image(items)); }

uint64_t BoltBuilder::add_branch(const std::vector<Child>& children) {
  std::string image(kHeader + kElement * children.size(), '\0');
  put(image, 8, 0x01, 2);
  put(image, 10, children.size(), 2);
  for (size_t i = 0; i < children.size(); ++i) {
    const size_t element = kHeader + kElement * i;
    put(image, element, image.size() - element, 4);
    put(image, element + 4, children[i].key.size(), 4);
    put(image, element + 8, children[i].page, 8);
    image += children[i].key;
  }
  return append(std::move(image));
}

uint64_t BoltBuilder::add_free() {
  free_.push_back(next_id());
  return add_leaked();
}

uint64_t BoltBuilder::add_leaked() {
  const uint64_t id = next_id();
  pages_.append(page_size_, '\0');
  return id;
}

BoltBuilder::Item BoltBuilder::bucket(std::string_view key, uint64_t root_page, uint64_t sequence) const {
  std::string value(16, '\0');
  put(value, 0, root_page, 8);
  put(value, 8, sequence, 8);
  return {std::string(key), value, 1};
}

BoltBuilder::Item BoltBuilder::inline_bucket(std::string_view key, const std::vector<Item>& items,
                                             uint64_t sequence) const {
  Item item = bucket(key, 0, sequence);
  item.value += leaf_image(items);
  return item;
}

std::string BoltBuilder::freelist_image() const {
  const size_t extra = long_freelist_ ? 1 : 0;
  std::string image(kHeader + 8 * (free_.size() + extra), '\0');
  put(image, 8, 0x10, 2);
  put(image, 10, long_freelist_ ? 0xffff : free_.size(), 2);
  if (long_freelist_) {
    put(image, kHeader, free_.size(), 8);
  }
  for (size_t i = 0; i < free_.size(); ++i) {
    put(image, kHeader + 8 * (i + extra), free_[i], 8);
  }
  return image;
}

std::string BoltBuilder::build(uint64_t root, uint64_t root_sequence) {
  const uint64_t freelist = stores_freelist_ ? append(freelist_image()) : 0xffffffffffffffff;
  std::string file = pages_;
  write_meta(file, 6, root, root_sequence, freelist);
  write_meta(file, 7, root, root_sequence, freelist);
  return file;
}

void BoltBuilder::write_meta(std::string& file, uint64_t txid, uint64_t root, uint64_t sequence,
                             uint64_t freelist) const {
  const size_t which = static_cast<size_t>(txid % 2);
  const size_t page = which * page_size_;
  const size_t body = page + kHeader;
  put(file, page, which, 8);
  put(file, page + 8, 0x04, 2);
  put(file, body, 0xed0cdaed, 4);
  put(file, body + 4, 2, 4);
  put(file, body + 8, page_size_, 4);
  put(file, body + 16, root, 8);
  put(file, body + 24, sequence, 8);
  put(file, body + 32, freelist, 8);
  put(file, body + 40, next_id(), 8);
  put(file, body + 48, txid, 8);
  seal_meta(file, which);
}

void BoltBuilder::seal_meta(std::string& file, size_t which) const {
  const size_t body = which * page_size_ + kHeader;
  uint64_t hash = 14695981039346656037U;
  for (size_t i = 0; i < 56; ++i) {
    hash = (hash ^ static_cast<unsigned char>(file.at(body + i))) * 1099511628211U;
  }
  put(file, body + 56, hash, 8);
}

}  // namespace dfsck::test
