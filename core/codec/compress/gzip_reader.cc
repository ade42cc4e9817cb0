// zlib's inflate, a block at a time: so its state tells what an error was about, which else it only says in words.
#define ZLIB_CONST
#include "core/codec/compress/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <new>
#include <optional>
#include <vector>

namespace dfsck {
namespace {

constexpr size_t kInflatedPiece = 64 * 1024;
constexpr size_t kMostDeflated = 1U << 30;  // zlib counts in 32 bits
constexpr int kInGzip = 16;                 // added to the size of the window
constexpr int kBehindLastBlock = 64 + 128;

}  // namespace

struct GzipReader::State {
  State(ByteSource& from, std::string name, GzipChecksums checksums) : source(from), where(std::move(name)) {
    if (::inflateInit2(&stream, MAX_WBITS + kInGzip) != Z_OK) {
      throw std::bad_alloc();
    }
    ::inflateValidate(&stream, checksums == GzipChecksums::Compare ? 1 : 0);
    ::inflateGetHeader(&stream, &header);
  }
  ~State() { ::inflateEnd(&stream); }

  int inflate_more();
  void end_member();
  Result<std::string_view> next();
  Result<std::string_view> end();
  Error fail(GzipFault what, std::string_view reason) {
    fault = what;
    return format_error("decompress", where, reason);
  }
  Error failure();

  ByteSource& source;
  std::string where;
  z_stream stream{};
  gz_header header{};       // of the member: known when `done` is 1
  bool in_trailer = false;  // of the member
  bool is_first = true;     // member
  std::string_view input;   // fetched and not used
  std::vector<char> piece = std::vector<char>(kInflatedPiece);
  GzipFault fault = GzipFault::None;
  std::optional<Error> error;
};

int GzipReader::State::inflate_more() {
  const auto offered = static_cast<unsigned>(std::min(input.size(), kMostDeflated));
  stream.next_in = reinterpret_cast<const unsigned char*>(input.data());
  stream.avail_in = offered;
  const int status = ::inflate(&stream, Z_BLOCK);
  input.remove_prefix(offered - stream.avail_in);
  if (status == Z_MEM_ERROR) {
    throw std::bad_alloc();
  }
  in_trailer = in_trailer || (stream.data_type & kBehindLastBlock) == kBehindLastBlock;
  return status;
}

void GzipReader::State::end_member() {
  ::inflateReset(&stream);
  ::inflateGetHeader(&stream, &header);
  in_trailer = false;
  is_first = false;
}

// What inflate() refused. Go, too, calls a header invalid for whatever reason.
Error GzipReader::State::failure() {
  if (header.done != 1) {
    return is_first ? fail(GzipFault::NotGzip, "is not gzip")
                    : fail(GzipFault::Trailing, "something else follows the gzip data");
  }
  return in_trailer ? fail(GzipFault::Checksum, "has a wrong checksum")
                    : fail(GzipFault::Corrupt, "cannot be decompressed (" + std::string(stream.msg) + ")");
}

// The source has no more.
Result<std::string_view> GzipReader::State::end() {
  if (stream.total_in > 0) {
    return fail(GzipFault::Truncated, "is cut off");
  }
  return is_first ? Result<std::string_view>(fail(GzipFault::Empty, "is empty")) : std::string_view();
}

Result<std::string_view> GzipReader::State::next() {
  stream.next_out = reinterpret_cast<unsigned char*>(piece.data());
  stream.avail_out = static_cast<unsigned>(piece.size());
  for (;;) {
    const int status = inflate_more();
    if (status == Z_STREAM_END) {
      end_member();
    }
    const bool goes_on = status == Z_OK && !input.empty() && stream.avail_out > 0;
    if (!goes_on && stream.avail_out < piece.size()) {
      return std::string_view(piece.data(), piece.size() - stream.avail_out);
    }
    if (status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END) {
      return failure();
    }
    if (input.empty()) {
      const Result<std::string_view> more = source.next();
      fault = more ? fault : GzipFault::Unreadable;
      if (!more || more->empty()) {
        return more ? end() : more;
      }
      input = *more;
    }
  }
}

GzipReader::GzipReader(ByteSource& source, std::string where, GzipChecksums checksums)
    : state_(std::make_unique<State>(source, std::move(where), checksums)) {}

GzipReader::~GzipReader() = default;

GzipFault GzipReader::fault() const { return state_->fault; }

Result<std::string_view> GzipReader::next() {
  if (state_->error) {
    return *state_->error;
  }
  Result<std::string_view> given = state_->next();
  if (!given) {
    state_->error = given.error();
  }
  return given;
}

}  // namespace dfsck
