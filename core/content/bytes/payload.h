// Reading files, each byte once, into the CRC of the file and the SHA-256 of the layer's tar.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/content/bytes/tar_digest.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

class PayloadReader {
 public:
  PayloadReader(const Cancel& cancel, Progress& progress);
  ~PayloadReader();

  struct Outcome {
    int error = 0;  // errno; the file could be read up to `bytes`
    uint64_t bytes = 0;
    uint64_t crc64 = 0;
    bool was_cold = false;  // the beginning of the file had to come from the disk
  };
  using Witness = std::function<void(std::string_view)>;
  // Reads exactly `size` bytes from the start of `fd`; `witness` sees them.
  Outcome read(int fd, uint64_t size, const Witness& witness);
  // The same, and `digest` gets them. `witness` may be empty.
  Outcome read(int fd, uint64_t size, TarDigest& digest, const Witness& witness = {});

 private:
  template <typename Room, typename Taken>
  Outcome read_into(int fd, uint64_t size, Room room, Taken taken);

  const Cancel& cancel_;
  Progress& progress_;
  std::unique_ptr<char[]> buffer_;  // for what no digest wants
};

}  // namespace dfsck
