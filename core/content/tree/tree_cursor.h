// The directory of a layer tree that consecutive tar entries lie in, kept open.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/fs/fd.h"

namespace dfsck {

// Resolves the parent directories of tar names the way the daemon does when it unpacks: as if the tree were "/", so
// that symbolic links of the same layer are followed but never lead out. Not thread-safe.
class TreeCursor {
 public:
  // `tree` is an open directory and must stay open.
  explicit TreeCursor(int tree) : tree_(tree) {}

  // Makes `path` (cleaned, relative; empty for the tree itself) the current directory. False where that cannot be;
  // error() then holds the errno. Costs nothing if it is the current one already.
  bool enter(std::string_view path);

  int fd() const { return fd_.get(); }  // an O_PATH descriptor
  uint64_t inode() const { return inode_; }
  int error() const { return error_; }

 private:
  int tree_;
  Fd fd_;
  bool entered_ = false;
  std::string path_;
  uint64_t inode_ = 0;
  int error_ = 0;
};

}  // namespace dfsck
