// Directory access by descriptor: every call here takes a name without slashes and refuses to follow links.
#include "core/fs/dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/proc_path.h"
#include "core/base/text.h"
#include "core/base/try.h"

namespace dfsck {
namespace {

// Far above PATH_MAX, which is what Linux filesystems keep.
constexpr size_t kMaxLinkTarget = 64 * 1024;

// A path, and the calls that do or do not follow a link at its end.
struct XattrAccess {
  std::string path;
  ssize_t (*list)(const char* path, char* into, size_t size);
  ssize_t (*get)(const char* path, const char* name, void* into, size_t size);
};

// Calls until the buffer is large enough. False with errno set.
template <typename Call>
bool buffer_filled_by(std::string& buffer, size_t most, Call call) {
  ssize_t length = call(buffer);
  while (length < 0 && errno == ERANGE && buffer.size() < most) {
    buffer.resize(most);  // the kernel gives no more
    length = call(buffer);
  }
  if (length >= 0) {
    buffer.resize(static_cast<size_t>(length));
  }
  return length >= 0;
}

Result<std::map<std::string, std::string>> xattrs_through(const XattrAccess& access, const std::string& where) {
  constexpr size_t kMost = 64 * 1024;  // XATTR_LIST_MAX, XATTR_SIZE_MAX
  const char* path = access.path.c_str();
  std::map<std::string, std::string> found;
  std::string names(1024, '\0');
  if (!buffer_filled_by(names, kMost, [&](std::string& out) { return access.list(path, out.data(), out.size()); })) {
    return errno == ENOTSUP ? Result(found) : sys_error("list attributes", where);
  }
  // Names stand one behind the other, each with its NUL; the kernel ends the last one as well.
  for (size_t start = 0; start < names.size();) {
    const std::string key = names.c_str() + start;
    start += key.size() + 1;
    std::string value(256, '\0');
    if (buffer_filled_by(value, kMost,
                         [&](std::string& out) { return access.get(path, key.c_str(), out.data(), out.size()); })) {
      found[key] = std::move(value);
    } else if (errno != ENODATA) {  // listed but not readable by us, or gone meanwhile
      return sys_error("read attribute " + escaped(key), where);
    }
  }
  return found;
}

}  // namespace

std::string Dir::at(const std::string& name) const {
  return where_.empty() || where_ == "." ? escaped(name) : where_ + "/" + escaped(name);
}

Result<std::vector<DirEntry>> Dir::list(size_t max_entries) const {
  // A descriptor of its own: readdir moves the place of the open file description, which a duplicate would share, so
  // that a second listing would begin where the first one ended.
  Fd own(patient::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) {
    return sys_error("open directory", where_);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(patient::fdopendir(own.get()), &::closedir);
  if (!stream) {
    return sys_error("open directory", where_);
  }
  // closedir closes it from here on.
  own.release();
  std::vector<DirEntry> entries;
  for (;;) {
    const dirent* entry = patient::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) {
        return sys_error("read directory", where_);
      }
      break;
    }
    const std::string_view name = entry->d_name;
    // A damaged directory block, or a FUSE server, can return a name with a slash in it: joined to a path, it would
    // lead away.
    if (!RelPath::is_component(name)) {
      continue;  // ".", "..", or names that no sane filesystem can hold
    }
    // A limit of ours and no damage: it keeps a directory of millions of names, which anybody in a container may make,
    // from taking all memory.
    if (entries.size() == max_entries) {
      return limit_error("read directory", where_, "more than " + counted(max_entries, "entry"));
    }
    DirEntry& added = entries.emplace_back(DirEntry{std::string(name), static_cast<uint32_t>(DTTOIF(entry->d_type))});
    // XFS without ftype, and some FUSE and network filesystems, do not tell types; a daemon refuses such a backing
    // filesystem for overlay2, but volumes and other areas may lie on one.
    if (entry->d_type == DT_UNKNOWN) {
      const Result<FileStat> looked = stat(added.name);
      // Gone between the listing and the look is no error: on a live root names come and go.
      if (!looked && !says_absent(looked.error().code)) {
        return looked.error();
      }
      added.type = looked ? looked->mode & S_IFMT : 0;
    }
  }
  // The order of a listing is the filesystem's own; reports must be the same from one machine to the next.
  std::sort(entries.begin(), entries.end(), [](const DirEntry& a, const DirEntry& b) { return a.name < b.name; });
  return entries;
}

Result<FileStat> Dir::stat(const std::string& name) const {
  struct ::stat raw {};
  if (patient::fstatat(fd_.get(), name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) != 0) {
    return sys_error("stat", at(name));
  }
  return to_file_stat(raw);
}

Result<FileStat> Dir::stat_self() const {
  struct ::stat raw {};
  if (patient::fstat(fd_.get(), &raw) != 0) {
    return sys_error("stat", where_);
  }
  return to_file_stat(raw);
}

Result<Dir> Dir::open_dir(const std::string& name) const {
  Fd fd(patient::openat(fd_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    return sys_error("open directory", at(name));
  }
  return Dir(std::move(fd), at(name));
}

Result<Fd> Dir::open_file(const std::string& name) const {
  // A look before the open: opening a device node can have effects of its own.
  ASSIGN_OR_RETURN(const FileStat before, stat(name));
  if (!before.is_file()) {
    return format_error("open", at(name), "is a " + std::string(type_name(before.mode)) + ", not a file");
  }
  return open_seen_file(name);
}

// O_NONBLOCK and O_NOCTTY in case the name has become a FIFO or a terminal since the look: opening must neither wait
// nor give this process a terminal.
Result<Fd> Dir::open_seen_file(const std::string& name) const {
  Fd fd = open_for_reading(fd_.get(), name.c_str());
  return fd ? Result<Fd>(std::move(fd)) : sys_error("open", at(name));
}

Fd open_for_reading(int dir, const char* name) {
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd fd(patient::openat(dir, name, kFlags | O_NOATIME));
  // Only the owner and a privileged process may use O_NOATIME. Reading a file is worth an access time.
  if (!fd && errno == EPERM) {
    fd = Fd(patient::openat(dir, name, kFlags));
  }
  return fd;
}

Result<std::string> Dir::read_link(const std::string& name) const {
  std::string target(256, '\0');
  for (;;) {
    const ssize_t length = patient::readlinkat(fd_.get(), name.c_str(), target.data(), target.size());
    if (length < 0) {
      return sys_error("read link", at(name));
    }
    // A result as long as the buffer may be cut off: readlink does not tell.
    if (static_cast<size_t>(length) < target.size()) {
      target.resize(static_cast<size_t>(length));
      return target;
    }
    if (target.size() >= kMaxLinkTarget) {
      return limit_error("read link", at(name), "the target is too long");
    }
    target.resize(target.size() * 2);
  }
}

Result<std::map<std::string, std::string>> Dir::xattrs(const std::string& name) const {
  // O_PATH opens anything without touching it: a device, a FIFO, a file that must not be read.
  const Fd fd(patient::openat(fd_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) {
    return sys_error("open", at(name));
  }
  struct ::stat raw {};
  if (patient::fstat(fd.get(), &raw) != 0) {
    return sys_error("stat", at(name));
  }
  if (S_ISLNK(raw.st_mode)) {
    // /proc/self/fd/N would be followed to the link's target; links are reached through their directory instead.
    return xattrs_through({proc_path(fd_.get(), name), patient::llistxattr, patient::lgetxattr}, at(name));
  }
  return read_xattrs(fd.get(), at(name));
}

Result<std::map<std::string, std::string>> read_xattrs(int fd, const std::string& where) {
  // Of an O_PATH descriptor the attributes can be asked for in this way only.
  return xattrs_through({proc_path(fd), patient::listxattr, patient::getxattr}, where);
}

}  // namespace dfsck
