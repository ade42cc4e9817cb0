// Joining tar-split's segments to headers.
#include "core/codec/tar/layer_stream.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

// A layer with a million entries has about 2 GB of this; beyond is an attack or damage.
constexpr uint64_t kMaxDecompressed = 32ULL << 30;
// The headers of one entry: four special ones of 2 MiB at most. More bytes without an entry are the end of the tar.
constexpr size_t kMaxHeaders = 9U << 20;

}  // namespace

void clean_tar_name(std::string_view name, std::string& path) {
  path.clear();
  while (!name.empty()) {
    const size_t slash = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(std::min(slash + 1, name.size()));
    if (part.empty() || part == ".") {
      continue;
    }
    // As Go's path.Clean of a rooted path: above the top there is nothing to go to. dockerd refuses such names when it
    // unpacks (breakout); here they only must not lead anywhere else.
    if (part == "..") {
      const size_t last = path.rfind('/');
      path.resize(last == std::string::npos ? 0 : last);
      continue;
    }
    if (!path.empty()) {
      path += '/';
    }
    path += part;
  }
}

LayerStream::LayerStream(int fd, std::string where) : reader_(fd, where, kMaxDecompressed), where_(std::move(where)) {}

Error LayerStream::malformed(std::string_view what) const {
  return format_error("read", where_, "line " + std::to_string(reader_.line()) + ": " + std::string(what));
}

void LayerStream::count_zeros(std::string_view bytes) {
  const size_t other = bytes.find_last_not_of('\0');
  tail_zeros_ = other == std::string_view::npos ? tail_zeros_ + bytes.size() : bytes.size() - other - 1;
}

Result<LayerStream::Kind> LayerStream::finish_entry(LayerEntry& entry) {
  if (in_tail_) {
    return malformed("a file behind the end of the tar");
  }
  std::swap(entry.name, record_.name);
  entry.size = record_.size;
  entry.crc64 = record_.crc64;
  const Result<void> parsed = parse_tar_header(entry.raw, padding_, entry.header);
  if (!parsed) {
    return malformed("the tar header of \"" + escaped_excerpt(entry.name, 80) + "\": " + parsed.error().detail);
  }
  padding_ = entry.header.padding();
  // Only for these must the header and tar-split agree. Of a sparse file tar-split holds the expanded size, of a link
  // or a directory a size that no byte follows (tar-split counts what the header says).
  const bool plain_file = entry.header.type == '0' && !entry.header.is_sparse;
  if (plain_file && entry.size != entry.header.size) {
    return malformed("the size of \"" + escaped_excerpt(entry.name, 80) + "\" is not that of its tar header");
  }
  if (plain_file && entry.size > 0 && !record_.has_crc) {
    return malformed("no checksum of \"" + escaped_excerpt(entry.name, 80) + "\"");
  }
  clean_tar_name(entry.name, entry.path);
  // JSON can hold such a name, though no file system can; every call below would stop at the NUL and reach another
  // file.
  if (entry.path.find('\0') != std::string::npos) {
    return malformed("a name with a NUL byte");
  }
  tail_zeros_ = 0;
  return Kind::Entry;
}

Result<LayerStream::Kind> LayerStream::next(LayerEntry& entry) {
  entry.raw.clear();
  for (;;) {
    ASSIGN_OR_RETURN(const bool got, reader_.next(record_));
    if (!got) {
      in_tail_ = true;
      return entry.raw.empty() ? Kind::End : Kind::Tail;
    }
    if (record_.kind == TarSplitRecord::Kind::File) {
      return finish_entry(entry);
    }
    entry.raw += record_.bytes;
    count_zeros(record_.bytes);
    // Behind the end of a tar its garbage comes in segments of up to 1 MiB with no entry between them. Given on piece
    // by piece, an archive with a long tail needs no memory for it.
    if (in_tail_ || entry.raw.size() > kMaxHeaders) {
      in_tail_ = true;
      return Kind::Tail;
    }
  }
}

}  // namespace dfsck
