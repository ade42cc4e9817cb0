// getdents64 into a buffer that holds some thousand names.
#include "core/content/tree/directory_reader.h"

#include <dirent.h>

#include <cerrno>
#include <string_view>

#include "core/base/patient_calls.h"

namespace dfsck {
namespace {

constexpr size_t kDirentBuffer = 64 * 1024;

}  // namespace

DirectoryReader::DirectoryReader() : buffer_(new char[kDirentBuffer]) {}
DirectoryReader::~DirectoryReader() = default;

int DirectoryReader::read(int fd, const std::function<bool(const char* name, uint32_t type)>& visit) {
  for (;;) {
    const long got = patient::getdents64(fd, buffer_.get(), kDirentBuffer);
    if (got <= 0) {
      return got == 0 ? 0 : errno;
    }
    // d_reclen is the kernel's, not the disk's: it is never 0 and stays within what was returned.
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const struct dirent64*>(buffer_.get() + at);
      at += entry->d_reclen;
      const std::string_view name = entry->d_name;
      if (name != "." && name != ".." && !visit(entry->d_name, static_cast<uint32_t>(DTTOIF(entry->d_type)))) {
        return 0;
      }
    }
  }
}

}  // namespace dfsck
