// Reading files, each byte once, into the CRC of the file and the SHA-256 of the layer's tar.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/digest.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// The SHA-256 of a tar that is being put together again. As soon as one byte of it is not to be had, hashing on would
// be for nothing.
class TarDigest {
 public:
  void add(std::string_view bytes) {
    if (hash_) {
      hash_->update(bytes);
    }
  }
  void lose() { hash_.reset(); }
  // The digest in hex; empty if it was lost. Ends the stream.
  std::string finish_hex();

 private:
  std::optional<Sha256> hash_{std::in_place};
};

class PayloadReader {
 public:
  PayloadReader(const Cancel& cancel, Progress& progress);
  ~PayloadReader();

  struct Outcome {
    int error = 0;          // errno; the file could be read up to `bytes`
    uint64_t bytes = 0;
    uint64_t crc64 = 0;
    bool was_cold = false;  // the beginning of the file had to come from the disk
  };
  // Reads exactly `size` bytes from the start of `fd`.
  Outcome read(int fd, uint64_t size, TarDigest& digest);
  // The same with somebody else who sees the bytes.
  using Witness = std::function<void(std::string_view)>;
  Outcome read(int fd, uint64_t size, const Witness& witness);

 private:
  const Cancel& cancel_;
  Progress& progress_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace dfsck
