// Decompressor on libarchive's "raw" format behind exactly one filter. libarchive is not left to guess: it would
// unwrap any number of compressions, and call what it does not know an archive of another kind.
#include "core/codec/decompress.h"

#include <archive.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/library_memory.h"

namespace dfsck {
namespace {

using namespace std::string_view_literals;

// Of xz, the longest one.
constexpr size_t kMagicSize = 6;

int filter_code(Compression compression) {
  switch (compression) {
    case Compression::Gzip: return ARCHIVE_FILTER_GZIP;
    case Compression::Bzip2: return ARCHIVE_FILTER_BZIP2;
    case Compression::Xz: return ARCHIVE_FILTER_XZ;
    case Compression::Zstd: return ARCHIVE_FILTER_ZSTD;
    case Compression::None: break;
  }
  return ARCHIVE_FILTER_NONE;
}

struct FreeReader {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
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
  Result<void> open_filter();
  Result<std::string_view> next_piece();
  Result<std::string_view> decompressed_piece();
  Result<void> check_end();
  Result<void> check_limits() const;
  Result<std::string_view> input();
  Error failure();
  static la_ssize_t feed(struct archive*, void* self, const void** block);

  std::unique_ptr<ByteSource> source;
  std::string where;
  DecompressLimits limits;
  std::optional<Compression> compression;
  std::string head;         // the first bytes, where they came in tiny pieces
  std::string_view unread;  // read while the compression was found out, and not handed on yet
  uint64_t consumed = 0;    // bytes taken from the source
  uint64_t produced = 0;
  bool source_ended = false;
  bool ended = false;
  std::optional<Error> source_error;
  std::optional<Error> error;
  std::unique_ptr<struct archive, FreeReader> archive;  // freed before the source that feeds it
};

Result<std::string_view> Decompressor::State::input() {
  if (!unread.empty()) {
    return std::exchange(unread, {});
  }
  if (source_ended) {
    return std::string_view();
  }
  Result<std::string_view> piece = source->next();
  if (piece) {
    consumed += piece->size();
    source_ended = piece->empty();
  }
  return piece;
}

// libarchive knows only its own errors; ours is kept beside it, and failure() gives it before anything libarchive says.
la_ssize_t Decompressor::State::feed(struct archive*, void* self, const void** block) {
  State& state = *static_cast<State*>(self);
  const Result<std::string_view> piece = state.input();
  if (!piece) {
    state.source_error = piece.error();
    return ARCHIVE_FATAL;
  }
  *block = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

Result<void> Decompressor::State::begin() {
  std::string_view seen;
  do {
    const Result<std::string_view> piece = input();
    if (!piece) {
      return piece.error();
    }
    if (piece->empty()) {
      break;
    }
    // The common case: the first piece is handed on as it came, without a copy.
    if (head.empty() && piece->size() >= kMagicSize) {
      seen = *piece;
      break;
    }
    head += *piece;
    seen = head;
  } while (head.size() < kMagicSize);
  unread = seen;
  compression = detect_compression(seen);
  return *compression == Compression::None ? Result<void>() : open_filter();
}

Result<void> Decompressor::State::open_filter() {
  archive.reset(archive_read_new());
  throw_if_out_of_memory(archive.get());
  // The filter is appended, not "supported": libarchive would otherwise bid for more of them behind the first, and
  // unpack what only looks compressed.
  archive_read_support_format_raw(archive.get());
  struct archive_entry* entry = nullptr;
  if (archive_read_append_filter(archive.get(), filter_code(*compression)) != ARCHIVE_OK ||
      archive_read_open(archive.get(), this, nullptr, &State::feed, nullptr) != ARCHIVE_OK ||
      archive_read_next_header(archive.get(), &entry) != ARCHIVE_OK) {
    return failure();
  }
  return {};
}

Error Decompressor::State::failure() {
  if (source_error) {
    return *source_error;
  }
  throw_if_out_of_memory(archive.get());
  const char* text = archive_error_string(archive.get());
  const std::string_view reason = text != nullptr ? text : "";
  // No words: the trailer of a gzip member is cut off. "No progress": so is an xz stream.
  const bool is_cut = reason.empty() || reason.find("runcated") != std::string_view::npos ||
                      reason.find("No progress") != std::string_view::npos;
  if (source_ended && is_cut) {
    return format_error("decompress", where, "is cut off (" + std::string(compression_name(*compression)) + ")");
  }
  // What libarchive says when the first block cannot be decompressed.
  const bool is_known = reason.find("Unrecognized archive format") == std::string_view::npos && !reason.empty();
  return format_error("decompress", where,
                      "is damaged or cut off (" + std::string(compression_name(*compression)) +
                          (is_known ? ": " + escaped(reason) : "") + ")");
}

Result<void> Decompressor::State::check_end() {
  // The filters stop at what is not theirs; the position of the innermost one tells how far they got.
  const auto used = static_cast<uint64_t>(std::max<la_int64_t>(archive_filter_bytes(archive.get(), -1), 0));
  const Result<std::string_view> more = used == consumed ? input() : std::string_view("more");
  if (!more) {
    return more.error();
  }
  if (!more->empty()) {
    return format_error("decompress", where,
                        "something else follows the " + std::string(compression_name(*compression)) + " data");
  }
  return {};
}

Result<std::string_view> Decompressor::State::decompressed_piece() {
  const void* data = nullptr;
  size_t size = 0;
  la_int64_t offset = 0;
  int status = ARCHIVE_OK;
  do {
    status = archive_read_data_block(archive.get(), &data, &size, &offset);
  } while (status == ARCHIVE_OK && size == 0);
  if (status == ARCHIVE_OK) {
    return std::string_view(static_cast<const char*>(data), size);
  }
  if (status != ARCHIVE_EOF) {
    return failure();
  }
  const Result<void> end = check_end();
  return end ? Result<std::string_view>(std::string_view()) : end.error();
}

Result<void> Decompressor::State::check_limits() const {
  if (produced > limits.max_bytes) {
    return limit_error("decompress", where, "is larger than " + human_bytes(limits.max_bytes));
  }
  // By division: produced and consumed are as large as the input makes them, and a product could wrap around.
  if (*compression != Compression::None && produced > limits.free_bytes && produced / limits.max_ratio > consumed) {
    return limit_error("decompress", where,
                       "is a decompression bomb: " + human_bytes(produced) + " out of " + human_bytes(consumed));
  }
  return {};
}

Result<std::string_view> Decompressor::State::next_piece() {
  if (!compression) {
    const Result<void> begun = begin();
    if (!begun) {
      return begun.error();
    }
  }
  const Result<std::string_view> piece = *compression == Compression::None ? input() : decompressed_piece();
  if (!piece) {
    return piece;
  }
  produced += piece->size();
  const Result<void> within = check_limits();
  return within ? piece : within.error();
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
  // What is compressed cannot be passed over unread, and what was read while the compression was found out is not the
  // source's any more. 0 says that the caller has to read.
  if (state.compression != Compression::None || !state.unread.empty()) {
    return uint64_t{0};
  }
  Result<uint64_t> skipped = state.source->skip(bytes);
  if (skipped) {
    state.consumed += *skipped;
    state.produced += *skipped;
  } else {
    state.error = skipped.error();
  }
  return skipped;
}

Compression Decompressor::compression() const {
  return state_->compression.value_or(Compression::None);
}

}  // namespace dfsck
