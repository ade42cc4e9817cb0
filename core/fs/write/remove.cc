// Removal. A tree is taken apart without recursion: a directory inside it that is not empty is first moved up to the
// top of the tree, so that no depth of nesting needs more stack or descriptors, and a removal that was cut off can just
// be done again. A mounted filesystem can neither be moved nor removed: it stops the removal and is not entered.
#include <cerrno>
#include <vector>

#include "core/base/try.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/error.h"
#include "core/fs/write/removed.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr uint64_t kBlock = 512;

// What lies in no other place is freed.
void note(const FileStat& stat, Removed& removed) {
  removed.anything = true;
  removed.bytes += stat.is_dir() || stat.links <= 1 ? stat.blocks * kBlock : 0;
}

class TreeRemover {
 public:
  TreeRemover(Dir top, Removed& removed) : top_(std::move(top)), removed_(removed) {}

  Result<void> remove_all() {
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, top_.list());
    for (const DirEntry& entry : entries) {
      pending_.push_back(entry.name);
    }
    while (!pending_.empty()) {
      const std::string name = std::move(pending_.back());
      pending_.pop_back();
      TRY(remove_top_level(name));
    }
    return {};
  }

 private:
  // Removes it if it is no directory or an empty one. False: a directory that is not empty.
  Result<bool> remove_if_bare(const Dir& parent, const std::string& name) {
    ASSIGN_OR_RETURN(const FileStat stat, parent.stat(name));
    const int code = remove_at(parent.fd(), name.c_str(), stat.is_dir());
    if (stat.is_dir() && (code == ENOTEMPTY || code == EEXIST)) {
      return false;
    }
    TRY(outcome(code, "remove", parent, name));
    note(stat, removed_);
    return true;
  }

  Result<void> remove_top_level(const std::string& name) {
    const Result<bool> bare = remove_if_bare(top_, name);
    if (!bare || *bare) {
      return bare ? Result<void>() : bare.error();
    }
    ASSIGN_OR_RETURN(const Dir dir, top_.open_dir(name));
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, dir.list());
    for (const DirEntry& entry : entries) {
      ASSIGN_OR_RETURN(const bool removed, remove_if_bare(dir, entry.name));
      if (removed) {
        continue;
      }
      TRY(move_up(dir, entry.name));
    }
    const Result<bool> removed = remove_if_bare(top_, name);
    if (removed && !*removed) {
      return format_error("remove", member_path(top_, name), "something appeared in it meanwhile");
    }
    return removed ? Result<void>() : removed.error();
  }

  Result<void> move_up(const Dir& parent, const std::string& name) {
    for (;;) {
      std::string free_name = "removing-" + std::to_string(counter_++);
      const Result<void> moved = move(parent, name, top_, free_name);
      if (moved) {
        removed_.anything = true;
        pending_.push_back(std::move(free_name));
        return {};
      }
      if (!moved.error().is_io(EEXIST)) {
        return moved;
      }
    }
  }

  Dir top_;
  Removed& removed_;
  std::vector<std::string> pending_;
  uint64_t counter_ = 0;
};

}  // namespace

Result<void> remove_object(const Dir& parent, const std::string& name) {
  ASSIGN_OR_RETURN(const FileStat stat, parent.stat(name));
  return outcome(remove_at(parent.fd(), name.c_str(), stat.is_dir()), "remove", parent, name);
}

Result<void> remove_tree(const Dir& parent, const std::string& name, Removed& removed) {
  ASSIGN_OR_RETURN(const FileStat stat, parent.stat(name));
  if (stat.is_dir()) {
    ASSIGN_OR_RETURN(Dir top, parent.open_dir(name));
    TRY(TreeRemover(std::move(top), removed).remove_all());
  }
  const Result<void> gone = remove_object(parent, name);
  if (gone) {
    note(stat, removed);
  }
  return gone;
}

Result<void> remove_tree(const Dir& parent, const std::string& name, uint64_t& bytes) {
  Removed removed;
  const Result<void> gone = remove_tree(parent, name, removed);
  bytes += removed.bytes;
  return gone;
}

}  // namespace dfsck
