// Plain write(2) loops: output must not be lost in a buffer that nobody checks.
#include "cmd/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace dfsck {
namespace {

Result<void> write_all(int fd, std::string_view text, std::string_view where) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EAGAIN) {
      // Somebody made it non-blocking: its reader takes its time.
      struct pollfd ready {
        fd, POLLOUT, 0
      };
      ::poll(&ready, 1, -1);
      continue;
    }
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return sys_error("write", where);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace

void occupy_standard_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    // Lowest free descriptor first, so each of these open calls fills the one that is missing.
    // For reading only, so that output which nobody can get is an error.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) < 0) {
      return;
    }
  }
}

// A reader that had enough, as head(1) does, is no failure of ours. Any other error is: the report is lost.
Result<void> write_stdout(std::string_view text) {
  Result<void> result = write_all(STDOUT_FILENO, text, "standard output");
  return !result && result.error().is_io(EPIPE) ? Result<void>() : result;
}

// Nobody is left who could be told.
void write_stderr(std::string_view text) {
  if (!write_all(STDERR_FILENO, text, "standard error")) {
    return;
  }
}

}  // namespace dfsck
