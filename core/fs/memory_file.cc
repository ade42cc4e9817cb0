// Anonymous files of the kernel.
#include "core/fs/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace dfsck {

Result<Fd> memory_file(std::string_view bytes) {
  // Readers of files want a descriptor, and bytes that are only to be read must not leave a file anywhere.
  Fd fd(::memfd_create("docker-fsck", MFD_CLOEXEC));
  if (!fd) {
    return sys_error("make memory file", "");
  }
  for (off_t at = 0; !bytes.empty();) {
    const ssize_t written = ::pwrite(fd.get(), bytes.data(), bytes.size(), at);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return sys_error("write memory file", "");
    }
    at += written;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fd;
}

}  // namespace dfsck
