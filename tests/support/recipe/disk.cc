// System calls with the first failure kept, and trees written in the daemon's order.
#include "tests/support/recipe/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace dfsck {

void RecipeDisk::fail(const std::string& detail) {
  if (error_.empty()) {
    error_ = detail;
  }
}

void RecipeDisk::check(bool good, const std::string& path, const char* what) {
  if (!good && error_.empty()) {
    error_ = std::string(what) + " " + path + ": " + errno_text(errno);
  }
  times_.try_emplace(path);
}

void RecipeDisk::directory(const std::string& path, mode_t mode) {
  if (!failed()) {
    check(::mkdir(full(path).c_str(), 0700) == 0 || errno == EEXIST, path, "mkdir");
    give_to_daemon(path);
    check(::chmod(full(path).c_str(), mode) == 0, path, "chmod");
  }
}

void RecipeDisk::file(const std::string& path, std::string_view bytes, mode_t mode) {
  if (failed()) {
    return;
  }
  const int fd = ::open(full(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  check(fd >= 0, path, "create");
  while (fd >= 0 && !bytes.empty() && !failed()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    check(written > 0, path, "write");
    bytes.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
  }
  if (fd >= 0) {
    give_to_daemon(path);
    check(::fchmod(fd, mode) == 0, path, "chmod");
    ::close(fd);
  }
}

void RecipeDisk::symlink(const std::string& path, const std::string& target) {
  if (!failed()) {
    check(::symlink(target.c_str(), full(path).c_str()) == 0, path, "symlink");
    give_to_daemon(path);
  }
}

void RecipeDisk::hardlink(const std::string& path, const std::string& target) {
  if (!failed()) {
    check(::link(full(target).c_str(), full(path).c_str()) == 0, path, "link");
  }
}

void RecipeDisk::node(const std::string& path, mode_t type_and_mode, unsigned major_number, unsigned minor_number) {
  if (!failed()) {
    const dev_t device = ::makedev(major_number, minor_number);
    check(::mknod(full(path).c_str(), type_and_mode, device) == 0, path, "mknod");
    give_to_daemon(path);
    check(::chmod(full(path).c_str(), type_and_mode & 07777) == 0, path, "chmod");
  }
}

void RecipeDisk::give_to_daemon(const std::string& path) {
  if (in_namespace_) {
    owner(path, daemon_id(), daemon_id());
  }
}

void RecipeDisk::owner(const std::string& path, uint32_t uid, uint32_t gid) {
  if (!failed()) {
    check(::lchown(full(path).c_str(), uid, gid) == 0, path, "chown");
  }
}

void RecipeDisk::mode(const std::string& path, mode_t mode) {
  if (!failed()) {
    check(::chmod(full(path).c_str(), mode) == 0, path, "chmod");
  }
}

void RecipeDisk::attribute(const std::string& path, const std::string& name, const std::string& value) {
  if (!failed()) {
    check(::lsetxattr(full(path).c_str(), name.c_str(), value.data(), value.size(), 0) == 0, path, "setxattr");
  }
}

Result<void> RecipeDisk::finish() {
  for (const auto& [path, time] : times_) {
    const timespec value{time.seconds, time.nanoseconds};
    const std::array<timespec, 2> both{value, value};
    if (!failed()) {
      check(::utimensat(AT_FDCWD, full(path).c_str(), both.data(), AT_SYMLINK_NOFOLLOW) == 0, path, "set time of");
    }
  }
  return failed() ? Result<void>(format_error("build recipe", "", error_)) : Result<void>();
}

namespace {

void make_entry(RecipeDisk& disk, const std::string& top, const TreeEntry& entry) {
  using Kind = TreeEntry::Kind;
  const std::string path = top + "/" + entry.path;
  switch (entry.kind) {
    case Kind::Directory: return disk.directory(path, entry.mode);
    case Kind::File: return disk.file(path, entry.bytes, entry.mode);
    case Kind::Symlink: return disk.symlink(path, entry.target);
    case Kind::HardLink: return disk.hardlink(path, top + "/" + entry.target);
    case Kind::Whiteout: return disk.node(path, S_IFCHR, 0, 0);
    case Kind::Opaque:
      return disk.attribute(path, disk.in_namespace() ? "user.overlay.opaque" : "trusted.overlay.opaque", "y");
    case Kind::Fifo: return disk.node(path, S_IFIFO | entry.mode, 0, 0);
    case Kind::CharDevice: return disk.node(path, S_IFCHR | entry.mode, entry.major_number, entry.minor_number);
    case Kind::BlockDevice: return disk.node(path, S_IFBLK | entry.mode, entry.major_number, entry.minor_number);
  }
}

// A capability of revision 3, which counts in the user namespace of this root alone.
std::string bound_to(uint32_t root, std::string value) {
  value[3] = 3;
  for (unsigned shift = 0; shift < 32; shift += 8) {
    value += static_cast<char>(root >> shift);
  }
  return value;
}

// An access list whose named users and groups (tags 2 and 8) have ids as on disk.
std::string moved_acl(const RecipeDisk& disk, std::string value) {
  for (size_t at = 4; at + 8 <= value.size(); at += 8) {
    if (value[at] != 2 && value[at] != 8) {
      continue;
    }
    uint32_t id = 0;
    for (unsigned i = 0; i < 4; ++i) {
      id |= static_cast<uint32_t>(static_cast<unsigned char>(value[at + 4 + i])) << (8 * i);
    }
    id = disk.container_id(id);
    for (unsigned i = 0; i < 4; ++i) {
      value[at + 4 + i] = static_cast<char>(id >> (8 * i));
    }
  }
  return value;
}

// As the kernel keeps what a daemon in a namespace sets.
std::string on_disk(const RecipeDisk& disk, const std::string& name, const std::string& value) {
  if (!disk.in_namespace()) {
    return value;
  }
  return name == "security.capability"           ? bound_to(disk.daemon_id(), value)
         : name.starts_with("system.posix_acl_") ? moved_acl(disk, value)
                                                 : value;
}

// Owner, attributes and mode, in this order: a change of owner takes capabilities and setuid away.
void dress_entry(RecipeDisk& disk, const std::string& top, const TreeEntry& entry, TreeStyle style) {
  using Kind = TreeEntry::Kind;
  const std::string path = top + "/" + entry.path;
  if (entry.kind == Kind::Opaque) {
    return;
  }
  const bool kernels_own = style == TreeStyle::Upper && entry.kind == Kind::Whiteout;
  disk.owner(path, kernels_own ? disk.daemon_id() : disk.container_id(entry.uid),
             kernels_own ? disk.daemon_id() : disk.container_id(entry.gid));
  for (const auto& [name, value] : entry.xattrs) {
    disk.attribute(path, name, on_disk(disk, name, value));
  }
  if (entry.kind != Kind::Symlink && entry.kind != Kind::Whiteout) {
    disk.mode(path, entry.mode);
  }
  disk.time(path, {entry.mtime, style == TreeStyle::Upper ? 123'456'789 : 0});
}

}  // namespace

void write_tree(RecipeDisk& disk, const std::string& path, const RecipeTree& tree, TreeStyle style) {
  for (const TreeEntry& entry : tree) {
    make_entry(disk, path, entry);
    dress_entry(disk, path, entry, style);
  }
}

}  // namespace dfsck
