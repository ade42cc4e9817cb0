// Closing of descriptors. Errors of close are of no use on descriptors that were only read.
#include "core/fs/fd.h"

#include <unistd.h>

namespace dfsck {

void Fd::reset() {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

}  // namespace dfsck
