// Headers of a tar archive, as Go's archive/tar reads them (what dockerd unpacks by).
//
// Knows ustar with prefix, GNU base-256 numbers, PAX extended headers (x, g) and GNU long names (L, K). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace dfsck {

inline constexpr size_t kTarBlock = 512;

// Bytes from the end of something of `size` bytes to the next block.
constexpr size_t tar_padding(uint64_t size) { return static_cast<size_t>((kTarBlock - size % kTarBlock) % kTarBlock); }

struct TarHeader {
  std::string name;       // bytes as the header says; directories end in '/'
  std::string link_name;  // of hard and symbolic links
  char type = '0';        // typeflag; the old '\0' is given as '0', or as '5' where the name ends in '/'
  uint32_t mode = 0;      // the low twelve bits
  uint64_t uid = 0;
  uint64_t gid = 0;
  uint64_t size = 0;  // of what follows the header in the archive; 0 for types that have nothing, whatever they say
  int64_t mtime_seconds = 0;
  int64_t mtime_nanoseconds = 0;  // 0..999999999; from a PAX record
  uint32_t device_major = 0;
  uint32_t device_minor = 0;
  bool is_sparse = false;  // one of the GNU sparse forms: what follows in the archive is not the file as it is
  std::vector<std::pair<std::string, std::string>> xattrs;  // SCHILY.xattr.*, sorted by name

  bool is_hard_link() const { return type == '1'; }
  bool is_global() const { return type == 'g'; }
  bool is_device() const { return type == '3' || type == '4'; }
  // S_IFREG, ...; 0 for hard links, global headers and what dockerd refuses to unpack.
  uint32_t file_type() const;
  // Bytes between the end of what follows this header and the next one.
  size_t padding() const { return tar_padding(size); }
};

// Parses what stands between two payloads: `padding` bytes that belong to the one before, special headers with their
// data, and at the very end the header proper. (A global header counts as one, with its data: tar-split makes an entry
// of it.) `header` is overwritten; its strings keep their capacity. Format error where it is none; Limit error for
// special headers of more than 2 MiB (dockerd since 28.0 refuses more than 1 MiB).
Result<void> parse_tar_header(std::string_view bytes, size_t padding, TarHeader& header);

// For who has to find out how far a header goes: if this block of kTarBlock bytes opens a special header, the bytes of
// its data (which are padded to whole blocks); nothing if it is the header proper. Errors as parse_tar_header.
Result<std::optional<uint64_t>> special_header_size(std::string_view block);

}  // namespace dfsck
