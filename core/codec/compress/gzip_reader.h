// Streaming decompression of gzip, by zlib.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/byte_source.h"

namespace dfsck {

// How a gzip stream is broken, in the daemon's own classes.
enum class GzipFault {
  None,
  Empty,       // no bytes at all: the daemon says "EOF"
  NotGzip,     // "gzip: invalid header"
  Truncated,   // "unexpected EOF"
  Corrupt,     // compressed data that cannot be decompressed
  Checksum,    // "gzip: invalid checksum": whole, but the CRC-32 or the length at the end is of other bytes
  Trailing,    // "gzip: invalid header" behind the last member
  TooBig,      // a limit of ours
  Unreadable,  // what gives the bytes has failed
};

// What is made of the checksum at the end of each member.
enum class GzipChecksums { Compare, Ignore };

// Gives what one or more gzip members hold. The source, which must stay, is read as far as it goes.
class GzipReader final : public ByteSource {
 public:
  // `where` is for messages.
  GzipReader(ByteSource& source, std::string where, GzipChecksums checksums);
  ~GzipReader() override;
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // A checksum is judged at the end of its member: until then what was given is as trustworthy as the source. Errors:
  // those of the source; Format.
  Result<std::string_view> next() override;
  GzipFault fault() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
