// The system calls that read, made with patience: again at once after a signal, and again after a while where memory,
// descriptors or threads could not be had, for half a second at most. One that gets nothing even then is a shortage: it
// is noted (see shortage.h), with the path that it was about, before it fails as the plain call does, with errno set. A
// refusal, or an error of the disk, is noted as well (see unread.h).
//
// Every call of this program that reads below a root goes through here, so that nothing that could not be read is taken
// for something else, wherever the caller does without it.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dfsck {

// How long one call is made again.
class Patience {
 public:
  // Whether a call that failed with this errno is to be made again. Waits before it says yes; keeps errno.
  bool waits(int code);

 private:
  unsigned waited_ = 0;  // milliseconds
};

// Notes the shortage if `code` is one. `directory`: descriptor that `name` is relative to, or of the object itself
// where `name` is empty; less than 0: none. Keeps errno.
void note_if_short(int code, std::string_view operation, int directory, std::string_view name);

namespace patient {

int open(const char* path, int flags);
int openat(int dir, const char* name, int flags);
// ENOSYS where the kernel does not know it. EAGAIN, its answer to a rename on the way, is tried again as well.
int openat2(int dir, const char* path, int flags, uint64_t resolve);
int duplicate(int fd);  // with close-on-exec
ssize_t read(int fd, void* into, size_t size);
ssize_t pread(int fd, void* into, size_t size, off_t offset);
int stat(const char* path, struct ::stat* into);
int lstat(const char* path, struct ::stat* into);
int fstat(int fd, struct ::stat* into);
int fstatat(int dir, const char* name, struct ::stat* into, int flags);
int statx(int dir, const char* name, int flags, unsigned mask, struct ::statx* into);
ssize_t readlink(const char* path, char* into, size_t size);
ssize_t readlinkat(int dir, const char* name, char* into, size_t size);
char* realpath(const char* path);  // to be freed
ssize_t getxattr(const char* path, const char* name, void* into, size_t size);
ssize_t lgetxattr(const char* path, const char* name, void* into, size_t size);
ssize_t fgetxattr(int fd, const char* name, void* into, size_t size);
ssize_t listxattr(const char* path, char* into, size_t size);
ssize_t llistxattr(const char* path, char* into, size_t size);
ssize_t flistxattr(int fd, char* into, size_t size);
ssize_t listxattrat(int dir, const char* name, int flags, char* into, size_t size);  // Linux 6.13
DIR* fdopendir(int fd);
dirent* readdir(DIR* stream);  // null at the end, with errno 0
long getdents64(int fd, void* into, size_t size);

}  // namespace patient

}  // namespace dfsck
