// Decompression of streams whose compression is seen at their first bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/byte_source.h"

namespace dfsck {

enum class Compression { None, Gzip, Bzip2, Xz, Zstd };

// What a stream that begins with these bytes is, as dockerd sees it (moby pkg/archive/archive.go:DetectCompression).
// Six bytes tell all.
Compression detect_compression(std::string_view beginning);
std::string_view compression_name(Compression compression);  // "gzip", ...; "no compression"

// Bounds for decompression bombs. A file of zeros compresses a thousandfold with gzip and 30,000-fold with zstd, so the
// ratio counts only for outputs that take time.
struct DecompressLimits {
  uint64_t max_bytes = 1ULL << 40;   // of output
  uint64_t free_bytes = 4ULL << 30;  // of output at any ratio
  uint64_t max_ratio = 2000;         // of output to input, beyond free_bytes
};

// Gives what another source holds, decompressed once if it is compressed: what is compressed twice stays compressed.
// Several members, frames or streams one behind the other are one. Format error where the data is damaged or cut off or
// something else follows it; Limit error beyond the limits. Checksums of gzip are not compared: whoever needs to know
// that the bytes are right has a digest of them.
class Decompressor final : public ByteSource {
 public:
  // `where` is for messages.
  Decompressor(std::unique_ptr<ByteSource> source, std::string where, const DecompressLimits& limits = {});
  ~Decompressor() override;

  Result<std::string_view> next() override;
  // Where nothing is compressed, what the source below can do; not before the first piece was read.
  Result<uint64_t> skip(uint64_t bytes) override;
  // Known after the first next().
  Compression compression() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dfsck
