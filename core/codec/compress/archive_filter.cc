// libarchive's "raw" format behind exactly one filter. libarchive is not left to guess: it would unwrap any number of
// compressions, and call what it does not know an archive of another kind.
#include "core/codec/compress/archive_filter.h"

#include <archive.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>

#include "core/base/escape.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

int filter_code(Compression compression) {
  switch (compression) {
    case Compression::Bzip2: return ARCHIVE_FILTER_BZIP2;
    case Compression::Xz: return ARCHIVE_FILTER_XZ;
    case Compression::Zstd: return ARCHIVE_FILTER_ZSTD;
    case Compression::Gzip:
    case Compression::None: break;
  }
  return ARCHIVE_FILTER_NONE;
}

struct FreeReader {
  void operator()(struct archive* archive) const { archive_read_free(archive); }
};

}  // namespace

struct ArchiveFilter::State {
  State(ByteSource& from, Compression what, std::string name)
      : source(from), compression(what), where(std::move(name)) {}

  Result<void> open();
  Result<std::string_view> piece();
  Result<void> check_end();
  Error failure() const;
  static la_ssize_t feed(struct archive*, void* self, const void** block);

  ByteSource& source;
  Compression compression;
  std::string where;
  uint64_t consumed = 0;  // bytes taken from the source
  std::optional<Error> source_error;
  std::unique_ptr<struct archive, FreeReader> archive;
};

// libarchive knows only its own errors; ours is kept beside it, and failure() gives it before anything libarchive says.
la_ssize_t ArchiveFilter::State::feed(struct archive*, void* self, const void** block) {
  State& state = *static_cast<State*>(self);
  const Result<std::string_view> piece = state.source.next();
  if (!piece) {
    state.source_error = piece.error();
    return ARCHIVE_FATAL;
  }
  state.consumed += piece->size();
  *block = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

Result<void> ArchiveFilter::State::open() {
  archive.reset(archive_read_new());
  if (archive == nullptr) {
    throw std::bad_alloc();
  }
  archive_read_support_format_raw(archive.get());
  struct archive_entry* entry = nullptr;
  // The filter is appended, not "supported": libarchive would otherwise bid for more of them behind the first, and
  // unpack what only looks compressed.
  if (archive_read_append_filter(archive.get(), filter_code(compression)) != ARCHIVE_OK ||
      archive_read_open(archive.get(), this, nullptr, &State::feed, nullptr) != ARCHIVE_OK ||
      archive_read_next_header(archive.get(), &entry) != ARCHIVE_OK) {
    return failure();
  }
  return {};
}

// What libarchive says of a stream that is cut off differs by filter and version, so no more is made of it than words.
Error ArchiveFilter::State::failure() const {
  if (source_error) {
    return *source_error;
  }
  if (archive_errno(archive.get()) == ENOMEM) {
    throw std::bad_alloc();
  }
  const char* reason = archive_error_string(archive.get());
  return format_error("decompress", where,
                      "is damaged or cut off (" + std::string(compression_name(compression)) +
                          (reason != nullptr ? ": " + escaped(reason) : "") + ")");
}

Result<void> ArchiveFilter::State::check_end() {
  // The filters stop at what is not theirs; the position of the innermost one tells how far they got.
  const auto used = static_cast<uint64_t>(std::max<la_int64_t>(archive_filter_bytes(archive.get(), -1), 0));
  ASSIGN_OR_RETURN(const std::string_view more, used == consumed ? source.next() : std::string_view("more"));
  if (!more.empty()) {
    return format_error("decompress", where,
                        "something else follows the " + std::string(compression_name(compression)) + " data");
  }
  return {};
}

Result<std::string_view> ArchiveFilter::State::piece() {
  if (!archive) {
    TRY(open());
  }
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
  TRY(check_end());
  return std::string_view();
}

ArchiveFilter::ArchiveFilter(ByteSource& source, Compression compression, std::string where)
    : state_(std::make_unique<State>(source, compression, std::move(where))) {}

ArchiveFilter::~ArchiveFilter() = default;

Result<std::string_view> ArchiveFilter::next() { return state_->piece(); }

}  // namespace dfsck
