// A stream that is hashed while it is read.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/byte_source.h"
#include "core/codec/digest.h"

namespace dfsck {

// Hands on another source's bytes and hashes them. Skips nothing.
class HashingSource final : public ByteSource {
 public:
  explicit HashingSource(ByteSource& source) : source_(source) {}

  Result<std::string_view> next() override {
    Result<std::string_view> piece = source_.next();
    if (piece) {
      hash_.update(*piece);
    }
    return piece;
  }
  // The SHA-256 of all that was given: of the whole stream only if it was read to its end. Call it once, at last.
  std::string finish_hex() { return hash_.finish_hex(); }

 private:
  ByteSource& source_;
  Sha256 hash_;
};

}  // namespace dfsck
