// Gunzip on libarchive's gzip filter, which does not look at checksums: the CRC-32 and length at the end of each member
// are compared here.
//
// The daemon writes one member, whose trailer is the end of the file. Only where that does not fit are the borders of
// members looked for: a member ends where the bytes before the next gzip magic decompress without a rest.
#include "core/codec/gunzip.h"

#include <archive.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <vector>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/codec/crc_slicing.h"
#include "core/codec/library_memory.h"

namespace dfsck {
namespace {

constexpr CrcTables<uint32_t> kCrc32 = make_crc_tables<uint32_t>(0xedb88320);
constexpr size_t kBlock = 64 * 1024;
constexpr uint64_t kSmallestMember = 18;
constexpr std::array<unsigned char, 3> kGzipMagic = {0x1f, 0x8b, 8};
constexpr int kMaxBorders = 64;

struct Trailer {
  uint32_t crc = 0;
  uint32_t size = 0;  // modulo 2^32
  friend bool operator==(const Trailer&, const Trailer&) = default;
};

// Running CRC-32 and length of what came out.
class Sum {
 public:
  void add(std::string_view bytes) {
    crc_ = crc_by_slicing(kCrc32, crc_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    size_ += bytes.size();
  }
  uint64_t size() const { return size_; }
  Trailer trailer() const { return {~crc_, static_cast<uint32_t>(size_)}; }

 private:
  uint32_t crc_ = ~uint32_t{0};
  uint64_t size_ = 0;
};

// The bytes [begin, end) of a file as libarchive reads them.
struct Source {
  int fd;
  uint64_t position;
  uint64_t end;
  int error = 0;  // errno of a failed read
  std::vector<char> buffer = std::vector<char>(kBlock);
};

la_ssize_t read_source(struct archive*, void* data, const void** block) {
  Source& source = *static_cast<Source*>(data);
  const size_t wanted = static_cast<size_t>(std::min<uint64_t>(source.buffer.size(), source.end - source.position));
  const ssize_t got = patient::pread(source.fd, source.buffer.data(), wanted, static_cast<off_t>(source.position));
  if (got < 0) {
    source.error = errno;
    return ARCHIVE_FATAL;
  }
  source.position += static_cast<uint64_t>(got);
  *block = source.buffer.data();
  return got;
}

class Decoder {
 public:
  Decoder(int fd, uint64_t begin, uint64_t end) : source_{fd, begin, end} {
    archive_.reset(archive_read_new());
    throw_if_out_of_memory(archive_.get());
    // "Warn" means that a program will do the work; without the library's own filter there is none.
    if (archive_read_support_filter_gzip(archive_.get()) < ARCHIVE_WARN ||
        archive_read_support_format_raw(archive_.get()) != ARCHIVE_OK) {
      throw std::bad_alloc();
    }
    open_ = archive_read_open(archive_.get(), &source_, nullptr, &read_source, nullptr) == ARCHIVE_OK;
    if (!open_ && source_.error == 0) {
      throw_if_out_of_memory(archive_.get());
    }
  }

  // ARCHIVE_OK with a piece, ARCHIVE_EOF at the end, anything else is a failure.
  int next(std::string_view& piece) {
    if (!open_) {
      return ARCHIVE_FATAL;
    }
    if (!begun_) {
      begun_ = true;
      struct archive_entry* entry = nullptr;
      const int status = archive_read_next_header(archive_.get(), &entry);
      if (status != ARCHIVE_OK) {
        return judged(status);
      }
    }
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(archive_.get(), &data, &size, &offset);
    piece = status == ARCHIVE_OK ? std::string_view(static_cast<const char*>(data), size) : std::string_view();
    return judged(status);
  }

  int read_error() const { return source_.error; }
  bool says_truncated() const {
    const char* text = archive_error_string(archive_.get());
    return text != nullptr && std::strstr(text, "runcated") != nullptr;
  }
  std::string message() const {
    const char* text = archive_error_string(archive_.get());
    return text != nullptr ? escaped(text) : "for no reason that it tells";
  }

 private:
  int judged(int status) const {
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF && source_.error == 0) {
      throw_if_out_of_memory(archive_.get());
    }
    return status;
  }

  struct Free {
    void operator()(struct archive* archive) const { archive_read_free(archive); }
  };
  Source source_;  // outlives the archive, which is freed first
  std::unique_ptr<struct archive, Free> archive_;
  bool open_ = false;
  bool begun_ = false;
};

std::optional<Trailer> read_trailer(int fd, uint64_t end) {
  std::array<unsigned char, 8> raw{};
  if (end < kSmallestMember || patient::pread(fd, raw.data(), raw.size(), static_cast<off_t>(end - raw.size())) != 8) {
    return std::nullopt;
  }
  const auto word = [&raw](size_t at) {
    return static_cast<uint32_t>(raw[at]) | static_cast<uint32_t>(raw[at + 1]) << 8 |
           static_cast<uint32_t>(raw[at + 2]) << 16 | static_cast<uint32_t>(raw[at + 3]) << 24;
  };
  return Trailer{word(0), word(4)};
}

// Whether [begin, end) is exactly one or more gzip members, as far as libarchive can tell, and fits its last trailer.
bool is_sound_member(int fd, uint64_t begin, uint64_t end) {
  Decoder decoder(fd, begin, end);
  Sum sum;
  std::string_view piece;
  int status = ARCHIVE_OK;
  while ((status = decoder.next(piece)) == ARCHIVE_OK) {
    sum.add(piece);
  }
  return status == ARCHIVE_EOF && read_trailer(fd, end) == sum.trailer();
}

// The next gzip magic in [from, end), or `end`.
uint64_t find_magic(int fd, uint64_t from, uint64_t end) {
  std::vector<char> window(kBlock);
  while (from + kGzipMagic.size() <= end) {
    const ssize_t got = patient::pread(fd, window.data(), window.size(), static_cast<off_t>(from));
    if (got < static_cast<ssize_t>(kGzipMagic.size())) {
      return end;
    }
    const auto last = window.begin() + got;
    const auto found = std::search(window.begin(), last, kGzipMagic.begin(), kGzipMagic.end(),
                                   [](char a, unsigned char b) { return static_cast<unsigned char>(a) == b; });
    if (found != last) {
      return from + static_cast<uint64_t>(found - window.begin());
    }
    from += static_cast<uint64_t>(got) - (kGzipMagic.size() - 1);
  }
  return end;
}

// Whether a file whose end is not the trailer of all its output is a sequence of members that are each sound.
bool is_sound_sequence(int fd, uint64_t size) {
  uint64_t begin = 0;
  uint64_t border = 0;
  for (int tries = 0; tries < kMaxBorders && border < size; ++tries) {
    border = find_magic(fd, std::max(border + 1, begin + kSmallestMember), size);
    if (is_sound_member(fd, begin, border)) {
      begin = border;
    }
  }
  return begin == size;
}

}  // namespace

struct Gunzip::State {
  State(int file, std::string name, uint64_t max_bytes) : fd(file), where(std::move(name)), limit(max_bytes) {}

  int fd;
  std::string where;
  uint64_t limit;
  uint64_t file_size = 0;
  std::optional<Decoder> decoder;
  Sum sum;
  GunzipFault fault = GunzipFault::None;
  std::optional<Error> error;
  bool ended = false;

  Error fail(GunzipFault what, Error failure) {
    fault = what;
    error = std::move(failure);
    return *error;
  }
  Result<void> begin();
  Result<std::string_view> end();
};

Gunzip::Gunzip(int fd, std::string where, uint64_t limit)
    : state_(std::make_unique<State>(fd, std::move(where), limit)) {}

Gunzip::~Gunzip() = default;

GunzipFault Gunzip::fault() const { return state_->fault; }

Result<void> Gunzip::State::begin() {
  struct ::stat raw {};
  std::array<unsigned char, 3> head{};
  const ssize_t got = patient::fstat(fd, &raw) == 0 ? patient::pread(fd, head.data(), head.size(), 0) : -1;
  if (got < 0) {
    return fail(GunzipFault::Unreadable, sys_error("read", where));
  }
  if (got == 0) {
    return fail(GunzipFault::Empty, format_error("decompress", where, "is empty"));
  }
  if (!std::equal(head.begin(), head.begin() + got, kGzipMagic.begin())) {
    return fail(GunzipFault::NotGzip, format_error("decompress", where, "is not gzip"));
  }
  file_size = static_cast<uint64_t>(raw.st_size);
  if (file_size < kSmallestMember) {
    return fail(GunzipFault::Truncated, format_error("decompress", where, "is cut off"));
  }
  decoder.emplace(fd, uint64_t{0}, file_size);
  return {};
}

Result<std::string_view> Gunzip::State::end() {
  ended = true;
  if (read_trailer(fd, file_size) != sum.trailer() && !is_sound_sequence(fd, file_size)) {
    return fail(GunzipFault::Checksum, format_error("decompress", where, "has a wrong checksum"));
  }
  return std::string_view();
}

Result<std::string_view> Gunzip::next() {
  State& state = *state_;
  if (state.error) {
    return *state.error;
  }
  if (state.ended) {
    return std::string_view();
  }
  if (!state.decoder) {
    const Result<void> begun = state.begin();
    if (!begun) {
      return begun.error();
    }
  }
  std::string_view piece;
  const int status = state.decoder->next(piece);
  if (status == ARCHIVE_EOF) {
    return state.end();
  }
  if (status != ARCHIVE_OK) {
    if (state.decoder->read_error() != 0) {
      errno = state.decoder->read_error();
      return state.fail(GunzipFault::Unreadable, sys_error("read", state.where));
    }
    const bool cut = state.decoder->says_truncated();
    return state.fail(cut ? GunzipFault::Truncated : GunzipFault::Corrupt,
                      format_error("decompress", state.where,
                                   cut ? "is cut off" : "cannot be decompressed (" + state.decoder->message() + ")"));
  }
  if (state.sum.size() + piece.size() > state.limit) {
    return state.fail(GunzipFault::TooBig, limit_error("decompress", state.where, "decompresses to too much"));
  }
  state.sum.add(piece);
  return piece.empty() ? next() : Result<std::string_view>(piece);
}

}  // namespace dfsck
