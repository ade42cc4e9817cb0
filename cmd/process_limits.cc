// setrlimit(2).
#include "cmd/process_limits.h"

#include <sys/resource.h>

namespace dfsck {

void allow_many_open_files() {
  struct ::rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace dfsck
