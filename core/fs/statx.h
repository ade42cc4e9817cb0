// All that copying needs to know of one object, by a single system call.
#pragma once

#include "core/fs/stat.h"

namespace dfsck {

struct Statx {
  FileStat stat;
  FileTime atime;
  bool is_mount = false;  // something is mounted here; false where the kernel does not tell (before Linux 5.8)
  // It has inode flags of those that statx(2) tells of (immutable, append-only, no-dump, compressed).
  bool has_flags = false;
  // Of those the two that keep everybody from changing it.
  bool is_guarded = false;
};

// What statx(2) says of `name` in the open directory `dir`, itself and not what it may link to; of `dir` itself where
// the name is empty. 0 or the errno.
int read_statx(int dir, const char* name, Statx& info);

}  // namespace dfsck
