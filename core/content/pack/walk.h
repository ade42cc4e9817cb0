// A layer's tree in the orders in which archivers go through it, with all that becomes part of a tar header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/content/tree/xattr_names.h"
#include "core/fs/dir.h"
#include "core/fs/root.h"

namespace dfsck {

enum class PackOrder {
  Walk,   // by name within each directory, a directory's members right behind it (Go's filepath.Walk)
  Paths,  // by whole path, byte for byte: "a-b" comes before "a/c" (moby pkg/archive/changes.go:ExportChanges)
};

struct PackEntry {
  std::string path;  // relative to the tree
  std::string name;  // its last part
  FileStat stat;
  FileTime parent_mtime;
  std::string link_target;                // of symbolic links
  std::string first_name;                 // the path of an earlier name of the same inode; empty if there is none
  std::optional<std::string> capability;  // security.capability
  bool is_opaque = false;
  bool is_partial = false;  // overlay keeps its bytes, or what is in the directory, in a layer below
};

// Goes through the tree once. Memory: the names of the directories between the tree and the current entry, and one path
// for each inode of several names. Not thread-safe.
class PackWalk {
 public:
  // `tree` is diff/, open.
  PackWalk(const Dir& tree, PackOrder order);

  // The next entry; false at the end. Errors: Io where something cannot be read or vanishes; Limit for paths longer
  // than the kernel takes, which the daemon could not pack either.
  Result<bool> next(PackEntry& entry);
  // Opens the entry that next() gave, a regular file.
  Result<Fd> open_file(const PackEntry& entry) const { return current_->open_seen_file(entry.name); }

  // Whether the other order is another one, as far as the walk has come.
  bool orders_differ() const { return orders_differ_; }

 private:
  struct Item {
    std::string name;
    bool descend;  // into the directory, whose own entry has been given
  };
  struct Level {
    std::string path;
    FileTime mtime;
    std::vector<Item> items;
    size_t next = 0;
  };

  Result<void> enter(const std::string& path);
  Result<void> open_current();
  Result<void> describe(PackEntry& entry);

  const Dir& tree_;
  PackOrder order_;
  std::vector<Level> levels_;
  std::optional<Dir> current_;  // the directory of the last level; nothing if that has changed
  std::unordered_map<uint64_t, std::string> first_names_;  // by inode
  XattrNames xattrs_;
  bool orders_differ_ = false;
  bool begun_ = false;
};

}  // namespace dfsck
