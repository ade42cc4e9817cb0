// Streaming decompression of gzip files, by libarchive.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

// How a gzip file is broken, in the daemon's own classes.
enum class GunzipFault {
  None,
  Empty,      // no bytes at all: the daemon says "EOF"
  NotGzip,    // "gzip: invalid header"
  Truncated,  // "unexpected EOF"
  Corrupt,    // compressed data that cannot be decompressed
  Checksum,   // "gzip: invalid checksum": whole, but the CRC-32 or the length at the end is of other bytes
  TooBig,     // a limit of ours
  Unreadable, // the system could not read the file
};

// Decompresses a gzip file of one or more members. Not thread-safe.
class Gunzip {
 public:
  // Reads from the start of `fd`, which must stay open; `where` is for messages. Never gives more than `limit` bytes.
  Gunzip(int fd, std::string where, uint64_t limit);
  ~Gunzip();
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;

  // The next piece, valid until the next call; empty at the end. The checksum is judged at the end: until then what was
  // given is as trustworthy as the disk. After an error every call gives that error again.
  Result<std::string_view> next();
  GunzipFault fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
