// One loop around each call.
#include "core/base/patient_calls.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/proc_path.h"
#include "core/base/shortage.h"
#include "core/base/unread.h"

#ifndef SYS_listxattrat
#if defined(__alpha__)
#define SYS_listxattrat 575
#else
#define SYS_listxattrat 465
#endif
#endif

namespace dfsck {
namespace {

// The pauses double from 1 ms (see Patience::waits), so a call waits this long in all and is made about eleven times.
// For longer than that the shortage is a state of the machine, and each further call would only wait as well.
constexpr unsigned kMostPatience = 512;  // milliseconds

// Where an open descriptor leads to; empty where that cannot be told.
std::string path_of(std::string_view descriptor) {
  std::array<char, 4096> target{};
  const std::string link = std::string(kOpenDescriptors).append(descriptor);
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  return length > 0 ? std::string(target.data(), static_cast<size_t>(length)) : std::string();
}

// The absolute path of what a call was about.
std::string path_of(int directory, std::string_view name) {
  if (name.starts_with(kOpenDescriptors)) {
    const std::string_view rest = name.substr(kOpenDescriptors.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    return path_of(rest.substr(0, slash)) + std::string(rest.substr(slash));
  }
  if (name.starts_with('/') || directory < 0) {
    return std::string(name);
  }
  const std::string base = path_of(std::to_string(directory));
  return name.empty() || name == "." ? base : base + "/" + std::string(name);
}

template <typename Result>
bool is_failure(Result result) {
  if constexpr (std::is_pointer_v<Result>) {
    return result == nullptr;
  } else {
    return result < 0;
  }
}

// Calls for which there is another one where they are refused.
enum class Refusal { Counts, HasFallback };

// What was asked for is noted here and not where the error is looked at, because many callers do without: a directory
// whose attributes could not be listed is walked all the same. Whoever judges asks later what was not seen.
template <typename Call>
auto patiently(std::string_view operation, int directory, std::string_view name, Call call,
               Refusal refusal = Refusal::Counts) {
  Patience patience;
  auto result = call();
  // readdir(3) returns null at its end as well, with errno as it was, which is 0 then: no failure.
  while (is_failure(result) && errno != 0 && patience.waits(errno)) {
    result = call();
  }
  if (is_failure(result) && errno != 0) {
    // Notes and words below make calls of their own (readlink of /proc), so errno is kept around them: the caller reads
    // it.
    note_if_short(errno, operation, directory, name);
    const int code = errno;
    if (speaks_of_disk(code) || (was_withheld(code) && (code != EPERM || refusal == Refusal::Counts))) {
      note_unread({path_of(directory, name), std::string(operation), code});
      errno = code;
    }
  }
  return result;
}

}  // namespace

bool Patience::waits(int code) {
  if (code == EINTR) {
    return true;
  }
  // Once any thread has noted a shortage the run has failed already: nobody waits any more, so that it ends soon.
  if (!is_shortage(code) || waited_ >= kMostPatience || is_short()) {
    return false;
  }
  const unsigned pause = waited_ == 0 ? 1 : waited_;
  waited_ += pause;
  const timespec time{pause / 1000, static_cast<long>(pause % 1000) * 1'000'000};
  ::nanosleep(&time, nullptr);
  errno = code;
  return true;
}

void note_if_short(int code, std::string_view operation, int directory, std::string_view name) {
  if (!is_shortage(code) || is_short()) {
    return;
  }
  note_shortage({Error::Kind::Io, code, std::string(operation), escaped(path_of(directory, name)), ""});
  errno = code;
}

namespace patient {

int open(const char* path, int flags) {
  return patiently("open", -1, path, [&] { return ::open(path, flags); });
}
// The kernel gives O_NOATIME only to the owner of a file; the caller asks again without it, so EPERM is no refusal yet.
int openat(int dir, const char* name, int flags) {
  return patiently(
      "open", dir, name, [&] { return ::openat(dir, name, flags); },
      (flags & O_NOATIME) != 0 ? Refusal::HasFallback : Refusal::Counts);
}
// EPERM is what seccomp filters of older container runtimes answer to calls that they do not know, where ENOSYS would
// be right. There is another way, so it counts only if that one is refused too.
int openat2(int dir, const char* path, int flags, uint64_t resolve) {
  struct open_how how {};
  how.flags = static_cast<uint64_t>(static_cast<unsigned>(flags));
  how.resolve = resolve;
  return patiently(
      "open", dir, path, [&] { return static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how)); },
      Refusal::HasFallback);
}
int duplicate(int fd) {
  return patiently("duplicate the descriptor of", fd, "", [&] { return ::fcntl(fd, F_DUPFD_CLOEXEC, 0); });
}
ssize_t read(int fd, void* into, size_t size) {
  return patiently("read", fd, "", [&] { return ::read(fd, into, size); });
}
ssize_t pread(int fd, void* into, size_t size, off_t offset) {
  return patiently("read", fd, "", [&] { return ::pread(fd, into, size, offset); });
}
int stat(const char* path, struct ::stat* into) {
  return patiently("stat", -1, path, [&] { return ::stat(path, into); });
}
int lstat(const char* path, struct ::stat* into) {
  return patiently("stat", -1, path, [&] { return ::lstat(path, into); });
}
int fstat(int fd, struct ::stat* into) {
  return patiently("stat", fd, "", [&] { return ::fstat(fd, into); });
}
int fstatat(int dir, const char* name, struct ::stat* into, int flags) {
  return patiently("stat", dir, name, [&] { return ::fstatat(dir, name, into, flags); });
}
int statx(int dir, const char* name, int flags, unsigned mask, struct ::statx* into) {
  return patiently("stat", dir, name, [&] { return ::statx(dir, name, flags, mask, into); });
}
ssize_t readlink(const char* path, char* into, size_t size) {
  return patiently("read link", -1, path, [&] { return ::readlink(path, into, size); });
}
ssize_t readlinkat(int dir, const char* name, char* into, size_t size) {
  return patiently("read link", dir, name, [&] { return ::readlinkat(dir, name, into, size); });
}
char* realpath(const char* path) {
  return patiently("find", -1, path, [&] { return ::realpath(path, nullptr); });
}
ssize_t getxattr(const char* path, const char* name, void* into, size_t size) {
  return patiently("read attributes of", -1, path, [&] { return ::getxattr(path, name, into, size); });
}
ssize_t lgetxattr(const char* path, const char* name, void* into, size_t size) {
  return patiently("read attributes of", -1, path, [&] { return ::lgetxattr(path, name, into, size); });
}
ssize_t fgetxattr(int fd, const char* name, void* into, size_t size) {
  return patiently("read attributes of", fd, "", [&] { return ::fgetxattr(fd, name, into, size); });
}
ssize_t listxattr(const char* path, char* into, size_t size) {
  return patiently("list attributes of", -1, path, [&] { return ::listxattr(path, into, size); });
}
ssize_t llistxattr(const char* path, char* into, size_t size) {
  return patiently("list attributes of", -1, path, [&] { return ::llistxattr(path, into, size); });
}
ssize_t flistxattr(int fd, char* into, size_t size) {
  return patiently("list attributes of", fd, "", [&] { return ::flistxattr(fd, into, size); });
}
ssize_t listxattrat(int dir, const char* name, int flags, char* into, size_t size) {
  return patiently(
      "list attributes of", dir, name,
      [&] { return static_cast<ssize_t>(::syscall(SYS_listxattrat, dir, name, flags, into, size)); },
      Refusal::HasFallback);
}
DIR* fdopendir(int fd) {
  return patiently("open directory", fd, "", [&] { return ::fdopendir(fd); });
}
dirent* readdir(DIR* stream) {
  return patiently("read directory", ::dirfd(stream), "", [&] {
    errno = 0;
    return ::readdir(stream);
  });
}
long getdents64(int fd, void* into, size_t size) {
  return patiently("read directory", fd, "", [&] { return ::syscall(SYS_getdents64, fd, into, size); });
}

}  // namespace patient

}  // namespace dfsck
