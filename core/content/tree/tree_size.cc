// directory.Size of the daemon.
#include "core/content/tree/tree_size.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <unordered_set>
#include <vector>

#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/content/tree/directory_reader.h"
#include "core/fs/fd.h"

namespace dfsck {
namespace {

class SizeWalk {
 public:
  SizeWalk(int top, RelPath where) : top_(top), where_(std::move(where)) {}

  Result<uint64_t> run() {
    struct ::stat raw {};
    if (patient::fstat(top_, &raw) != 0) {
      return sys_error("stat", where_.text());
    }
    // What is mounted inside is none of the layer's: other filesystems are left out.
    device_ = raw.st_dev;
    std::vector<RelPath> todo{RelPath()};
    while (!todo.empty()) {
      const RelPath path = std::move(todo.back());
      todo.pop_back();
      TRY(add(path, todo));
    }
    return total_;
  }

 private:
  Result<void> add(const RelPath& path, std::vector<RelPath>& todo) {
    const std::string where = where_.joined(path).text();
    const Result<Fd> fd = open_beneath(top_, path, O_RDONLY | O_DIRECTORY, where);
    if (!fd) {
      return fd.error().is_io(ENOENT) ? Result<void>() : fd.error();
    }
    const int error = reader_.read(fd->get(), [&](const char* name, uint32_t) {
      struct ::stat raw {};
      if (patient::fstatat(fd->get(), name, &raw, AT_SYMLINK_NOFOLLOW) != 0 || raw.st_dev != device_) {
        return true;
      }
      if (S_ISDIR(raw.st_mode)) {
        todo.push_back(path / name);
      } else if (raw.st_nlink == 1 || seen_.insert(raw.st_ino).second) {
        total_ += static_cast<uint64_t>(raw.st_size);
      }
      return true;
    });
    if (error != 0) {
      errno = error;
      return sys_error("read directory", where);
    }
    return {};
  }

  int top_;
  RelPath where_;
  dev_t device_ = 0;
  uint64_t total_ = 0;
  std::unordered_set<uint64_t> seen_;  // inodes with more than one name
  DirectoryReader reader_;
};

}  // namespace

Result<uint64_t> tree_size(const Root& root, const RelPath& dir) {
  ASSIGN_OR_RETURN(const Dir top, root.open_dir(dir));
  return SizeWalk(top.fd(), dir).run();
}

}  // namespace dfsck
