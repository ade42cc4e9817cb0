// The one table of error numbers.
#include "core/base/errno_class.h"

#include <cerrno>

namespace dfsck {

// EUCLEAN is what Linux filesystems call EFSCORRUPTED: a structure that does not hold together. EBADMSG is EFSBADCRC: a
// checksum of metadata that does not match. Both come from the filesystem itself, never from a limit of this process.
bool speaks_of_disk(int code) { return code == EIO || code == EUCLEAN || code == EBADMSG; }

// ENOBUFS and ENOLCK are kernel memory by other names. ENOSPC and EDQUOT are none of these: they come only from
// writing, and are for whoever writes.
bool is_shortage(int code) {
  return code == ENOMEM || code == EMFILE || code == ENFILE || code == EAGAIN || code == ENOBUFS || code == ENOLCK;
}

// ELOOP stands here because nothing of ours is opened through a symbolic link: with O_NOFOLLOW it says that the name is
// a link, so that what was looked for (a file, a directory) is not there.
bool says_absent(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

bool is_refusal(int code) { return code == EACCES || code == EPERM; }

// Beside the refusals: what network filesystems, FUSE servers and devices that were pulled out answer with. The bytes
// may be well, so none of these is damage, and none of them is absence either.
bool was_withheld(int code) {
  return is_refusal(code) || code == ESTALE || code == ETIMEDOUT || code == ENOTCONN || code == EREMOTEIO ||
         code == ENODEV || code == ENXIO || code == ENOMEDIUM || code == EHOSTUNREACH || code == ECONNREFUSED;
}

}  // namespace dfsck
