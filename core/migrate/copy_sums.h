// Sums over things that come in any order, on any thread: what a unit's source looked like, and what is in its files.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/codec/crc64.h"
#include "core/fs/stat.h"

namespace dfsck {

// The sum of the hashes of a set of items, 128 bits. Thread-safe.
class SetSum {
 public:
  void add(std::string_view item);
  std::string hex() const;  // 32 digits

 private:
  std::atomic<uint64_t> low_{0};
  std::atomic<uint64_t> high_{0};
};

// What a unit's fingerprint has of one entry: all that lstat tells, the time of access apart.
std::string fingerprint_item(std::string_view path, const FileStat& stat);

// What a unit's content sum has of one file. `sum` is a BlockSum's.
std::string content_item(std::string_view path, uint64_t size, uint64_t sum);

// The sum of the CRCs of a file's blocks with their places. Blocks of zeros count nothing, so that it does not matter
// where a file has holes.
class BlockSum {
 public:
  // In ascending order; what is left out is zeros.
  void add(uint64_t offset, std::string_view bytes);
  // The sum for a file of this size. Ends it.
  uint64_t finish(uint64_t size);

 private:
  static constexpr uint64_t kBlock = 64 * 1024;

  void skip_to(uint64_t offset);
  void take(std::string_view bytes);
  void close_block();

  Crc64 crc_;
  uint64_t block_ = 0;  // its number
  uint64_t at_ = 0;     // bytes of it seen
  bool zero_ = true;    // all of those are zeros
  uint64_t sum_ = 0;
};

}  // namespace dfsck
