// Blocks that are filled, hashed, and used again when nobody reads them any more.
#include "core/content/bytes/tar_digest.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

namespace dfsck {
namespace {

constexpr size_t kBlock = 256 * 1024;     // fits into the second-level cache beside everything else
constexpr size_t kLeastRoom = 16 * 1024;  // less is not worth a system call
// So much may wait that a helper finds work for a while, and no more than two megabytes for each layer that is in hand.
constexpr size_t kMostWaiting = 8 * kBlock;

}  // namespace

struct TarDigest::Block {
  std::unique_ptr<char[]> bytes{new char[kBlock]};
  size_t used = 0;
};

// Shared with its blocks, which may outlive the digest.
class TarDigest::Pool : public std::enable_shared_from_this<Pool> {
 public:
  std::shared_ptr<Block> take() {
    std::unique_ptr<Block> block;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        block = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (!block) {
      block = std::make_unique<Block>();
      const std::lock_guard lock(mutex_);
      free_.reserve(++made_);  // putting one back, which a destructor does, needs no memory then
    }
    block->used = 0;
    // The deleter gives the block back to the pool: a block is free when nobody holds it any more, neither the strand
    // that hashes it nor a sink that copies it.
    return {block.release(), [self = shared_from_this()](Block* done) { self->put(std::unique_ptr<Block>(done)); }};
  }

 private:
  void put(std::unique_ptr<Block> block) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(block));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Block>> free_;
  size_t made_ = 0;
};

// The strand is the last member and so the first to go: no step runs when the hash is destroyed.
TarDigest::TarDigest(SharedWork* helpers)
    : pool_(std::make_shared<Pool>()), block_(pool_->take()), strand_(helpers, kMostWaiting) {}

// What waits need not be hashed.
TarDigest::~TarDigest() { lost_ = true; }

// Headers are copied into the block, payloads are read into it: both reach the hash in pieces of a quarter megabyte,
// however small the files are.
void TarDigest::add(std::string_view bytes) {
  while (!lost_ && !bytes.empty()) {
    if (block_->used == kBlock) {
      hand_over();
    }
    const size_t part = std::min(bytes.size(), kBlock - block_->used);
    std::memcpy(block_->bytes.get() + block_->used, bytes.data(), part);
    block_->used += part;
    bytes.remove_prefix(part);
  }
}

std::span<char> TarDigest::room() {
  if (lost_) {
    block_ = pool_->take();  // somebody may still read this one
  } else if (kBlock - block_->used < kLeastRoom) {
    hand_over();
  }
  return {block_->bytes.get() + block_->used, kBlock - block_->used};
}

void TarDigest::take(size_t size) { block_->used += size; }

std::string TarDigest::finish_hex() {
  if (lost_) {
    return {};
  }
  hand_over();
  strand_.finish();
  lost_ = true;
  return hash_.finish_hex();
}

void TarDigest::hand_over() {
  // The reading thread goes on with another block meanwhile. Order is the strand's: pieces reach the hash as the tar
  // has them.
  strand_.push(block_->used, [this, block = block_] {
    if (!lost_) {
      hash_.update(block->bytes.get(), block->used);
    }
  });
  block_ = pool_->take();
}

}  // namespace dfsck
