// The loop around calls that may write less than they are given.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <string_view>

namespace dfsck {

// Calls write_some(std::string_view rest), which is as write(2), until nothing is left. 0 or the errno.
template <typename WriteSome>
int write_all(std::string_view bytes, WriteSome write_some) {
  while (!bytes.empty()) {
    const ssize_t written = write_some(bytes);
    if (written < 0 && errno != EINTR) {
      return errno;
    }
    bytes.remove_prefix(written > 0 ? static_cast<size_t>(written) : 0);
  }
  return 0;
}

}  // namespace dfsck
