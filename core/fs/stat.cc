// Conversion of struct stat, and words for file types.
#include "core/fs/stat.h"

namespace dfsck {

FileStat to_file_stat(const struct ::stat& raw) {
  FileStat stat;
  stat.device = raw.st_dev;
  stat.inode = raw.st_ino;
  stat.mode = raw.st_mode;
  stat.uid = raw.st_uid;
  stat.gid = raw.st_gid;
  stat.links = raw.st_nlink;
  stat.size = static_cast<uint64_t>(raw.st_size);
  stat.blocks = static_cast<uint64_t>(raw.st_blocks);
  stat.rdev_major = major(raw.st_rdev);
  stat.rdev_minor = minor(raw.st_rdev);
  stat.mtime = {raw.st_mtim.tv_sec, raw.st_mtim.tv_nsec};
  stat.ctime = {raw.st_ctim.tv_sec, raw.st_ctim.tv_nsec};
  return stat;
}

std::string_view type_name(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return "file";
    case S_IFDIR: return "directory";
    case S_IFLNK: return "symbolic link";
    case S_IFCHR: return "character device";
    case S_IFBLK: return "block device";
    case S_IFIFO: return "FIFO";
    case S_IFSOCK: return "socket";
    // A damaged inode can have type bits that stand for nothing.
    default: return "object of unknown type";
  }
}

}  // namespace dfsck
