// statx(2) tells both numbers of an open directory.
#include "core/fs/mount_id.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/fs/statx.h"

namespace dfsck {

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif

// Device numbers alone do not do: rename(2) between two bind mounts of one filesystem fails with EXDEV.
Result<MountId> mount_id_of(const Dir& dir) {
  struct ::statx raw {};
  if (patient::statx(dir.fd(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS | STATX_MNT_ID, &raw) != 0) {
    return sys_error("stat", dir.where());
  }
  const bool known = (raw.stx_mask & STATX_MNT_ID) != 0;
  return MountId{makedev(raw.stx_dev_major, raw.stx_dev_minor), known ? raw.stx_mnt_id : 0};
}

Result<bool> is_mount_point(const Dir& dir, const std::string& name) {
  ASSIGN_OR_RETURN(const FileStat here, dir.stat_self());
  Statx info;
  if (const int code = read_statx(dir.fd(), name.c_str(), info); code != 0) {
    errno = code;
    return sys_error("stat", dir.where() + "/" + name);
  }
  // The device tells where the kernel is too old for the attribute; a bind mount of the same filesystem passes unseen
  // there.
  return info.is_mount || info.stat.device != here.device;
}

}  // namespace dfsck
