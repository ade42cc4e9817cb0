// The SHA-256 of a tar that is being put together again, hashed beside the thread that reads it where another is idle.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/codec/digest.h"
#include "core/run/strand.h"

namespace dfsck {

// As soon as one byte of the tar is not to be had, hashing on would be for nothing: the digest is lost, and this is
// only a place to read into. To be used by one thread.
class TarDigest {
 public:
  // `helpers`: whose threads may hash; null where the calling thread does it all.
  explicit TarDigest(SharedWork* helpers = nullptr);
  ~TarDigest();

  void add(std::string_view bytes);
  // Where bytes can be put without copying them: never empty. take() adds the first `size` of them.
  std::span<char> room();
  void take(size_t size);
  // Whoever has it may go on reading what was put into room(); without it, until the next call of room() or add().
  std::shared_ptr<const void> keep() const { return block_; }

  void lose() { lost_ = true; }
  // The digest in hex; empty if it was lost. Ends the stream.
  std::string finish_hex();

 private:
  struct Block;
  class Pool;

  void hand_over();

  const std::shared_ptr<Pool> pool_;
  std::shared_ptr<Block> block_;  // that is being filled
  std::atomic<bool> lost_{false};
  Sha256 hash_;  // of the strand
  Strand strand_;
};

}  // namespace dfsck
