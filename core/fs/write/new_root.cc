// One mkdir, and one rmdir.
#include "core/fs/write/new_root.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr uint32_t kRootMode = 0710;  // moby daemon/daemon_unix.go:setupDaemonRoot

struct NewRootPlace {
  std::string parent;
  std::string name;
};

std::optional<NewRootPlace> new_root_place(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) {
    path.pop_back();
  }
  const size_t slash = path.rfind('/');
  NewRootPlace place{slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1)),
                     path.substr(slash + 1)};
  return RelPath::is_component(place.name) ? std::optional(std::move(place)) : std::nullopt;
}

}  // namespace

// In a directory that exists, and no deeper: a path that is mistyped in its middle shall not become a tree of new
// directories.
Result<NewRoot> NewRoot::make(const std::string& path) {
  const std::optional<NewRootPlace> place = new_root_place(path);
  if (!place) {
    return format_error("make data root", escaped(path), "is no name of a directory");
  }
  ASSIGN_OR_RETURN(const Root above, Root::open(place->parent));
  ASSIGN_OR_RETURN(Dir parent, above.open_dir(RelPath()));
  ASSIGN_OR_RETURN(const FileStat before, parent.stat_self());
  TRY(make_directory(parent, place->name, kRootMode));
  ASSIGN_OR_RETURN(Root root, above.open_below(*RelPath::parse(place->name)));
  return NewRoot(std::move(parent), place->name, before.mtime, std::move(root));
}

NewRoot::~NewRoot() {
  // Nobody can be told of an error here; what is left is an empty directory, or one with a run that can be recovered.
  if (parent_ && remove_object(*parent_, name_)) {
    set_times({parent_->fd()}, std::nullopt, parent_time_);
  }
}

}  // namespace dfsck
