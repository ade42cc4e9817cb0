// A part of an open file as a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/codec/byte_source.h"
#include "core/fs/fd.h"

namespace dfsck {

// Reads a range of a file by pread, so that any number of ranges of one descriptor can be read at once.
class FileRange final : public ByteSource {
 public:
  // Reads [begin, end) in pieces of `buffer_size` bytes. `where` is for messages.
  FileRange(std::shared_ptr<const Fd> fd, uint64_t begin, uint64_t end, std::string where,
            size_t buffer_size = kBufferSize);

  // Format error where the file is shorter than the range.
  Result<std::string_view> next() override;
  Result<uint64_t> skip(uint64_t bytes) override;

  static constexpr size_t kBufferSize = 256 * 1024;

 private:
  std::shared_ptr<const Fd> fd_;
  uint64_t position_;
  uint64_t end_;
  std::string where_;
  size_t buffer_size_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace dfsck
