// Random access to a compressed archive, the hard way: by decompressing up to the place.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec/compress/decompress.h"
#include "core/fs/fd.h"
#include "core/run/cancel.h"

namespace dfsck {

// Streams of one compressed file. A stream that has given a range is kept, and goes on from there for a range that lies
// behind: whoever reads ranges in the order of their places decompresses the file once. Ranges read at the same time
// each have a stream of their own. Safe to use from many threads; must outlive what it opened.
class RewindPool {
 public:
  RewindPool(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string where, const DecompressLimits& limits,
             const Cancel& cancel);

  // `size` bytes of the decompressed file from `place` on. `where` is for messages.
  std::unique_ptr<ByteSource> open(uint64_t place, uint64_t size, std::string where);

 private:
  friend class PooledRange;
  struct Stream {
    std::unique_ptr<Decompressor> source;
    std::string_view piece;  // given by `source`, not used yet
    uint64_t position = 0;   // of the first byte of `piece`
  };
  static constexpr size_t kKept = 2;

  Stream take(uint64_t place);
  void give_back(Stream stream);

  std::shared_ptr<const Fd> fd_;
  uint64_t file_size_;
  std::string where_;
  DecompressLimits limits_;
  const Cancel& cancel_;
  std::mutex mutex_;
  std::vector<Stream> idle_;  // guarded by mutex_
};

}  // namespace dfsck
