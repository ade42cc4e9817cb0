// Compression by libarchive's writer, which writes a file without a format ("raw") through one filter.
#include "tests/support/compress.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <cstdlib>
#include <iostream>

namespace dfsck::test {
namespace {

la_ssize_t append(struct archive*, void* to, const void* data, size_t size) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

}  // namespace

std::string compressed(std::string_view bytes, Compression compression) {
  std::string out;
  struct archive* archive = archive_write_new();
  int status = ARCHIVE_OK;
  switch (compression) {
    case Compression::None: status = archive_write_add_filter_none(archive); break;
    case Compression::Gzip: status = archive_write_add_filter_gzip(archive); break;
    case Compression::Bzip2: status = archive_write_add_filter_bzip2(archive); break;
    case Compression::Xz: status = archive_write_add_filter_xz(archive); break;
    case Compression::Zstd: status = archive_write_add_filter_zstd(archive); break;
  }
  archive_write_set_format_raw(archive);
  archive_write_set_bytes_in_last_block(archive, 1);
  struct archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, S_IFREG);
  if (status != ARCHIVE_OK || archive_write_open(archive, &out, nullptr, &append, nullptr) != ARCHIVE_OK ||
      archive_write_header(archive, entry) != ARCHIVE_OK ||
      archive_write_data(archive, bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size()) ||
      archive_write_close(archive) != ARCHIVE_OK) {
    std::cerr << archive_error_string(archive) << '\n';
    std::abort();
  }
  archive_entry_free(entry);
  archive_write_free(archive);
  return out;
}

}  // namespace dfsck::test
