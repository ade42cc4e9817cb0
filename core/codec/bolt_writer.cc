// The simplest valid bbolt file: no branch pages (a leaf page may span many pages), no inline buckets, nothing free.
// Facts: bbolt db.go:init, internal/common/{page,meta,bucket}.go.
#include "core/codec/bolt_writer.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace dfsck {
namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kHeader = 16;
constexpr size_t kElement = 16;
constexpr size_t kSmallestFile = 32 * 1024;
constexpr size_t kMostKeys = 65535;
constexpr size_t kMostBytes = 256U << 20;
constexpr uint16_t kMetaPage = 0x04;
constexpr uint16_t kLeafPage = 0x02;
constexpr uint16_t kFreelistPage = 0x10;
constexpr uint32_t kIsBucket = 1;

template <typename T>
void append(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof raw);  // bbolt writes in the host's byte order
  bytes.append(raw, sizeof raw);
}

void append_page_header(std::string& bytes, uint64_t id, uint16_t flags, size_t count, size_t overflow) {
  append<uint64_t>(bytes, id);
  append<uint16_t>(bytes, flags);
  append<uint16_t>(bytes, static_cast<uint16_t>(count));
  append<uint32_t>(bytes, static_cast<uint32_t>(overflow));
}

void pad(std::string& bytes, size_t multiple) {
  bytes.resize((bytes.size() + multiple - 1) / multiple * multiple);
}

uint64_t fnv1a(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return hash;
}

std::string meta_page(uint64_t id, uint64_t root, uint64_t pages) {
  std::string body;
  append<uint32_t>(body, 0xed0cdaed);  // magic
  append<uint32_t>(body, 2);           // version
  append<uint32_t>(body, kPageSize);
  append<uint32_t>(body, 0);  // flags
  append<uint64_t>(body, root);
  append<uint64_t>(body, 0);      // sequence of the root bucket
  append<uint64_t>(body, 2);      // freelist
  append<uint64_t>(body, pages);  // high-water mark
  append<uint64_t>(body, id);     // transaction: meta page = txid mod 2
  append<uint64_t>(body, fnv1a(body));
  std::string page;
  append_page_header(page, id, kMetaPage, 0, 0);
  page += body;
  pad(page, kPageSize);
  return page;
}

// A leaf page with everything in `entries`, as many pages long as it takes.
std::string leaf_page(uint64_t id, const std::map<std::string, std::string>& entries, uint32_t flags) {
  std::string elements;
  std::string data;
  size_t index = 0;
  for (const auto& [key, value] : entries) {
    append<uint32_t>(elements, flags);
    append<uint32_t>(elements, static_cast<uint32_t>(kElement * (entries.size() - index) + data.size()));
    append<uint32_t>(elements, static_cast<uint32_t>(key.size()));
    append<uint32_t>(elements, static_cast<uint32_t>(value.size()));
    data += key;
    data += value;
    ++index;
  }
  const size_t bytes = kHeader + elements.size() + data.size();
  std::string page;
  append_page_header(page, id, kLeafPage, entries.size(), (bytes - 1) / kPageSize);
  page += elements;
  page += data;
  pad(page, kPageSize);
  return page;
}

Result<void> check_limits(const BoltContent& content) {
  size_t bytes = 0;
  for (const auto& [name, entries] : content) {
    if (entries.size() > kMostKeys || content.size() > kMostKeys) {
      return limit_error("write database", "", "more than 65535 keys in one bucket");
    }
    if (name.empty() || entries.contains("")) {
      return format_error("write database", "", "a key is empty");
    }
    for (const auto& [key, value] : entries) {
      bytes += kElement + key.size() + value.size();
    }
  }
  return bytes <= kMostBytes ? Result<void>() : limit_error("write database", "", "too much data");
}

}  // namespace

Result<std::string> write_bolt(const BoltContent& content) {
  if (const Result<void> fits = check_limits(content); !fits) {
    return fits.error();
  }
  constexpr uint64_t kFirstFree = 3;  // after two meta pages and the freelist
  std::string leaves;
  std::map<std::string, std::string> root_entries;
  const auto next_page = [&] { return kFirstFree + leaves.size() / kPageSize; };
  for (const auto& [name, entries] : content) {
    std::string header;
    append<uint64_t>(header, next_page());
    append<uint64_t>(header, 0);  // sequence
    root_entries[name] = std::move(header);
    leaves += leaf_page(next_page(), entries, 0);
  }
  const uint64_t root = next_page();
  leaves += leaf_page(root, root_entries, kIsBucket);

  std::string file = meta_page(0, root, next_page()) + meta_page(1, root, next_page());
  append_page_header(file, 2, kFreelistPage, 0, 0);
  pad(file, kPageSize);
  file += leaves;
  file.resize(std::max(file.size(), kSmallestFile));
  return file;
}

}  // namespace dfsck
