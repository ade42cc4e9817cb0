// Fuzzes streams: whatever is decompressed and taken for a tar must end, give each byte once, and crash nothing.
#include "core/codec/byte_source.h"
#include "core/codec/compress/decompress.h"
#include "core/codec/tar/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  dfsck::Decompressor source(std::make_unique<dfsck::MemorySource>(bytes), "fuzz", {.max_bytes = 16U << 20});
  dfsck::TarStream tar(source, "fuzz", {.max_entries = 1000});
  dfsck::TarStreamEntry entry;
  uint64_t given = 0;
  for (;;) {
    const dfsck::Result<dfsck::TarStream::Kind> kind = tar.next(entry);
    if (!kind || *kind == dfsck::TarStream::Kind::End) {
      return 0;
    }
    given += entry.raw.size();
    while (tar.payload_left() > 0) {
      const dfsck::Result<std::string_view> piece = tar.payload();
      if (!piece) {
        return 0;
      }
      given += piece->size();
    }
    if (given != tar.position()) {
      __builtin_trap();
    }
  }
}
