// Additions modulo 2^64.
#include "core/migrate/copy_sums.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "core/codec/digest.h"

namespace dfsck {
namespace {

uint64_t word_at(const std::array<uint8_t, 32>& digest, size_t at) {
  uint64_t word = 0;
  std::memcpy(&word, digest.data() + at, sizeof word);
  return word;
}

void put(std::string& item, uint64_t number) { item.append(reinterpret_cast<const char*>(&number), sizeof number); }

bool all_zero(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

// A sum and not a hash of a list: entries come from many threads in any order. Two words of SHA-256, so that nobody
// makes two trees of one sum by chance.
void SetSum::add(std::string_view item) {
  Sha256 hash;
  hash.update(item);
  const std::array<uint8_t, 32> digest = hash.finish();
  low_.fetch_add(word_at(digest, 0), std::memory_order_relaxed);
  high_.fetch_add(word_at(digest, 8), std::memory_order_relaxed);
}

std::string SetSum::hex() const {
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx", static_cast<unsigned long long>(high_.load()),
                static_cast<unsigned long long>(low_.load()));
  return text.data();
}

// With inode and time of change, which no program can set: a file that was replaced or rewritten with its old size
// and time of modification still gives another sum.
std::string fingerprint_item(std::string_view path, const FileStat& stat) {
  std::string item;
  item.reserve(path.size() + 128);
  item.append(path);
  item.push_back('\0');
  for (const uint64_t number :
       {uint64_t{stat.mode}, uint64_t{stat.uid}, uint64_t{stat.gid}, stat.links, stat.size, stat.inode,
        uint64_t{stat.rdev_major}, uint64_t{stat.rdev_minor}, static_cast<uint64_t>(stat.mtime.seconds),
        static_cast<uint64_t>(stat.mtime.nanoseconds), static_cast<uint64_t>(stat.ctime.seconds),
        static_cast<uint64_t>(stat.ctime.nanoseconds)}) {
    put(item, number);
  }
  return item;
}

std::string content_item(std::string_view path, uint64_t size, uint64_t sum) {
  std::string item(path);
  item.push_back('\0');
  put(item, size);
  put(item, sum);
  return item;
}

// Blocks count by their number, so a sum of sums cannot be deceived by blocks that changed places.
void BlockSum::add(uint64_t offset, std::string_view bytes) {
  skip_to(offset);
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, kBlock - at_);
    take(part);
    bytes.remove_prefix(part.size());
  }
}

uint64_t BlockSum::finish(uint64_t size) {
  skip_to(size);
  close_block();
  return sum_;
}

void BlockSum::skip_to(uint64_t offset) {
  static constexpr std::array<char, 4096> kZeros{};
  const auto take_zeros = [this](uint64_t count) {
    while (count > 0) {
      const auto part = static_cast<size_t>(std::min<uint64_t>(count, kZeros.size()));
      take({kZeros.data(), part});
      count -= part;
    }
  };
  if (offset / kBlock != block_) {
    if (at_ > 0) {
      take_zeros(kBlock - at_);
    }
    block_ = offset / kBlock;
  }
  take_zeros(offset % kBlock - at_);
}

void BlockSum::take(std::string_view bytes) {
  crc_.update(bytes.data(), bytes.size());
  zero_ = zero_ && all_zero(bytes);
  at_ += bytes.size();
  if (at_ == kBlock) {
    close_block();
    ++block_;
  }
}

// Multiplications by odd constants and a shift spread each CRC over all bits before they are added.
void BlockSum::close_block() {
  if (!zero_) {
    const uint64_t mixed = (crc_.value() ^ (block_ * 0x9e3779b97f4a7c15)) * 0xd6e8feb86659fd93;
    sum_ += mixed ^ (mixed >> 32);
  }
  crc_ = Crc64();
  at_ = 0;
  zero_ = true;
}

}  // namespace dfsck
