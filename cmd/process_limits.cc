// setrlimit(2).
#include "cmd/process_limits.h"

#include <sys/resource.h>

namespace dfsck {

// Threads hold directories of layers' trees open. The soft limit is often 1024 for the sake of programs
// that use select(2), which this one does not.
void allow_many_open_files() {
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace dfsck
