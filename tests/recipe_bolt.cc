// Lays out bbolt pages. Numbers are little-endian, as on every machine that these tests run on.
#include "tests/recipe_bolt.h"

#include <algorithm>
#include <cstdint>

namespace dfsck {
namespace {

constexpr size_t kPageSize = 4096;
constexpr uint16_t kLeaf = 2;
constexpr uint16_t kMeta = 4;
constexpr uint16_t kFreelist = 16;

template <typename T>
void put(std::string& bytes, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes += static_cast<char>((static_cast<uint64_t>(value) >> (8 * i)) & 0xFF);
  }
}

std::string page_header(uint64_t id, uint16_t flags, size_t count, size_t overflow) {
  std::string bytes;
  put<uint64_t>(bytes, id);
  put<uint16_t>(bytes, flags);
  put(bytes, static_cast<uint16_t>(count));
  put(bytes, static_cast<uint32_t>(overflow));
  return bytes;
}

std::string padded_page(std::string bytes) {
  bytes.resize((bytes.size() + kPageSize - 1) / kPageSize * kPageSize, '\0');
  return bytes;
}

class Writer {
 public:
  // Appends the bucket's page after those of its children; returns its page id.
  uint64_t add(const BoltBucket& bucket) {
    struct Element {
      std::string value;
      uint32_t flags;
    };
    std::map<std::string, Element> elements;
    for (const auto& [key, value] : bucket.values) {
      elements[key] = {value, 0};
    }
    for (const auto& [key, child] : bucket.buckets) {
      Element element{{}, 1};
      put<uint64_t>(element.value, add(child));
      put<uint64_t>(element.value, 0);
      elements[key] = element;
    }
    std::string table;
    std::string data;
    size_t left = elements.size();
    for (const auto& [key, element] : elements) {
      put<uint32_t>(table, element.flags);
      put(table, static_cast<uint32_t>(16 * left-- + data.size()));
      put(table, static_cast<uint32_t>(key.size()));
      put(table, static_cast<uint32_t>(element.value.size()));
      data += key + element.value;
    }
    const uint64_t id = next_;
    const size_t pages = std::max<size_t>(1, (16 + table.size() + data.size() + kPageSize - 1) / kPageSize);
    pages_ += padded_page(page_header(id, kLeaf, elements.size(), pages - 1) + table + data);
    next_ += pages;
    return id;
  }

  std::string finish(uint64_t root) const {
    std::string file = meta(0, root) + meta(1, root) + padded_page(page_header(2, kFreelist, 0, 0)) + pages_;
    file.resize(std::max<size_t>(file.size(), 32 * 1024), '\0');
    return file;
  }

 private:
  std::string meta(uint64_t transaction, uint64_t root) const {
    std::string body;
    put<uint32_t>(body, 0xED0CDAED);
    put<uint32_t>(body, 2);
    put<uint32_t>(body, kPageSize);
    put<uint32_t>(body, 0);
    put<uint64_t>(body, root);
    put<uint64_t>(body, 0);
    put<uint64_t>(body, 2);
    put<uint64_t>(body, next_);
    put<uint64_t>(body, transaction);
    uint64_t checksum = 0xcbf29ce484222325;
    for (const char c : body) {
      checksum = (checksum ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    put<uint64_t>(body, checksum);
    return padded_page(page_header(transaction, kMeta, 0, 0) + body);
  }

  std::string pages_;
  uint64_t next_ = 3;
};

}  // namespace

std::string bolt_file(const BoltBucket& root) {
  Writer writer;
  const uint64_t page = writer.add(root);
  return writer.finish(page);
}

}  // namespace dfsck
