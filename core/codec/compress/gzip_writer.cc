// zlib's deflate, in a header as Go writes it.
#define ZLIB_CONST
#include "core/codec/compress/gzip_writer.h"

#include <zlib.h>

#include <new>
#include <optional>
#include <vector>

#include "core/base/try.h"

namespace dfsck {
namespace {

constexpr size_t kDeflatedPiece = 64 * 1024;
constexpr size_t kMostAtOnce = 1U << 30;  // zlib counts in 32 bits
constexpr int kWithGzipHeader = 16;
constexpr int kUsualMemory = 8;
constexpr int kUnknownSystem = 255;

}  // namespace

struct GzipWriter::State {
  explicit State(ByteSink target) : sink(std::move(target)) {
    // No time in the header, so that equal content gives equal bytes.
    header.os = kUnknownSystem;
    if (::deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + kWithGzipHeader, kUsualMemory,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
    ::deflateSetHeader(&stream, &header);
    empty_piece();
  }
  ~State() { ::deflateEnd(&stream); }

  void empty_piece() {
    stream.next_out = reinterpret_cast<unsigned char*>(piece.data());
    stream.avail_out = static_cast<unsigned>(piece.size());
  }
  // Hands on what is compressed.
  Result<void> drain() {
    const std::string_view made(piece.data(), piece.size() - stream.avail_out);
    empty_piece();
    return made.empty() ? Result<void>() : sink(made);
  }
  Result<void> compress(std::string_view bytes, int flush);

  ByteSink sink;
  std::optional<Error> error;
  gz_header header{};
  z_stream stream{};
  std::vector<char> piece = std::vector<char>(kDeflatedPiece);
};

Result<void> GzipWriter::State::compress(std::string_view bytes, int flush) {
  stream.next_in = reinterpret_cast<const unsigned char*>(bytes.data());
  stream.avail_in = static_cast<unsigned>(bytes.size());
  for (;;) {
    const int status = ::deflate(&stream, flush);
    if (flush == Z_FINISH ? status == Z_STREAM_END : stream.avail_in == 0) {
      return {};
    }
    if (status != Z_OK && status != Z_BUF_ERROR) {
      return Error{Error::Kind::Internal, 0, "compress", "", stream.msg != nullptr ? stream.msg : ""};
    }
    TRY(drain());
  }
}

GzipWriter::GzipWriter(ByteSink sink) : state_(std::make_unique<State>(std::move(sink))) {}

GzipWriter::~GzipWriter() = default;

Result<void> GzipWriter::write(std::string_view bytes) {
  State& state = *state_;
  while (!bytes.empty() && !state.error) {
    const std::string_view part = bytes.substr(0, kMostAtOnce);
    if (const Result<void> compressed = state.compress(part, Z_NO_FLUSH); !compressed) {
      state.error = compressed.error();
    }
    bytes.remove_prefix(part.size());
  }
  return state.error ? Result<void>(*state.error) : Result<void>();
}

Result<void> GzipWriter::finish() {
  State& state = *state_;
  if (state.error) {
    return *state.error;
  }
  Result<void> done = state.compress({}, Z_FINISH);
  done = done ? state.drain() : done;
  state.error = done ? Error{Error::Kind::Internal, 0, "compress", "", "the stream has ended"} : done.error();
  return done;
}

}  // namespace dfsck
