// Copies standard input, waiting for it in short turns so that a signal is noticed.
#include "cmd/process/spool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/base/write_all.h"

namespace dfsck {
namespace {

constexpr size_t kPiece = 1U << 20;
// A pipe may have no end.
constexpr uint64_t kMost = 1ULL << 40;
constexpr int kTurnMilliseconds = 200;
constexpr const char* kInput = "standard input";

// A file that something else has read from would be read from its middle.
bool is_untouched_file(int fd) {
  struct ::stat raw {};
  return ::fstat(fd, &raw) == 0 && S_ISREG(raw.st_mode) && ::lseek(fd, 0, SEEK_CUR) == 0;
}

// Nothing at the end of input.
// Waits in turns: a signal must end a load that waits for a pipe into which nobody writes.
Result<size_t> read_some(char* buffer, const Cancel& cancel) {
  for (;;) {
    if (cancel.requested()) {
      return cancelled_error("read", kInput, "cancelled");
    }
    pollfd wait{STDIN_FILENO, POLLIN, 0};
    if (::poll(&wait, 1, kTurnMilliseconds) <= 0) {
      continue;  // a signal came, perhaps the one that cancels: a read would wait on
    }
    const ssize_t got = ::read(STDIN_FILENO, buffer, kPiece);
    if (got >= 0) {
      return static_cast<size_t>(got);
    }
    if (errno != EINTR && errno != EAGAIN) {
      return sys_error("read", kInput);
    }
  }
}

}  // namespace

// O_TMPFILE: the file has no name, so nothing is left of it however this ends. /var/tmp and not /tmp,
// which may be in memory: archives are large.
Result<Fd> spooled_input(const Cancel& cancel) {
  if (is_untouched_file(STDIN_FILENO)) {
    Fd same(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return same ? Result<Fd>(std::move(same)) : sys_error("read", kInput);
  }
  const char* const chosen = std::getenv("TMPDIR");
  const std::string directory = chosen != nullptr && *chosen != '\0' ? chosen : "/var/tmp";
  Fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!file) {
    return sys_error("keep standard input in", escaped(directory));
  }
  const std::unique_ptr<char[]> buffer(new char[kPiece]);
  for (uint64_t total = 0;;) {
    ASSIGN_OR_RETURN(const size_t got, read_some(buffer.get(), cancel));
    if (got == 0) {
      return file;
    }
    total += got;
    if (total > kMost) {
      return limit_error("read", kInput, "is larger than 1 TiB");
    }
    const auto write_some = [&](std::string_view rest) { return ::write(file.get(), rest.data(), rest.size()); };
    if (const int code = write_all({buffer.get(), got}, write_some); code != 0) {
      errno = code;
      return sys_error("keep standard input in", escaped(directory));
    }
  }
}

}  // namespace dfsck
