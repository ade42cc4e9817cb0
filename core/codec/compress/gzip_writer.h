// Streaming compression to gzip, by zlib.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/base/result.h"

namespace dfsck {

// Takes bytes in order. What it returns as an error ends the writing and comes out of it again.
using ByteSink = std::function<Result<void>(std::string_view)>;

// Compresses into one gzip member that says nothing of a name, a time or a system, as Go's compress/gzip writes it; the
// compressed data itself is another compressor's. The same input gives the same bytes. Memory does not depend on the
// amount of data. Not thread-safe.
class GzipWriter {
 public:
  explicit GzipWriter(ByteSink sink);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  // Errors: those of the sink; Internal where the compressor fails. After an error every call gives that error again.
  Result<void> write(std::string_view bytes);
  // Writes the end of the member; nothing can follow.
  Result<void> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
