// The one table of error numbers.
#include "core/base/errno_class.h"

#include <cerrno>

namespace dfsck {

bool speaks_of_disk(int code) { return code == EIO || code == EUCLEAN || code == EBADMSG; }

bool is_shortage(int code) {
  return code == ENOMEM || code == EMFILE || code == ENFILE || code == EAGAIN || code == ENOBUFS || code == ENOLCK;
}

bool says_absent(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

bool is_refusal(int code) { return code == EACCES || code == EPERM; }

bool was_withheld(int code) {
  return is_refusal(code) || code == ESTALE || code == ETIMEDOUT || code == ENOTCONN || code == EREMOTEIO ||
         code == ENODEV || code == ENXIO || code == ENOMEDIUM || code == EHOSTUNREACH || code == ECONNREFUSED;
}

}  // namespace dfsck
