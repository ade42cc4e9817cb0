// The child calls nothing but system calls: it is forked from a process with threads.
#include "core/fs/write/mount_trial.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "core/fs/fd.h"
#include "core/fs/write/calls.h"

namespace dfsck {
namespace {

using Step = MountTrial::Step;

struct Report {
  int step = 0;
  int code = 0;
};

Report failed_at(Step step) { return {static_cast<int>(step), errno}; }

Report try_in_child(int dir) {
  // Private, so that nothing of it is seen by, or left to, anybody else.
  if (::fchdir(dir) != 0 || ::unshare(CLONE_NEWNS) != 0 ||
      ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return failed_at(Step::Namespace);
  }
  if (::mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work,index=off") != 0 &&
      ::mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") != 0) {
    return failed_at(Step::Mount);
  }
  struct ::stat info {};
  if (::stat("merged/file", &info) != 0) {
    return failed_at(Step::ReadThrough);
  }
  if ((errno = remove_at(AT_FDCWD, "merged/file", false)) != 0 ||
      (errno = remove_at(AT_FDCWD, "merged/directory/inside", false)) != 0 ||
      (errno = remove_at(AT_FDCWD, "merged/directory", true)) != 0 ||
      (errno = make_directory_at(AT_FDCWD, "merged/directory", 0755)) != 0) {
    return failed_at(Step::Change);
  }
  if (::lstat("upper/file", &info) != 0 || !S_ISCHR(info.st_mode) || info.st_rdev != 0) {
    return failed_at(Step::Whiteout);
  }
  char mark = 0;
  if (::lgetxattr("upper/directory", "trusted.overlay.opaque", &mark, 1) != 1 || mark != 'y') {
    return failed_at(Step::Opaque);
  }
  return {};
}

}  // namespace

MountTrial try_overlay(const Dir& dir) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return {Step::Unknown, errno};
  }
  const Fd from(ends[0]);
  Fd to(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) {
    return {Step::Unknown, errno};
  }
  if (child == 0) {
    const Report report = try_in_child(dir.fd());
    // The mount goes with the namespace; what matters is told.
    const auto told = ::write(to.get(), &report, sizeof report);  // to the parent, not to a disk
    ::_exit(told == sizeof report ? 0 : 1);
  }
  to.reset();
  Report report;
  ssize_t got = 0;
  do {
    got = ::read(from.get(), &report, sizeof report);
  } while (got < 0 && errno == EINTR);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (got != sizeof report) {
    return {Step::Unknown, 0};
  }
  return {static_cast<Step>(report.step), report.code};
}

}  // namespace dfsck
