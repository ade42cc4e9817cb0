// A stack of directory listings; each directory is opened again by path when the walk comes back to it, so that the
// number of descriptors does not depend on the tree's depth.
#include "core/content/pack/walk.h"

#include <fcntl.h>
#include <linux/limits.h>

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/try.h"
#include "core/content/attributes.h"

namespace dfsck {
namespace {}  // namespace

PackWalk::PackWalk(const Dir& tree, PackOrder order) : tree_(tree), order_(order) {}

// Reopened by path when the walk comes back up. Nothing here follows a link, so that a directory which became one
// meanwhile is an error.
Result<void> PackWalk::open_current() {
  if (current_) {
    return {};
  }
  const std::string& path = levels_.back().path;
  const std::optional<RelPath> inside = path.empty() ? RelPath() : RelPath::parse(path);
  const std::string where = path.empty() ? tree_.where() : tree_.where() + "/" + escaped(path);
  ASSIGN_OR_RETURN(Fd fd, inside ? open_beneath(tree_.fd(), *inside, O_RDONLY | O_DIRECTORY, where)
                                 : Result<Fd>(format_error("open", where, "is no path")));
  current_.emplace(std::move(fd), where);
  return {};
}

Result<void> PackWalk::enter(const std::string& path) {
  levels_.push_back({path, {}, {}, 0});
  current_.reset();
  TRY(open_current());
  const Result<FileStat> self = current_->stat_self();
  ASSIGN_OR_RETURN(const std::vector<DirEntry> list,
                   self ? current_->list() : Result<std::vector<DirEntry>>(self.error()));
  // Taken before anything in it is read: whoever looks for the time of whiteouts needs that of the directory as it was.
  levels_.back().mtime = self->mtime;
  std::vector<Item>& items = levels_.back().items;
  items.reserve(list.size());
  for (const DirEntry& member : list) {
    items.push_back({member.name, false});
    if (S_ISDIR(member.type)) {
      // A directory stands twice: for its own entry, and for going down into it. In Walk order the two are neighbours;
      // in Paths order "a-b" comes between "a" and "a/c", because '-' is less than '/'.
      items.push_back({member.name, true});
    }
  }
  const auto by_path = [](const Item& a, const Item& b) {
    return a.descend || b.descend ? a.name + (a.descend ? "/" : "") < b.name + (b.descend ? "/" : "") : a.name < b.name;
  };
  if (!std::is_sorted(items.begin(), items.end(), by_path)) {
    orders_differ_ = true;
    if (order_ == PackOrder::Paths) {
      std::sort(items.begin(), items.end(), by_path);
    }
  }
  return {};
}

Result<void> PackWalk::describe(PackEntry& entry) {
  ASSIGN_OR_RETURN(const FileStat stat, current_->stat(entry.name));
  entry.stat = stat;
  entry.link_target.clear();
  entry.first_name.clear();
  entry.capability.reset();
  if (stat.is_symlink()) {
    ASSIGN_OR_RETURN(entry.link_target, current_->read_link(entry.name));
  }
  const ObjectPlace place{current_->fd(), entry.name.c_str()};
  const int error = xattrs_.read(place);
  if (error != 0) {
    errno = error;
    return sys_error("list attributes", current_->where() + "/" + escaped(entry.name));
  }
  if (xattrs_.contains(kCapability)) {
    entry.capability = read_xattr(place, std::string(kCapability));
  }
  entry.is_opaque = stat.is_dir() && opaque_mark(place, xattrs_).has_value();
  const char* const partial_marks[] = {"trusted.overlay.redirect", "user.overlay.redirect", "trusted.overlay.metacopy",
                                       "user.overlay.metacopy"};
  entry.is_partial = std::any_of(std::begin(partial_marks), std::end(partial_marks),
                                 [&](const char* name) { return xattrs_.contains(name); });
  // Only for inodes with several names: the table is as large as there are hard links, not files.
  if (!stat.is_dir() && stat.links > 1) {
    const auto [first, is_first] = first_names_.try_emplace(stat.inode, entry.path);
    entry.first_name = is_first ? std::string() : first->second;
  }
  return {};
}

Result<bool> PackWalk::next(PackEntry& entry) {
  if (!begun_) {
    begun_ = true;
    TRY(enter(""));
  }
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.items.size()) {
      levels_.pop_back();
      current_.reset();
      continue;
    }
    const Item& item = level.items[level.next++];
    entry.path = path_in(level.path, item.name);
    if (entry.path.size() >= PATH_MAX) {
      return limit_error("pack", tree_.where(), "a path is too long: \"" + escaped_excerpt(entry.path, 80) + "\"");
    }
    TRY(open_current());
    if (item.descend) {
      TRY(enter(entry.path));
      continue;
    }
    entry.name = item.name;
    entry.parent_mtime = level.mtime;
    TRY(describe(entry));
    return true;
  }
  return false;
}

}  // namespace dfsck
