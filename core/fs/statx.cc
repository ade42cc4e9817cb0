// statx(2) into plain fields.
#include "core/fs/statx.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/patient_calls.h"

namespace dfsck {
namespace {

// Linux 5.8; glibc's headers may be older than the kernel that runs.
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000
#endif

FileTime time_of(const struct ::statx_timestamp& time) { return {time.tv_sec, time.tv_nsec}; }

}  // namespace

int read_statx(int dir, const char* name, Statx& info) {
  struct ::statx raw {};
  // No automount: a look must not mount anything.
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  if (patient::statx(dir, name, kFlags, STATX_BASIC_STATS, &raw) != 0) {
    return errno;
  }
  FileStat& stat = info.stat;
  stat.device = makedev(raw.stx_dev_major, raw.stx_dev_minor);
  stat.inode = raw.stx_ino;
  stat.mode = raw.stx_mode;
  stat.uid = raw.stx_uid;
  stat.gid = raw.stx_gid;
  stat.links = raw.stx_nlink;
  stat.size = raw.stx_size;
  stat.blocks = raw.stx_blocks;
  stat.rdev_major = raw.stx_rdev_major;
  stat.rdev_minor = raw.stx_rdev_minor;
  stat.mtime = time_of(raw.stx_mtime);
  stat.ctime = time_of(raw.stx_ctime);
  info.atime = time_of(raw.stx_atime);
  info.is_mount = (raw.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  // chattr(1) +i and +a: a repair of such an object fails with EPERM even for root, so that it is better known
  // beforehand.
  constexpr uint64_t kGuards = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND;
  info.has_flags = (raw.stx_attributes & (kGuards | STATX_ATTR_NODUMP | STATX_ATTR_COMPRESSED)) != 0;
  info.is_guarded = (raw.stx_attributes & kGuards) != 0;
  return 0;
}

}  // namespace dfsck
