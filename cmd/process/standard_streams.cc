// Plain write(2) loops: output must not be lost in a buffer that nobody checks.
#include "cmd/process/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/write_all.h"

namespace dfsck {
namespace {

Result<void> write_to(int fd, std::string_view text, std::string_view where) {
  const int code = write_all(text, [fd](std::string_view rest) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written >= 0 || errno != EAGAIN) {
      return written;
    }
    // Somebody made it non-blocking: its reader takes its time.
    struct pollfd ready {
      fd, POLLOUT, 0
    };
    ::poll(&ready, 1, -1);
    return ssize_t{0};
  });
  errno = code;
  return code == 0 ? Result<void>() : sys_error("write", where);
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
  Result<void> result = write_to(STDOUT_FILENO, text, "standard output");
  return !result && result.error().is_io(EPIPE) ? Result<void>() : result;
}

// Nobody is left who could be told.
void write_stderr(std::string_view text) {
  if (!write_to(STDERR_FILENO, text, "standard error")) {
    return;
  }
}

}  // namespace dfsck
