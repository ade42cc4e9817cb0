// A gzip file, decompressed as a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/compress/gzip_reader.h"

namespace dfsck {

// Decompresses a gzip file of one or more members. Not thread-safe.
class Gunzip {
 public:
  // Reads from the start of `fd`, which must stay open; `where` is for messages. Never gives more than `limit` bytes.
  Gunzip(int fd, const std::string& where, uint64_t limit);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // The next piece, valid until the next call; empty at the end. The checksum is judged at the end: until then what was
  // given is as trustworthy as the disk. After an error every call gives that error again.
  Result<std::string_view> next();
  GzipFault fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
