// Writes a report beside the one on the screen. The only file that the program writes during a check.
#include "cmd/process/report_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/escape.h"
#include "core/base/write_all.h"
#include "core/fs/lies_inside.h"

namespace dfsck {

// Opened before the check and written after it. The old content stays until then: a check that fails
// leaves the last report and not an empty file.
Result<ReportFile> ReportFile::open(const std::string& path, const std::vector<std::string>& roots,
                                    std::string_view what) {
  const std::string op = "write " + std::string(what);
  for (const std::string& root : roots) {
    // A check writes nothing into a root; a name that leads there by some link is meant as well.
    if (const Result<bool> inside = lies_inside(path, root); inside && *inside) {
      return format_error(op, escaped(path), "it would lie inside " + escaped(root) + ", where no report belongs");
    }
  }
  constexpr mode_t kMode = 0640;  // names of images and containers are not for everybody
  Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, kMode));
  if (!fd) {
    return sys_error(op, escaped(path));
  }
  return ReportFile(std::move(fd), path, op);
}

Result<void> ReportFile::write(std::string_view text) {
  struct stat info {};
  // A pipe or a terminal cannot be cut, and need not be.
  if (::fstat(fd_.get(), &info) != 0 || (S_ISREG(info.st_mode) && ::ftruncate(fd_.get(), 0) != 0)) {
    return sys_error(op_, escaped(path_));
  }
  const auto write_some = [&](std::string_view rest) { return ::write(fd_.get(), rest.data(), rest.size()); };
  errno = write_all(text, write_some);
  // Over a network the end of a file may fail only in close.
  if (errno != 0 || ::close(fd_.release()) != 0) {
    return sys_error(op_, escaped(path_));
  }
  return {};
}

}  // namespace dfsck
