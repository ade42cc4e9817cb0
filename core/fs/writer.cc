// New objects and changes of names: one system call each, relative to an open directory.
#include "core/fs/writer.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/fs/mutation.h"
#include "core/fs/writer_error.h"

namespace dfsck {

Result<void> make_directory(const Dir& parent, const std::string& name, uint32_t mode) {
  if (mutate("mkdirat", [&] { return ::mkdirat(parent.fd(), name.c_str(), mode); }) != 0) {
    return writer_error("make directory", parent, name);
  }
  return {};
}

Result<Fd> make_file(const Dir& parent, const std::string& name, std::string_view bytes) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC;
  Fd fd(mutate("openat", [&] { return ::openat(parent.fd(), name.c_str(), kFlags, 0600); }));
  if (!fd) {
    return writer_error("make file", parent, name);
  }
  if (const Result<void> written = append(fd.get(), bytes, member_path(parent, name)); !written) {
    return written.error();
  }
  return fd;
}

Result<void> make_symlink(const Dir& parent, const std::string& name, const std::string& target) {
  if (mutate("symlinkat", [&] { return ::symlinkat(target.c_str(), parent.fd(), name.c_str()); }) != 0) {
    return writer_error("make symbolic link", parent, name);
  }
  return {};
}

Result<void> make_node(const Dir& parent, const std::string& name, uint32_t type, uint32_t major, uint32_t minor) {
  const dev_t device = makedev(major, minor);
  if (mutate("mknodat", [&] { return ::mknodat(parent.fd(), name.c_str(), type | 0600, device); }) != 0) {
    return writer_error("make node", parent, name);
  }
  return {};
}

Result<void> make_hard_link(const Dir& from, const std::string& target, const Dir& parent, const std::string& name) {
  if (mutate("linkat", [&] { return ::linkat(from.fd(), target.c_str(), parent.fd(), name.c_str(), 0); }) != 0) {
    return writer_error("link", from, target);
  }
  return {};
}

namespace {

int rename_with(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name, unsigned flags) {
  return mutate("renameat2", [&] { return ::renameat2(from.fd(), name.c_str(), to.fd(), new_name.c_str(), flags); });
}

}  // namespace

Result<void> exchange(const Dir& one, const std::string& name, const Dir& other, const std::string& other_name) {
  if (rename_with(one, name, other, other_name, RENAME_EXCHANGE) != 0) {
    return writer_error("exchange", one, name);
  }
  return {};
}

Result<void> move(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name) {
  if (rename_with(from, name, to, new_name, RENAME_NOREPLACE) != 0) {
    return writer_error("move", from, name);
  }
  return {};
}

Result<void> move_over(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name) {
  if (rename_with(from, name, to, new_name, 0) != 0) {
    return writer_error("move", from, name);
  }
  return {};
}

}  // namespace dfsck
