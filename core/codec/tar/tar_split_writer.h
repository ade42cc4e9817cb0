// Writing tar-split.json.gz: what dockerd keeps of a layer's tar besides the files.
//
// Format: vbatts/tar-split tar/storage (packer.go, entry.go), cut into records as tar/asm/disassemble.go does it. The
// JSON is byte for byte what the daemon's encoder writes (Go before 1.22, which spells \b and \f in names as \u0008 and
// \u000c: readers see no difference). Memory is bounded by the longest record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/compress/gzip_writer.h"

namespace dfsck {

// Docker before 25 (tar-split before 0.11.5) closes the file with an empty segment. Every daemon reads both.
enum class TarSplitEnd { EmptySegment, None };

// Of what stands behind the end of a tar, the longest that one segment holds.
inline constexpr size_t kTarSplitPiece = 1U << 20;

// The records of one layer, in order. The daemon cuts a tar like this: for each entry one segment with all that stands
// between the payloads (padding, special headers, header), then the file; a global header is an entry of its own, whose
// segment ends with its data; behind the last entry one segment with its padding and the two blocks of zeros, and what
// follows them in segments of kTarSplitPiece. Not thread-safe. After an error the object is of no use.
class TarSplitWriter {
 public:
  // `sink` gets the compressed bytes.
  TarSplitWriter(ByteSink sink, TarSplitEnd end);

  // Bytes of the tar that are no payload. Empty ones leave no record.
  Result<void> segment(std::string_view bytes);
  // A tar entry: its name as the header says it, and its payload. `crc64` counts only where `size` is not 0.
  Result<void> file(std::string_view name, uint64_t size, uint64_t crc64);
  Result<void> finish();

  uint64_t records() const { return position_; }

 private:
  Result<void> end_line();

  GzipWriter gzip_;
  TarSplitEnd end_;
  uint64_t position_ = 0;
  std::string line_;
};

}  // namespace dfsck
