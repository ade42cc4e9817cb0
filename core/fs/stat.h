// What lstat says of one object, in plain fields.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstdint>
#include <string_view>

namespace dfsck {

struct FileTime {
  int64_t seconds = 0;
  int64_t nanoseconds = 0;
  friend auto operator<=>(const FileTime&, const FileTime&) = default;
};

struct FileStat {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint32_t mode = 0;  // type and permission bits, as st_mode
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t links = 0;
  uint64_t size = 0;
  uint64_t blocks = 0;  // of 512 bytes
  uint32_t rdev_major = 0;
  uint32_t rdev_minor = 0;
  FileTime mtime;
  FileTime ctime;

  bool is_dir() const { return S_ISDIR(mode); }
  bool is_file() const { return S_ISREG(mode); }
  bool is_symlink() const { return S_ISLNK(mode); }
  bool is_whiteout() const { return S_ISCHR(mode) && rdev_major == 0 && rdev_minor == 0; }
};

// An overlay whiteout: character device 0:0.
inline bool is_whiteout(const struct ::stat& raw) { return S_ISCHR(raw.st_mode) && raw.st_rdev == makedev(0, 0); }

FileStat to_file_stat(const struct ::stat& raw);

// "file", "directory", "symbolic link", "character device", ...
std::string_view type_name(uint32_t mode);

}  // namespace dfsck
