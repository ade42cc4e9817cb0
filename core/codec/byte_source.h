// Streams of bytes that are pulled, piece by piece and without copying.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

// Where bytes come from. Not thread-safe; sources that share a file or an archive may be read from several threads.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // The next piece, of any length, valid until the next call; empty at the end and ever after. After an error nothing
  // but that error follows.
  virtual Result<std::string_view> next() = 0;

  // Leaves out up to `bytes` of what would come next if that is cheaper than reading it. Gives how many were left out:
  // none where the source cannot do it.
  virtual Result<uint64_t> skip(uint64_t bytes) {
    static_cast<void>(bytes);
    return uint64_t{0};
  }
};

// Bytes in memory, which must stay.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}

  Result<std::string_view> next() override {
    const std::string_view all = bytes_;
    bytes_ = {};
    return all;
  }

 private:
  std::string_view bytes_;
};

// All that is left in `source`; a Limit error, made with `where`, if that is more than `limit` bytes.
Result<std::string> read_all(ByteSource& source, size_t limit, const std::string& where);

}  // namespace dfsck
