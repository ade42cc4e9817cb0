// Reading one open directory: its names, and things directly inside it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/fd.h"
#include "core/fs/stat.h"

namespace dfsck {

struct DirEntry {
  std::string name;   // bytes as on disk; always a valid path component
  uint32_t type = 0;  // S_IFREG, S_IFDIR, ...; 0 if the filesystem does not tell and lstat failed
};

// An open directory below a Root. All calls look at direct members by name and never follow a symbolic link.
// `where` is only for messages. Not thread-safe; open one per thread.
class Dir {
 public:
  Dir(Fd fd, std::string where) : fd_(std::move(fd)), where_(std::move(where)) {}

  int fd() const { return fd_.get(); }
  const std::string& where() const { return where_; }

  // All members but "." and "..", sorted by name. A Limit error beyond `max_entries`.
  Result<std::vector<DirEntry>> list(size_t max_entries = 10'000'000) const;
  Result<FileStat> stat(const std::string& name) const;
  Result<FileStat> stat_self() const;
  Result<Dir> open_dir(const std::string& name) const;
  // Opens a regular file for reading; a Format error if it is of another type (a FIFO never blocks us).
  // Does not touch its access time where the kernel allows that.
  Result<Fd> open_file(const std::string& name) const;
  // The same without a look at its type: for what stat() has just shown to be a regular file.
  Result<Fd> open_seen_file(const std::string& name) const;
  Result<std::string> read_link(const std::string& name) const;
  // All extended attributes of a member, itself and not what it may link to. Empty where the filesystem has none.
  Result<std::map<std::string, std::string>> xattrs(const std::string& name) const;

 private:
  std::string at(const std::string& name) const;

  Fd fd_;
  std::string where_;
};

// Opens what has been seen to be a regular file; no descriptor, and errno, where that fails. Its access time stays as
// it is where we may ask for that: of our own files, or as root.
Fd open_for_reading(int dir, const char* name);

// The extended attributes of the object that `fd` is open on (an O_PATH descriptor will do).
Result<std::map<std::string, std::string>> read_xattrs(int fd, const std::string& where);

}  // namespace dfsck
