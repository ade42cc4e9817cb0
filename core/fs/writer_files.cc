// Files of our own that grow, and making things durable.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/fs/mutation.h"
#include "core/fs/writer.h"
#include "core/fs/writer_error.h"

namespace dfsck {

Result<void> sync_filesystem(const Dir& directory) {
  if (mutate("syncfs", [&] { return ::syncfs(directory.fd()); }) != 0) {
    return sys_error("sync filesystem of", directory.where());
  }
  return {};
}

Result<void> sync_directory(const Dir& directory) {
  if (mutate("fsync", [&] { return ::fsync(directory.fd()); }) != 0) {
    return sys_error("sync directory", directory.where());
  }
  return {};
}

Result<void> sync_data(int fd, const std::string& where) {
  if (mutate("fdatasync", [&] { return ::fdatasync(fd); }) != 0) {
    return sys_error("sync", where);
  }
  return {};
}

Result<Fd> open_for_append(const Dir& parent, const std::string& name) {
  const Result<FileStat> stat = parent.stat(name);
  if (!stat) {
    return stat.error();
  }
  if (!stat->is_file()) {
    return format_error("open", member_path(parent, name), "is a " + std::string(type_name(stat->mode)));
  }
  Fd fd(::openat(parent.fd(), name.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd) {
    return writer_error("open", parent, name);
  }
  return fd;
}

Result<void> append(int fd, std::string_view bytes, const std::string& where) {
  while (!bytes.empty()) {
    const ssize_t written = mutate("write", [&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (written < 0 && errno != EINTR) {
      return sys_error("write", where);
    }
    bytes.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
  }
  return {};
}

Result<void> cut_to(int fd, uint64_t size, const std::string& where) {
  if (mutate("ftruncate", [&] { return ::ftruncate(fd, static_cast<off_t>(size)); }) != 0) {
    return sys_error("cut", where);
  }
  return {};
}

}  // namespace dfsck
