// Made by plain system calls, so that nothing of what is tested takes part.
#include "tests/support/awkward_tree.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>

#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

void write(const std::string& path, const std::string& bytes, mode_t mode = 0644, uid_t uid = 0, gid_t gid = 0) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
  must(::chown(path.c_str(), uid, gid) == 0, "chown");
  must(::chmod(path.c_str(), mode) == 0, "chmod");
}

void attribute(const std::string& path, const std::string& name, const std::string& value) {
  must(::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == 0, "lsetxattr " + name);
}

// An ACL that lets user 1234 read: version, then tag, permissions, id of each entry.
std::string acl() {
  const auto entry = [](uint16_t tag, uint16_t permissions, uint32_t id) {
    std::string text(8, '\0');
    text[0] = static_cast<char>(tag);
    text[2] = static_cast<char>(permissions);
    for (size_t i = 0; i < 4; ++i) {
      text[4 + i] = static_cast<char>(id >> (8 * i));
    }
    return text;
  };
  return std::string("\x02\0\0\0", 4) + entry(1, 6, UINT32_MAX) + entry(2, 4, 1234) + entry(4, 4, UINT32_MAX) +
         entry(16, 4, UINT32_MAX) + entry(32, 0, UINT32_MAX);
}

void set_time(const std::string& path, int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{1'500'000'000, 77}, {seconds, nanoseconds}};
  must(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) == 0, "utimensat " + path);
}

void add_flags(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  int now = 0;
  // Filesystems without flags are copied without.
  if (::ioctl(fd, FS_IOC_GETFLAGS, &now) == 0) {
    now |= flags;
    static_cast<void>(::ioctl(fd, FS_IOC_SETFLAGS, &now));
  }
  ::close(fd);
}

std::string noise(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = static_cast<uint32_t>(size) | 1;
  for (char& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

void make_sparse(const std::string& path) {
  write(path, "begin");
  const int fd = ::open(path.c_str(), O_WRONLY);
  must(::pwrite(fd, "middle", 6, 3 << 20) == 6 && ::ftruncate(fd, 5 << 20) == 0, "sparse");
  ::close(fd);
}

void make_socket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  must(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  ::close(fd);
}

std::vector<std::string> all_paths(const std::string& root) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    paths.push_back(entry.path().string());
  }
  return paths;
}

void make_awkward_files(const std::string& v) {
  write(v + "/plain", noise(10'000));
  write(v + "/large", noise(700'001));
  write(v + "/empty", "");
  write(v + "/suid", "x", 06755);
  write(v + "/secret", "nobody may read this", 0);
  write(v + "/owned", "x", 0640, 1000, 1001);
  write(v + "/owned suid", "x", 04711, 1000, 1001);
  write(v + "/name\nwith newline", "x");
  write(v + "/not \xff utf-8", "x");
  write(v + "/capable", "x", 0755);
  attribute(v + "/capable", "security.capability",
            std::string("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20));
  write(v + "/acl", "x", 0640);
  attribute(v + "/acl", "system.posix_acl_access", acl());
  attribute(v + "/acl", "user.note", std::string("a\0b", 3));
  write(v + "/no dump", "x");
  add_flags(v + "/no dump", FS_NODUMP_FL);
  make_sparse(v + "/sparse");
  write(v + "/all hole", "");
  must(::truncate((v + "/all hole").c_str(), 1 << 20) == 0, "truncate");
}

void make_nodes_and_links(const std::string& v) {
  make_socket(v + "/socket");
  must(::mkfifo((v + "/fifo").c_str(), 0620) == 0, "mkfifo");
  must(::mknod((v + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0, "mknod");
  must(::mknod((v + "/block").c_str(), S_IFBLK | 0660, makedev(7, 200)) == 0, "mknod");
  must(::chown((v + "/block").c_str(), 5, 6) == 0, "chown");
  fs::create_symlink("../../nowhere\n", v + "/link");
  must(::lchown((v + "/link").c_str(), 9, 9) == 0, "lchown");
  attribute(v + "/link", "trusted.note", "of a link");
}

void make_directories(const std::string& v) {
  for (const char* deep : {"/a", "/a/b", "/a/b/c", "/sticky", "/closed"}) {
    fs::create_directories(v + deep);
  }
  write(v + "/a/one name", noise(5000));
  fs::create_hard_link(v + "/a/one name", v + "/a/b/c/other name");
  fs::create_hard_link(v + "/a/one name", v + "/z third name");
  attribute(v + "/a/b", "system.posix_acl_default", acl());
  must(::chmod((v + "/sticky").c_str(), 03777) == 0, "chmod");
  must(::chown((v + "/a").c_str(), 33, 34) == 0, "chown");
  write(v + "/closed/in it", "x");
  must(::chmod((v + "/closed").c_str(), 0) == 0, "chmod");
}

void make_second_volume(const std::string& v, const std::string& w) {
  write(w + "/file", noise(3000));
  fs::create_hard_link(v + "/a/one name", w + "/across volumes");
  fs::create_hard_link(v + "/link", w + "/second link");
}

void make_layer_directory(const std::string& root) {
  const std::string layer = root + "/overlay2/x";
  write(layer + "/link", "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  fs::create_directories(layer + "/diff/opaque");
  fs::create_directories(layer + "/work/work");
  attribute(layer + "/diff/opaque", "trusted.overlay.opaque", "y");
  must(::mknod((layer + "/diff/whiteout").c_str(), S_IFCHR, makedev(0, 0)) == 0, "mknod");
  for (int i = 0; i < 150; ++i) {
    write(layer + "/diff/many/" + std::to_string(i), noise(static_cast<size_t>(i)));
  }
}

// Each another one; what lies deeper first, since it changes the directories above.
void set_all_times(const std::string& root) {
  long nanoseconds = 123'456'789;
  std::vector<std::string> paths = all_paths(root);
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    set_time(*path, 1'400'000'000 + nanoseconds % 1000, nanoseconds);
    nanoseconds += 7919;
  }
  set_time(root, 1'300'000'000, 5);
}

}  // namespace

void make_awkward_tree(const std::string& root) {
  const std::string v = root + "/volumes/v/_data";
  make_awkward_files(v);
  make_nodes_and_links(v);
  make_directories(v);
  make_second_volume(v, root + "/volumes/w/_data");
  make_layer_directory(root);
  write(root + "/containers/c/config.v2.json", "{}");
  write(root + "/engine-id", "id", 0600);
  must(::chmod((root + "/overlay2").c_str(), 0710) == 0, "chmod");
  set_all_times(root);
}

std::vector<MigrationUnit> awkward_units() {
  using Kind = MigrationUnit::Kind;
  std::vector<MigrationUnit> units;
  for (const char* path : {"volumes/v", "volumes/w", "overlay2/x", "containers/c", "engine-id"}) {
    units.push_back({.path = path, .kind = Kind::Tree, .layer = {}, .omit = {}, .expected_bytes = 0});
  }
  return units;
}

void unguard(const std::string& root) {
  for (const std::string& path : all_paths(root)) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))) {
      continue;
    }
    const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    int flags = 0;
    if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
      flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
      must(::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0, "chattr");
    }
    ::close(fd);
  }
}

Snapshot shape_of(const std::string& root) {
  static const std::regex inode(" inode ([0-9]+)");
  static const std::regex changed(" changed [0-9.]+");
  static const std::regex size(" size [0-9]+");
  Result<Snapshot> snapshot = take_snapshot(root);
  Snapshot shape;
  std::map<std::string, std::string> first;
  for (const auto& [path, described] : *snapshot) {
    if (path.starts_with(".docker-fsck")) {
      continue;
    }
    std::string text = std::regex_replace(described, changed, "", std::regex_constants::format_first_only);
    std::smatch found;
    std::regex_search(text, found, inode);
    const std::string name = first.emplace(found[1].str(), path).first->second;
    const std::string before = found.prefix().str();
    const std::string after = found.suffix().str();
    text = before + (name == path ? "" : " is " + name) + after;
    struct stat info {};
    ::lstat((root + "/" + path).c_str(), &info);
    if (S_ISDIR(info.st_mode)) {
      text = std::regex_replace(text, size, "", std::regex_constants::format_first_only);
      // The root itself has a directory of ours in it.
      text = path == "." ? text.substr(0, text.find(" links")) : text;
    }
    if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
      const int fd = ::open((root + "/" + path).c_str(), O_RDONLY);
      int flags = 0;
      constexpr int kShown = FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL;
      if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        text += " flags " + std::to_string(flags & kShown);
      }
      ::close(fd);
    }
    shape[path] = text;
  }
  return shape;
}

Snapshot shape_of_source(const std::string& root) {
  Snapshot shape = shape_of(root);
  std::erase_if(shape, [&](const auto& entry) {
    struct stat info {};
    return ::lstat((root + "/" + entry.first).c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
  });
  return shape;
}

Result<MigrationResult> migrate(const std::string& from, const std::string& to, const MigrationOptions& options,
                                const std::vector<MigrationUnit>& units) {
  const Result<Root> source = Root::open(from);
  const Result<Root> target = Root::open(to);
  const Cancel never;
  Progress progress;
  if (!source || !target) {
    return source ? target.error() : source.error();
  }
  return migrate_units(*source, *target, units, options, never, progress);
}

}  // namespace dfsck::test
