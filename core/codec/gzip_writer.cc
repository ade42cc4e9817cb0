// libarchive's gzip filter around a raw "archive" of one entry. The two bytes of its header that tell the compression
// level and the system are set to what Go puts there; no checksum covers them.
#include "core/codec/gzip_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <optional>
#include <string>

#include "core/base/escape.h"
#include "core/codec/library_memory.h"

namespace dfsck {
namespace {

// RFC 1952, 2.3: magic, method, flags, time, extra flags, operating system.
constexpr size_t kGzipHeader = 10;
constexpr size_t kExtraFlags = 8;
constexpr size_t kSystem = 9;

struct FreeWriter {
  void operator()(struct archive* archive) const { archive_write_free(archive); }
};
struct FreeEntry {
  void operator()(struct archive_entry* entry) const { archive_entry_free(entry); }
};

}  // namespace

struct GzipWriter::State {
  explicit State(ByteSink target) : sink(std::move(target)) {}

  ByteSink sink;
  std::optional<Error> error;
  std::string header;  // collected until it is whole
  bool header_done = false;
  std::unique_ptr<struct archive, FreeWriter> archive;  // freed first: it may still call back

  bool open();
  Result<void> take(std::string_view bytes);
  Result<void> fail();
  static la_ssize_t on_write(struct archive*, void* self, const void* data, size_t size);
};

// No time in the header, so that equal content gives equal bytes; one byte in the last block, or libarchive would pad
// the end to its block of 10 KiB, which readers of gzip take for garbage.
bool GzipWriter::State::open() {
  archive.reset(archive_write_new());
  const std::unique_ptr<struct archive_entry, FreeEntry> entry(archive_entry_new());
  if (archive == nullptr || entry == nullptr) {
    throw std::bad_alloc();
  }
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  return archive_write_add_filter_gzip(archive.get()) == ARCHIVE_OK &&
         archive_write_set_filter_option(archive.get(), "gzip", "timestamp", nullptr) == ARCHIVE_OK &&
         archive_write_set_format_raw(archive.get()) == ARCHIVE_OK &&
         archive_write_set_bytes_in_last_block(archive.get(), 1) == ARCHIVE_OK &&
         archive_write_open(archive.get(), this, nullptr, &on_write, nullptr) == ARCHIVE_OK &&
         archive_write_header(archive.get(), entry.get()) == ARCHIVE_OK;
}

Result<void> GzipWriter::State::take(std::string_view bytes) {
  if (!header_done) {
    const size_t part = std::min(kGzipHeader - header.size(), bytes.size());
    header += bytes.substr(0, part);
    bytes.remove_prefix(part);
    // The filter may hand over its header in pieces; it goes on only as a whole, because two of its bytes change.
    if (header.size() < kGzipHeader) {
      return {};
    }
    header[kExtraFlags] = 0;
    header[kSystem] = '\xff';
    header_done = true;
    Result<void> written = sink(header);
    if (!written || bytes.empty()) {
      return written;
    }
  }
  return sink(bytes);
}

la_ssize_t GzipWriter::State::on_write(struct archive* archive, void* self, const void* data, size_t size) {
  State& state = *static_cast<State*>(self);
  // libarchive asks again when it is closed or freed after a failure; the sink must not be called then.
  if (state.error) {
    return -1;
  }
  const Result<void> taken = state.take(std::string_view(static_cast<const char*>(data), size));
  if (!taken) {
    state.error = taken.error();
    archive_set_error(archive, EIO, "the sink failed");
    return -1;
  }
  return static_cast<la_ssize_t>(size);
}

Result<void> GzipWriter::State::fail() {
  if (!error) {
    throw_if_out_of_memory(archive.get());
    const char* text = archive_error_string(archive.get());
    error = Error{Error::Kind::Internal, 0, "compress", "", text != nullptr ? escaped(text) : ""};
  }
  return *error;
}

GzipWriter::GzipWriter(ByteSink sink) : state_(std::make_unique<State>(std::move(sink))) {
  if (!state_->open()) {
    (void)state_->fail();
  }
}

GzipWriter::~GzipWriter() {
  // An unfinished archive is closed when it is freed, which must not reach the sink.
  if (!state_->error) {
    (void)state_->fail();
  }
}

Result<void> GzipWriter::write(std::string_view bytes) {
  if (state_->error) {
    return *state_->error;
  }
  while (!bytes.empty()) {
    const la_ssize_t taken = archive_write_data(state_->archive.get(), bytes.data(), bytes.size());
    if (taken <= 0) {
      return state_->fail();
    }
    bytes.remove_prefix(static_cast<size_t>(taken));
  }
  return {};
}

Result<void> GzipWriter::finish() {
  if (state_->error) {
    return *state_->error;
  }
  if (archive_write_close(state_->archive.get()) != ARCHIVE_OK) {
    return state_->fail();
  }
  state_->error = Error{Error::Kind::Internal, 0, "compress", "", "the stream has ended"};
  return {};
}

}  // namespace dfsck
