// Anonymous files of the kernel.
#include "core/fs/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/write_all.h"

namespace dfsck {

Result<Fd> memory_file(std::string_view bytes) {
  // Readers of files want a descriptor, and bytes that are only to be read must not leave a file anywhere.
  Fd fd(::memfd_create("docker-fsck", MFD_CLOEXEC));
  if (!fd) {
    return sys_error("make memory file", "");
  }
  const int code = write_all(bytes, [&](std::string_view rest) {
    return ::pwrite(fd.get(), rest.data(), rest.size(), static_cast<off_t>(bytes.size() - rest.size()));
  });
  if (code != 0) {
    errno = code;
    return sys_error("write memory file", "");
  }
  return fd;
}

}  // namespace dfsck
