// The beginning of a stream tells who reads it: zlib's reader, libarchive's, or nobody.
#include "core/codec/compress/decompress.h"

#include <optional>

#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/compress/archive_filter.h"
#include "core/codec/compress/gzip_reader.h"

namespace dfsck {
namespace {

using namespace std::string_view_literals;

// Of xz, the longest one.
constexpr size_t kMagicSize = 6;

// Hands on another source's bytes, after a look at the first of them, and counts them.
class WatchedSource final : public ByteSource {
 public:
  explicit WatchedSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  // At least kMagicSize bytes of the beginning, if there are so many; they are given all the same.
  Result<std::string_view> peek() {
    for (;;) {
      ASSIGN_OR_RETURN(const std::string_view piece, fetch());
      // The common case: the first piece is handed on as it came, without a copy.
      const bool is_enough = head_.empty() && piece.size() >= kMagicSize;
      if (!is_enough) {
        head_ += piece;
      }
      unread_ = is_enough ? piece : head_;
      if (piece.empty() || unread_.size() >= kMagicSize) {
        return unread_;
      }
    }
  }

  Result<std::string_view> next() override { return unread_.empty() ? fetch() : std::exchange(unread_, {}); }
  Result<uint64_t> skip(uint64_t bytes) override {
    Result<uint64_t> skipped = unread_.empty() ? source_->skip(bytes) : uint64_t{0};
    consumed_ += skipped ? *skipped : 0;
    return skipped;
  }
  uint64_t consumed() const { return consumed_; }

 private:
  Result<std::string_view> fetch() {
    Result<std::string_view> piece = has_ended_ ? std::string_view() : source_->next();
    if (piece) {
      consumed_ += piece->size();
      has_ended_ = piece->empty();
    }
    return piece;
  }

  std::unique_ptr<ByteSource> source_;
  std::string head_;         // the first bytes, where they came in tiny pieces
  std::string_view unread_;  // was looked at, and not handed on yet
  uint64_t consumed_ = 0;    // bytes taken from the source
  bool has_ended_ = false;
};

}  // namespace

Compression detect_compression(std::string_view beginning) {
  if (beginning.starts_with("\x1f\x8b\x08"sv)) {
    return Compression::Gzip;
  }
  if (beginning.starts_with("BZh"sv)) {
    return Compression::Bzip2;
  }
  if (beginning.starts_with("\xfd"
                            "7zXZ\0"sv)) {
    return Compression::Xz;
  }
  // A zstd stream may begin with a skippable frame, any of sixteen magic numbers: pzstd writes them.
  const bool is_skippable = beginning.size() >= 4 && (static_cast<unsigned char>(beginning[0]) & 0xf0) == 0x50 &&
                            beginning.substr(1).starts_with("\x2a\x4d\x18"sv);
  return beginning.starts_with("\x28\xb5\x2f\xfd"sv) || is_skippable ? Compression::Zstd : Compression::None;
}

std::string_view compression_name(Compression compression) {
  switch (compression) {
    case Compression::Gzip: return "gzip";
    case Compression::Bzip2: return "bzip2";
    case Compression::Xz: return "xz";
    case Compression::Zstd: return "zstd";
    case Compression::None: break;
  }
  return "no compression";
}

struct Decompressor::State {
  State(std::unique_ptr<ByteSource> from, std::string name, const DecompressLimits& bounds)
      : source(std::move(from)), where(std::move(name)), limits(bounds) {}

  Result<void> begin();
  Result<std::string_view> next_piece();
  Result<void> check_limits() const;

  WatchedSource source;
  std::string where;
  DecompressLimits limits;
  std::optional<Compression> compression;
  std::unique_ptr<ByteSource> filter;  // null where nothing is compressed
  uint64_t produced = 0;
  bool ended = false;
  std::optional<Error> error;
};

Result<void> Decompressor::State::begin() {
  ASSIGN_OR_RETURN(const std::string_view beginning, source.peek());
  compression = detect_compression(beginning);
  if (*compression == Compression::Gzip) {
    filter = std::make_unique<GzipReader>(source, where, GzipChecksums::Ignore);
  } else if (*compression != Compression::None) {
    filter = std::make_unique<ArchiveFilter>(source, *compression, where);
  }
  return {};
}

Result<void> Decompressor::State::check_limits() const {
  if (produced > limits.max_bytes) {
    return limit_error("decompress", where, "is larger than " + human_bytes(limits.max_bytes));
  }
  // By division: produced and consumed are as large as the input makes them, and a product could wrap around.
  if (*compression != Compression::None && produced > limits.free_bytes &&
      produced / limits.max_ratio > source.consumed()) {
    return limit_error(
        "decompress", where,
        "is a decompression bomb: " + human_bytes(produced) + " out of " + human_bytes(source.consumed()));
  }
  return {};
}

Result<std::string_view> Decompressor::State::next_piece() {
  if (!compression) {
    TRY(begin());
  }
  ASSIGN_OR_RETURN(const std::string_view piece, filter ? filter->next() : source.next());
  produced += piece.size();
  TRY(check_limits());
  return piece;
}

Decompressor::Decompressor(std::unique_ptr<ByteSource> source, std::string where, const DecompressLimits& limits)
    : state_(std::make_unique<State>(std::move(source), std::move(where), limits)) {}

Decompressor::~Decompressor() = default;

Result<std::string_view> Decompressor::next() {
  State& state = *state_;
  if (state.error) {
    return *state.error;
  }
  if (state.ended) {
    return std::string_view();
  }
  Result<std::string_view> piece = state.next_piece();
  if (!piece) {
    state.error = piece.error();
  } else if (piece->empty()) {
    state.ended = true;
  }
  return piece;
}

Result<uint64_t> Decompressor::skip(uint64_t bytes) {
  State& state = *state_;
  if (state.error) {
    return *state.error;
  }
  // What is compressed cannot be passed over unread. 0 says that the caller has to read.
  if (state.compression != Compression::None) {
    return uint64_t{0};
  }
  Result<uint64_t> skipped = state.source.skip(bytes);
  if (skipped) {
    state.produced += *skipped;
  } else {
    state.error = skipped.error();
  }
  return skipped;
}

Compression Decompressor::compression() const { return state_->compression.value_or(Compression::None); }

}  // namespace dfsck
