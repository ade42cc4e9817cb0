// Going through one unit of the source, directory by directory, by as many threads as are free.
//
// A directory's members come in any order; a directory is left after everything in it. What is kept in memory is the
// path down to what is being worked at, with the names of directories still to be entered: never a tree's files.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/fs/dir.h"
#include "core/fs/statx.h"
#include "core/migrate/copy_context.h"
#include "core/run/shared_work.h"

namespace dfsck {

// A directory of the source with that of the same path in the target, open; the latter only where it is needed.
struct DirPair {
  Dir source;
  std::optional<Dir> target;
};

struct WalkDir {
  std::shared_ptr<WalkDir> parent;  // null for the unit itself
  std::string path;                 // bytes, below the root
  Statx info;                       // as they were before anything in it was read
  bool fresh = true;                // nothing of it was in the target before
  std::optional<DirPair> pair;      // not kept open where too many are
  std::atomic<size_t> pending{1};   // what has to end before it is left
  std::vector<std::string> directories;
  size_t next = 0;  // of `directories`
};

class TreeWalk : public std::enable_shared_from_this<TreeWalk> {
 public:
  TreeWalk(CopyContext& context, CopyUnit& unit, SharedWork& work, bool with_target)
      : context_(context), unit_(unit), work_(work), with_target_(with_target) {}
  virtual ~TreeWalk() = default;
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  // Goes through the unit. May return before all is done, where parts were given away; ended() is called when all is.
  void start();

 protected:
  // A directory of the source that is about to be entered; `parent` is what it lies in. Gives the target's, open;
  // nothing leaves it out. Only asked with_target.
  virtual std::optional<Dir> enter_target(const DirPair& parent, const std::string& name, WalkDir& dir);
  // Anything but a directory. `fresh`: there can be nothing of that name in the target.
  virtual void member(const DirPair& pair, bool fresh, const std::string& name, const std::string& path,
                      const Statx& info) = 0;
  // All that is in it is through.
  virtual void leave(const WalkDir& dir, const DirPair& pair);
  virtual void ended() = 0;

  CopyContext& context_;
  CopyUnit& unit_;

 private:
  using Ptr = std::shared_ptr<WalkDir>;

  void walk(Ptr top);
  Ptr enter(const Ptr& parent, const DirPair& pair, const std::string& name, const std::string& path,
            const Statx& info);
  Ptr enter_member(const Ptr& parent, const std::string& name);
  void read(const Ptr& dir);
  void do_batch(const Ptr& dir, const DirPair& pair, const std::vector<std::string>& names);
  void do_member(const Ptr& dir, const DirPair& pair, const std::string& name);
  void release(Ptr dir);
  bool is_behind_link() const;
  int statx_unit(const Dir& above, const std::string& name, Statx& info) const;
  // Whether it belongs to the unit; says why not where that has to be said.
  bool belongs(const std::string& path, const Statx& info, bool is_unit);
  const DirPair* open_pair(const WalkDir& dir, std::optional<DirPair>& own);

  SharedWork& work_;
  const bool with_target_;
};

}  // namespace dfsck
