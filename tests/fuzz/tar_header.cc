// Fuzzes the tar header parser: no bytes may crash it. The first byte of the input is the padding.
#include "core/codec/tar/header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) {
    return 0;
  }
  dfsck::TarHeader header;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (int again = 0; again < 2; ++again) {  // a reused header must not remember anything
    if (dfsck::parse_tar_header(bytes, data[0], header) && header.padding() >= dfsck::kTarBlock) {
      __builtin_trap();
    }
  }
  return 0;
}
