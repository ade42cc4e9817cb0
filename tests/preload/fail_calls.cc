// A library to be preloaded that makes one call of one kind fail, as an environment that is short of something does.
//
//   FAIL_KIND=open|read|getdents|stat|mmap|readlink|xattr|thread|malloc   which calls; none: nothing fails
//   FAIL_AT=N        the N-th of them, from 1, counted from the beginning of main
//   FAIL_LASTING=1   and all that follow
//   FAIL_ERRNO=N     with this errno (malloc always says ENOMEM)
//   FAIL_COUNTS=FILE how many calls of each kind there were is written there at the end: "KIND COUNT" in lines, and
//   what
//                    the first call that failed was about: "failed KIND PATH"
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum Kind { kOpen, kRead, kGetdents, kStat, kMmap, kReadlink, kXattr, kThread, kMalloc, kKinds };
constexpr const char* kNames[kKinds] = {"open",     "read",  "getdents", "stat",  "mmap",
                                        "readlink", "xattr", "thread",   "malloc"};

constexpr long kListxattrat = 465;  // younger than many headers

std::atomic<bool> armed{false};
std::atomic<long> counts[kKinds];
int failing_kind = kKinds;
long failing_at = 0;
bool lasting = false;
int failing_errno = EIO;
std::atomic<bool> struck{false};
char struck_path[256];

// Whether this call has to fail; errno is set then.
bool strikes(Kind kind, const char* path) {
  if (!armed.load(std::memory_order_relaxed)) {
    return false;
  }
  const long number = counts[kind].fetch_add(1, std::memory_order_relaxed) + 1;
  if (kind != failing_kind || number < failing_at || (number > failing_at && !lasting)) {
    return false;
  }
  if (!struck.exchange(true)) {
    std::strncpy(struck_path, path == nullptr ? "" : path, sizeof struck_path - 1);
  }
  errno = kind == kMalloc ? ENOMEM : failing_errno;
  return true;
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

void read_settings() {
  const char* kind = std::getenv("FAIL_KIND");
  for (int i = 0; kind != nullptr && i < kKinds; ++i) {
    failing_kind = std::strcmp(kind, kNames[i]) == 0 ? i : failing_kind;
  }
  const auto number = [](const char* name, long otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
  };
  failing_at = number("FAIL_AT", 0);
  lasting = number("FAIL_LASTING", 0) != 0;
  failing_errno = static_cast<int>(number("FAIL_ERRNO", EIO));
  if (failing_at == 0) {
    failing_kind = kKinds;
  }
}

void write_counts() {
  armed = false;
  const char* path = std::getenv("FAIL_COUNTS");
  std::FILE* file = path == nullptr ? nullptr : std::fopen(path, "w");
  if (file == nullptr) {
    return;
  }
  for (int i = 0; i < kKinds; ++i) {
    std::fprintf(file, "%s %ld\n", kNames[i], counts[i].load());
  }
  if (struck) {
    std::fprintf(file, "failed %s %s\n", kNames[failing_kind], struck_path);
  }
  std::fclose(file);
}

int (*real_main)(int, char**, char**);

int counted_main(int argc, char** argv, char** environment) {
  read_settings();
  armed = true;
  const int status = real_main(argc, argv, environment);
  write_counts();
  return status;
}

}  // namespace

extern "C" {

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) noexcept { return strikes(kMalloc, nullptr) ? nullptr : __libc_malloc(size); }
void* calloc(size_t count, size_t size) noexcept {
  return strikes(kMalloc, nullptr) ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* had, size_t size) noexcept {
  return size != 0 && strikes(kMalloc, nullptr) ? nullptr : __libc_realloc(had, size);
}
void* aligned_alloc(size_t alignment, size_t size) noexcept {
  return strikes(kMalloc, nullptr) ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** result, size_t alignment, size_t size) noexcept {
  *result = strikes(kMalloc, nullptr) ? nullptr : __libc_memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}

int __libc_start_main(int (*main)(int, char**, char**), int argc, char** argv, void (*init)(), void (*fini)(),
                      void (*loader_fini)(), void* stack_end) {
  real_main = main;
  static const auto next = real<decltype(&__libc_start_main)>("__libc_start_main");
  return next(&counted_main, argc, argv, init, fini, loader_fini, stack_end);
}

// Most kinds are a call that gets its arguments passed on, and gives a value of its own where it fails.
#define PASS(KIND, RESULT, NAME, PARAMETERS, ARGUMENTS, PATH, FAILED) \
  RESULT NAME PARAMETERS {                                            \
    static const auto next = real<RESULT(*) PARAMETERS>(#NAME);       \
    return strikes(KIND, PATH) ? (FAILED) : next ARGUMENTS;           \
  }

#define PASS_OPEN(NAME)                                                   \
  int NAME(const char* path, int flags, ...) {                            \
    va_list rest;                                                         \
    va_start(rest, flags);                                                \
    const mode_t mode = va_arg(rest, mode_t);                             \
    va_end(rest);                                                         \
    static const auto next = real<int (*)(const char*, int, ...)>(#NAME); \
    return strikes(kOpen, path) ? -1 : next(path, flags, mode);           \
  }
PASS_OPEN(open)
PASS_OPEN(open64)

#define PASS_OPENAT(NAME)                                                      \
  int NAME(int dir, const char* path, int flags, ...) {                        \
    va_list rest;                                                              \
    va_start(rest, flags);                                                     \
    const mode_t mode = va_arg(rest, mode_t);                                  \
    va_end(rest);                                                              \
    static const auto next = real<int (*)(int, const char*, int, ...)>(#NAME); \
    return strikes(kOpen, path) ? -1 : next(dir, path, flags, mode);           \
  }
PASS_OPENAT(openat)
PASS_OPENAT(openat64)

long syscall(long number, ...) noexcept {
  va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (long& argument : arguments) {
    argument = va_arg(rest, long);
  }
  va_end(rest);
  static const auto next = real<long (*)(long, ...)>("syscall");
  const Kind kind = number == SYS_openat2      ? kOpen
                    : number == SYS_getdents64 ? kGetdents
                    : number == kListxattrat   ? kXattr
                                               : kKinds;
  if (kind != kKinds && strikes(kind, kind == kGetdents ? nullptr : reinterpret_cast<const char*>(arguments[1]))) {
    return -1;
  }
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

PASS(kRead, ssize_t, read, (int fd, void* into, size_t size), (fd, into, size), nullptr, -1)
PASS(kRead, ssize_t, pread, (int fd, void* into, size_t size, off_t at), (fd, into, size, at), nullptr, -1)
PASS(kRead, ssize_t, pread64, (int fd, void* into, size_t size, off64_t at), (fd, into, size, at), nullptr, -1)
PASS(kRead, ssize_t, preadv2, (int fd, const struct iovec* parts, int count, off_t at, int flags),
     (fd, parts, count, at, flags), nullptr, -1)

PASS(kGetdents, DIR*, opendir, (const char* path), (path), path, nullptr)
PASS(kGetdents, DIR*, fdopendir, (int fd), (fd), nullptr, nullptr)
PASS(kGetdents, struct dirent*, readdir, (DIR * stream), (stream), nullptr, nullptr)
PASS(kGetdents, struct dirent64*, readdir64, (DIR * stream), (stream), nullptr, nullptr)

PASS(kStat, int, stat, (const char* path, struct stat* into) noexcept, (path, into), path, -1)
PASS(kStat, int, lstat, (const char* path, struct stat* into) noexcept, (path, into), path, -1)
PASS(kStat, int, fstat, (int fd, struct stat* into) noexcept, (fd, into), nullptr, -1)
PASS(kStat, int, fstatat, (int dir, const char* path, struct stat* into, int flags) noexcept, (dir, path, into, flags),
     path, -1)
PASS(kStat, int, statx, (int dir, const char* path, int flags, unsigned mask, struct statx* into) noexcept,
     (dir, path, flags, mask, into), path, -1)

PASS(kMmap, void*, mmap, (void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept,
     (at, size, protection, flags, fd, offset), nullptr, MAP_FAILED)
PASS(kMmap, void*, mmap64, (void* at, size_t size, int protection, int flags, int fd, off64_t offset) noexcept,
     (at, size, protection, flags, fd, offset), nullptr, MAP_FAILED)

PASS(kReadlink, ssize_t, readlink, (const char* path, char* into, size_t size) noexcept, (path, into, size), path, -1)
PASS(kReadlink, ssize_t, readlinkat, (int dir, const char* path, char* into, size_t size) noexcept,
     (dir, path, into, size), path, -1)

PASS(kXattr, ssize_t, getxattr, (const char* path, const char* name, void* into, size_t size) noexcept,
     (path, name, into, size), path, -1)
PASS(kXattr, ssize_t, lgetxattr, (const char* path, const char* name, void* into, size_t size) noexcept,
     (path, name, into, size), path, -1)
PASS(kXattr, ssize_t, fgetxattr, (int fd, const char* name, void* into, size_t size) noexcept, (fd, name, into, size),
     name, -1)
PASS(kXattr, ssize_t, listxattr, (const char* path, char* into, size_t size) noexcept, (path, into, size), path, -1)
PASS(kXattr, ssize_t, llistxattr, (const char* path, char* into, size_t size) noexcept, (path, into, size), path, -1)
PASS(kXattr, ssize_t, flistxattr, (int fd, char* into, size_t size) noexcept, (fd, into, size), nullptr, -1)

PASS(kThread, int, pthread_create,
     (pthread_t * thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) noexcept,
     (thread, attributes, start, argument), nullptr, errno)

}  // extern "C"
