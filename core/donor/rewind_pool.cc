// RewindPool and the ranges that it gives.
#include "core/donor/rewind_pool.h"

#include <algorithm>
#include <utility>

#include "core/base/try.h"
#include "core/donor/file_range.h"

namespace dfsck {

// Takes a stream out of the pool while it reads and gives it back where it stopped: a stream belongs to one range at a
// time, so that only the list of idle ones needs a lock.
class PooledRange final : public ByteSource {
 public:
  PooledRange(RewindPool& pool, uint64_t place, uint64_t size, std::string where)
      : pool_(pool), place_(place), end_(place + size), where_(std::move(where)) {}
  ~PooledRange() override { release(); }

  Result<std::string_view> next() override;

 private:
  Result<std::string_view> next_piece();
  void release();

  RewindPool& pool_;
  uint64_t place_;
  uint64_t end_;
  std::string where_;
  std::optional<RewindPool::Stream> stream_;
  std::optional<Error> error_;
};

Result<std::string_view> PooledRange::next() {
  if (error_) {
    return *error_;
  }
  if (place_ == end_) {
    release();
    return std::string_view();
  }
  Result<std::string_view> piece = next_piece();
  if (!piece) {
    error_ = piece.error();
    stream_.reset();
  }
  return piece;
}

Result<std::string_view> PooledRange::next_piece() {
  if (!stream_) {
    stream_ = pool_.take(place_);
  }
  RewindPool::Stream& stream = *stream_;
  for (;;) {
    if (pool_.cancel_.requested()) {
      return cancelled_error("read", where_, "cancelled");
    }
    if (stream.piece.empty()) {
      ASSIGN_OR_RETURN(const std::string_view piece, stream.source->next());
      if (piece.empty()) {
        return format_error("read", where_, "became shorter while it was read");
      }
      stream.piece = piece;
    }
    // What lies before the range is decompressed and dropped: with gzip and its kin there is no other way to get
    // anywhere.
    const uint64_t wanted = stream.position < place_ ? place_ - stream.position : end_ - place_;
    const std::string_view used =
        stream.piece.substr(0, static_cast<size_t>(std::min<uint64_t>(wanted, stream.piece.size())));
    const bool is_ours = stream.position == place_;
    stream.piece.remove_prefix(used.size());
    stream.position += used.size();
    if (is_ours) {
      place_ = stream.position;
      return used;
    }
  }
}

void PooledRange::release() {
  if (stream_) {
    pool_.give_back(std::move(*stream_));
    stream_.reset();
  }
}

RewindPool::RewindPool(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string where,
                       const DecompressLimits& limits, const Cancel& cancel)
    : fd_(std::move(fd)), file_size_(file_size), where_(std::move(where)), limits_(limits), cancel_(cancel) {}

std::unique_ptr<ByteSource> RewindPool::open(uint64_t place, uint64_t size, std::string where) {
  return std::make_unique<PooledRange>(*this, place, size, std::move(where));
}

RewindPool::Stream RewindPool::take(uint64_t place) {
  const std::lock_guard lock(mutex_);
  // The one that is nearest in front of the place has the least to drop. None may be behind it: streams do not go back.
  auto best = idle_.end();
  for (auto at = idle_.begin(); at != idle_.end(); ++at) {
    if (at->position <= place && (best == idle_.end() || at->position > best->position)) {
      best = at;
    }
  }
  if (best != idle_.end()) {
    Stream stream = std::move(*best);
    idle_.erase(best);
    return stream;
  }
  auto file = std::make_unique<FileRange>(fd_, 0, file_size_, where_);
  return Stream{std::make_unique<Decompressor>(std::move(file), where_, limits_), {}, 0};
}

void RewindPool::give_back(Stream stream) {
  const std::lock_guard lock(mutex_);
  // A stream holds a decompressor with its window; a few serve the few threads that read at a time.
  if (idle_.size() == kKept) {
    idle_.erase(idle_.begin());  // the oldest
  }
  idle_.push_back(std::move(stream));
}

}  // namespace dfsck
