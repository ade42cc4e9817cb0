// Reading tar-split.json.gz: what dockerd keeps of a layer's tar besides the files.
//
// Format: vbatts/tar-split tar/storage (packer.go, entry.go); written through moby layer/layer_store.go. One JSON
// object a line, gzipped. Streaming: memory is bounded by the longest line.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/codec/compress/gunzip.h"

namespace dfsck {

struct TarSplitRecord {
  enum class Kind {
    Segment,  // bytes of the tar that are no payload: `bytes`
    File,     // a tar entry: its payload, `size` bytes with this CRC-64, stands here in the tar
  };
  Kind kind = Kind::Segment;
  std::string bytes;  // of a segment
  std::string name;   // of a file, as its tar header says: not cleaned
  uint64_t size = 0;
  uint64_t crc64 = 0;
  bool has_crc = false;  // absent for empty payloads
};

// Reads the records of one file in order. Not thread-safe.
class TarSplitReader {
 public:
  // `fd` must stay open. `where` is for messages. `limit` bounds the decompressed size.
  TarSplitReader(int fd, std::string where, uint64_t limit);
  ~TarSplitReader();

  // Fills in the next record, whose strings keep their capacity; false at the end. Errors: of the gzip layer (see
  // fault()), Format where a line is no record or positions do not rise, Limit for lines of more than 16 MiB.
  Result<bool> next(TarSplitRecord& record);
  GzipFault fault() const;
  uint64_t line() const;  // number of the last line read, from 1

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Parses one line without its line end. `position` gets the number that the line gives itself. False where it is no
// record. The two must agree: the first takes only the exact form that dockerd writes and is fast; the second takes any
// JSON that Go's decoder takes.
bool parse_canonical_record(std::string_view line, TarSplitRecord& record, int64_t& position);
bool parse_tolerant_record(std::string_view line, TarSplitRecord& record, int64_t& position);

}  // namespace dfsck
