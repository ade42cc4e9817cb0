// What a place is decides: areas and volumes' data travel, what something mounted for its own time does not.
#include "core/migrate/plan/plan_boundaries.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/model/mount_makers.h"

namespace dfsck {
namespace {

std::string what_it_was(const Boundary& boundary) {
  const std::string type = boundary.filesystem.empty() ? "" : " (" + escaped(boundary.filesystem) + ")";
  switch (boundary.kind) {
    case Boundary::Kind::Link: return "a link to " + escaped(boundary.leads_to);
    case Boundary::Kind::Subvolume: return "a btrfs subvolume";
    case Boundary::Kind::Bind:
      return "a bind mount of " + escaped(boundary.leads_to) + " of " + escaped(boundary.source) + type;
    case Boundary::Kind::Mount: break;
  }
  return "a mount of " + escaped(boundary.source) + type;
}

class Boundaries {
 public:
  Boundaries(const Root& source, std::span<const SourceRoot> roots, CopyPlanner& planner)
      : source_(source), roots_(roots), planner_(planner) {}

  void run() {
    for (const SourceRoot& root : roots_) {
      for (const Boundary& boundary : root.model.host.boundaries) {
        const RelPath path = in_source(root, boundary.path);
        if (!is_of_another(root, path)) {
          describe(boundary, path);
        }
      }
    }
  }

 private:
  // A root below knows better what the places in it are.
  bool is_of_another(const SourceRoot& root, const RelPath& path) const {
    return std::any_of(roots_.begin(), roots_.end(), [&](const SourceRoot& other) {
      return other.prefix.is_below(root.prefix) && path.is_below(other.prefix);
    });
  }

  // A link that is not followed stays a link: what it leads to is no part of the root. What is data becomes a plain
  // directory, or file, of the target with everything in it.
  void describe(const Boundary& boundary, const RelPath& path) {
    if (!boundary.problem.empty()) {
      planner_.boundary(path,
                        "is a link that leads " + boundary.problem + "; stays one, and nothing behind it travels");
    } else if (!boundary.is_data()) {
      leave(boundary, path);
    } else {
      const Result<FileStat> stat = source_.stat(path);
      const bool is_file = stat && boundary.kind != Boundary::Kind::Link && !stat->is_dir();
      planner_.boundary(
          path, "was " + what_it_was(boundary) + "; is a plain " + (is_file ? "file" : "directory") + " in the target",
          boundary.kind != Boundary::Kind::Subvolume);
      // In a volume a directory of that name is the user's.
      if (!boundary.path.is_below("volumes")) {
        omit_lost_and_found(path / "lost+found");
      }
    }
  }

  // The mount point itself is copied, but for those that daemons make and remove with the mount.
  void leave(const Boundary& boundary, const RelPath& path) {
    const OmissionKind kind = is_missed(boundary) ? OmissionKind::Mounted : OmissionKind::Derived;
    const std::string reason = what_it_was(boundary).substr(2) + ", made by " + boundary.made_by;
    const Result<FileStat> stat = source_.stat(path);
    if (stat && stat->is_dir() && path.name() != "merged") {
      planner_.omit_contents(kind, path, reason);
    } else {
      planner_.omit(kind, path, reason);
    }
  }

  // An empty one is of mkfs; what fsck has put there may be all that is left of somebody's file, so it is said.
  void omit_lost_and_found(const RelPath& path) {
    const Result<Dir> dir = source_.open_dir(path);
    const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
    if (entries && entries->empty()) {
      planner_.omit(OmissionKind::Foreign, path, "belongs to the filesystem");
    } else if (entries) {
      planner_.omit(OmissionKind::Found, path, "what fsck found on that filesystem: look whether you miss any of it");
    }
  }

  const Root& source_;
  const std::span<const SourceRoot> roots_;
  CopyPlanner& planner_;
};

}  // namespace

void describe_boundaries(const Root& source, std::span<const SourceRoot> roots, CopyPlanner& planner) {
  Boundaries(source, roots, planner).run();
}

}  // namespace dfsck
