// All that copying needs to know of one object, by a single system call.
#pragma once

#include "core/fs/stat.h"

namespace dfsck {

struct Facts {
  FileStat stat;
  FileTime atime;
  bool is_mount = false;  // something is mounted here; false where the kernel does not tell (before Linux 5.8)
  // It has inode flags of those that statx(2) tells of (immutable, append-only, no-dump, compressed).
  bool has_flags = false;
  // Of those the two that keep everybody from changing it.
  bool is_guarded = false;
};

// Facts of `name` in the open directory `dir`, itself and not what it may link to; of `dir` itself where the name is
// empty. 0 or the errno.
int look_at(int dir, const char* name, Facts& facts);

}  // namespace dfsck
