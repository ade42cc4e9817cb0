// Fuzzes the two line parsers of tar-split against each other: what the fast one takes, the tolerant one reads alike.
#include <cstdlib>

#include "core/codec/tar/tar_split.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  dfsck::TarSplitRecord fast;
  dfsck::TarSplitRecord tolerant;
  int64_t fast_position = 0;
  int64_t tolerant_position = 0;
  const bool canonical = dfsck::parse_canonical_record(line, fast, fast_position);
  const bool readable = dfsck::parse_tolerant_record(line, tolerant, tolerant_position);
  if (!canonical) {
    return 0;
  }
  if (!readable || fast.kind != tolerant.kind || fast.bytes != tolerant.bytes || fast.name != tolerant.name ||
      fast.size != tolerant.size || fast.has_crc != tolerant.has_crc ||
      (fast.has_crc && fast.crc64 != tolerant.crc64) || fast_position != tolerant_position) {
    std::abort();
  }
  return 0;
}
