// What need not travel, by what it is for the daemon.
#include "core/migrate/plan/omissions.h"

#include <algorithm>

#include "core/fs/lock.h"
#include "core/migrate/plan/copy_planner.h"
#include "core/migrate/plan/plan_boundaries.h"
#include "core/model/derive/steps.h"
#include "core/model/derive/unowned.h"

namespace dfsck {
namespace {

class OmissionPlanner {
 public:
  OmissionPlanner(const SourceRoot& root, const CopyChoice& choice, CopyPlanner& planner)
      : root_(root),
        model_(root.model),
        derived_(root.derived),
        choice_(choice),
        planner_(planner),
        links_(root.model.overlay) {}

  void run() {
    omit_made_anew();
    omit_chosen_areas();
    omit_containerd_store();
    omit_mount_state();
    note_quotas();
    if (!choice_.keep_orphans) {
      omit_leftovers();
      omit_temporaries();
      omit_orphans();
    }
    omit_links();
  }

 private:
  RelPath at(const RelPath& path) const { return in_source(root_, path); }
  bool omits(OmittedArea area) const { return choice_.omitted.contains(area); }

  // moby daemon/daemon.go:prepareTempDir, daemon/runtime_unix.go:setupRuntimes, quota/projectquota.go:makeBackingFsDev.
  void omit_made_anew() {
    planner_.omit(OmissionKind::Ours, at(kOwnDirectory), "what docker-fsck keeps of its own runs");
    planner_.omit(OmissionKind::Foreign, at("lost+found"), "belongs to the filesystem");
    planner_.omit_contents(OmissionKind::Derived, at("tmp"), "emptied by the daemon at every start");
    planner_.omit(OmissionKind::Derived, at("tmp-old"), "removed by the daemon at every start");
    planner_.omit_contents(OmissionKind::Derived, at("runtimes"), "written anew by the daemon at every start");
    planner_.omit(OmissionKind::Derived, at("runtimes-old"), "removed by the daemon at every start");
    planner_.omit(OmissionKind::Derived, at("volumes/backingFsBlockDev"), "made anew by the daemon at every start");
    planner_.omit_contents(OmissionKind::Derived, at("buildkit/executor"), "build steps that are over");
    planner_.omit_contents(OmissionKind::Derived, at("containerd/daemon/tmpmounts"), "mount points of containerd");
    for (const RelPath& task : model_.entries.runtime_tasks) {
      planner_.omit(OmissionKind::Derived, at(task), "state of a running container");
    }
  }

  // merged/ is a mount point that the daemon makes and removes; of work/ only the directory matters, since the kernel
  // needs it for the next mount, and what is in it is tied to inodes of the old filesystem.
  void omit_mount_state() {
    if (!model_.driver_covered) {
      return;
    }
    planner_.omit(OmissionKind::Derived, at(model_.overlay.path / "backingFsBlockDev"),
                  "made anew by the daemon at every start");
    for (const OverlayDir& dir : model_.overlay.dirs) {
      if (dir.merged.exists) {
        planner_.omit(OmissionKind::Derived, at(dir.path / "merged"), "mount point");
      }
      if (dir.work.exists) {
        planner_.omit_contents(OmissionKind::Derived, at(dir.path / "work"), "scratch space of a mount");
      }
    }
  }

  bool are_all(const std::vector<DirOwner>& owners, DirOwner::Kind one, DirOwner::Kind other) const {
    return !owners.empty() && std::all_of(owners.begin(), owners.end(), [&](const DirOwner& owner) {
      return owner.kind == one || owner.kind == other;
    });
  }

  // A writable layer belongs to a container or to a build step; the name of the mount tells which.
  bool owned_by_build_mount(const DirTruth& truth) const {
    return are_all(truth.owners, DirOwner::Kind::Writable, DirOwner::Kind::Writable) &&
           std::all_of(truth.owners.begin(), truth.owners.end(), [&](const DirOwner& owner) {
             const Mount* mount = model_.layers.find_mount(owner.name);
             return mount != nullptr && mount->of_build;
           });
  }

  void omit_mounts(bool of_build, OmissionKind kind, const std::string& reason) {
    for (const Mount& mount : model_.layers.mounts) {
      if (mount.of_build == of_build) {
        planner_.omit(kind, at(mount.path), reason);
      }
    }
  }

  // The directories that `belongs` names, but for those that something else stands on.
  // Nothing may stay that stands on something left out: a mount of it would fail. What a directory should stand on
  // and what its lower file names both count, because they differ where the root is damaged, and what is damaged
  // shall come along as it is.
  template <typename Belongs>
  void omit_dirs(OmissionKind kind, const std::string& reason, Belongs belongs) {
    std::vector<bool> leaving(derived_.dirs.size());
    std::vector<size_t> staying;
    for (size_t i = 0; i < leaving.size(); ++i) {
      leaving[i] = belongs(model_.overlay.dirs[i], derived_.dirs[i]) && !model_.overlay.dirs[i].merged_is_mount;
      if (!leaving[i] && !planner_.is_omitted(at(model_.overlay.dirs[i].path))) {
        staying.push_back(i);
      }
    }
    // From what stays downwards; what is reached stays too, and what it stands on.
    while (!staying.empty()) {
      const size_t above = staying.back();
      staying.pop_back();
      for (const size_t below : dirs_below(above)) {
        if (leaving[below]) {
          leaving[below] = false;
          staying.push_back(below);
        }
      }
    }
    for (size_t i = 0; i < leaving.size(); ++i) {
      if (leaving[i]) {
        planner_.omit(kind, at(model_.overlay.dirs[i].path), reason);
      }
    }
  }

  // What a directory should stand on, and what a mount of it would use.
  std::vector<size_t> dirs_below(size_t i) const {
    std::vector<std::optional<CacheId>> ids = links_.pieces(model_.overlay.dirs[i]);
    ids.push_back(derived_.dirs[i].parent);
    std::vector<size_t> below;
    for (const std::optional<CacheId>& id : ids) {
      if (const OverlayDir* dir = id ? model_.overlay.find(*id) : nullptr; dir != nullptr) {
        below.push_back(static_cast<size_t>(dir - model_.overlay.dirs.data()));
      }
    }
    return below;
  }

  void omit_containerd_store() {
    if (!choice_.without_containerd_store || !model_.containerd_store.is_used()) {
      return;
    }
    planner_.omit_contents(OmissionKind::Unselected, at("containerd/daemon"), "the containerd image store");
    for (const RelPath& trace : model_.containerd_store.traces) {
      planner_.omit(OmissionKind::Unselected, at(trace), "belongs to the containerd image store");
    }
  }

  // Files of an area go by their names. Directories of overlay2 go by their owners, and only if all owners are known:
  // otherwise one that is excluded could also be somebody else's.
  void omit_chosen_areas() {
    if (omits(OmittedArea::Volumes)) {
      planner_.omit_contents(OmissionKind::Unselected, at("volumes"), "volumes are excluded");
      note_missing_volumes();
    }
    if (omits(OmittedArea::Containers)) {
      planner_.omit_contents(OmissionKind::Unselected, at("containers"), "containers are excluded");
      omit_mounts(false, OmissionKind::Unselected, "containers are excluded");
    }
    if (omits(OmittedArea::BuildCache)) {
      planner_.omit_contents(OmissionKind::Unselected, at("buildkit"), "the build cache is excluded");
      omit_mounts(true, OmissionKind::Unselected, "the build cache is excluded");
    }
    if (!omits(OmittedArea::Containers) && !omits(OmittedArea::BuildCache)) {
      return;
    }
    if (!derived_.owners_complete) {
      planner_.note("directories of what is excluded are copied all the same, because " +
                    derived_.owners_incomplete_because);
      return;
    }
    if (omits(OmittedArea::Containers)) {
      omit_dirs(OmissionKind::Unselected, "containers are excluded", [&](const OverlayDir& dir, const DirTruth& truth) {
        const bool containers = are_all(truth.owners, DirOwner::Kind::Writable, DirOwner::Kind::Init);
        return (containers && !owned_by_build_mount(truth)) || is_lost_writable(derived_, dir.id);
      });
    }
    if (omits(OmittedArea::BuildCache)) {
      omit_dirs(OmissionKind::Unselected, "the build cache is excluded", [&](const OverlayDir&, const DirTruth& truth) {
        return are_all(truth.owners, DirOwner::Kind::Build, DirOwner::Kind::Build) || owned_by_build_mount(truth);
      });
    }
  }

  // A container whose volume is not there does not start, which is better known before the old disk is gone.
  void note_missing_volumes() {
    const auto uses_volume = [](const Container& container) {
      return std::any_of(container.mount_points.begin(), container.mount_points.end(),
                         [](const Container::MountPoint& mount) { return mount.type == "volume"; });
    };
    const std::vector<Container>& all = model_.containers.containers;
    const auto users = std::count_if(all.begin(), all.end(), uses_volume);
    if (users > 0 && !omits(OmittedArea::Containers)) {
      planner_.note("of the containers that are copied " + std::to_string(users) +
                    " cannot start until the volumes that they use are there");
    }
  }

  // The id of a project is kept in the inode alone, its limits in the filesystem (moby quota/projectquota.go).
  // To set one again needs mount options that the target may not have.
  void note_quotas() {
    const auto limited = std::count_if(model_.overlay.dirs.begin(), model_.overlay.dirs.end(),
                                       [](const OverlayDir& dir) { return dir.project_id != 0; });
    if (limited > 0) {
      planner_.note(std::to_string(limited) + " of the directories in " + at(model_.overlay.path).text() +
                    " have a size limit (project quota), which is not copied");
    }
  }

  // Nobody reads these again, whatever happens, so they need no owner to be known. Unfinished removals and what
  // killed builds left do: their directories may have another owner.
  void omit_leftovers() {
    for (const RelPath& path : model_.layers.write_sets) {
      planner_.omit(OmissionKind::Leftover, at(path), "a layer whose registration was cut off");
    }
    for (const Plugin& plugin : model_.entries.plugins) {
      if (plugin.removing) {
        planner_.omit(OmissionKind::Leftover, at(plugin.path), "a plugin whose removal was cut off");
      }
    }
    for (const std::string& name : model_.overlay.probe_dirs) {
      planner_.omit(OmissionKind::Leftover, at(model_.overlay.path / name), "left by a probe of the kernel");
    }
    for (const RelPath& path : model_.build_cache.ingest_leftovers) {
      planner_.omit(OmissionKind::Leftover, at(path), "a write of the build cache that was cut off");
    }
    if (!derived_.owners_complete) {
      return;
    }
    for (const RemovingLayer& removing : model_.layers.removing) {
      planner_.omit(OmissionKind::Leftover, at(removing.path), "a layer whose removal was cut off");
    }
    omit_dirs(OmissionKind::Leftover, "a layer whose removal was cut off",
              [&](const OverlayDir&, const DirTruth& truth) {
                return !truth.live && are_all(truth.owners, DirOwner::Kind::Removing, DirOwner::Kind::Removing);
              });
    // While a daemon or a container runs, a mount of a build may be one that goes on.
    if (model_.host.daemons.empty() && model_.host.container_mounts.empty()) {
      const std::string killed = "left by a build step that was killed";
      omit_mounts(true, OmissionKind::Leftover, killed);
      omit_dirs(OmissionKind::Leftover, killed,
                [&](const OverlayDir&, const DirTruth& truth) { return owned_by_build_mount(truth); });
    }
  }

  // A temporary file may be the only good copy of a file that is damaged: where anything is, all of that area stay.
  void omit_temporaries() {
    const auto omit = [&](const RelPath& path) {
      planner_.omit(OmissionKind::Leftover, at(path), "a write that was cut off");
    };
    for (const RelPath& path : model_.entries.temporary_files) {
      if (!may_be_needed(path)) {
        omit(path);
      }
    }
    for (const OverlayDir& dir : model_.overlay.dirs) {
      std::for_each(dir.temporaries.begin(), dir.temporaries.end(), omit);
    }
    for (const Container& container : model_.containers.containers) {
      if (container.loads()) {
        std::for_each(container.temporaries.begin(), container.temporaries.end(), omit);
      }
    }
  }

  // Coarse on purpose: a temporary file too many costs some bytes, one too few the only copy of a config.
  bool may_be_needed(const RelPath& path) const {
    const auto bad_volume = [](const Volume& volume) { return !volume.options_problem.empty(); };
    const auto bad_plugin = [](const Plugin& plugin) { return !plugin.config_problem.empty(); };
    if (path.is_below("volumes")) {
      return std::any_of(model_.volumes.volumes.begin(), model_.volumes.volumes.end(), bad_volume);
    }
    if (path.is_below("plugins")) {
      return std::any_of(model_.entries.plugins.begin(), model_.entries.plugins.end(), bad_plugin);
    }
    const ImageStore& images = model_.images;
    return !images.references.problem.empty() || images.references.file.absent() || !images.missing().empty() ||
           std::any_of(images.images.begin(), images.images.end(), [](const Image& image) { return !image.usable(); });
  }

  // The same verdict as a check's: nobody owns it, every owner was heard, and it is no container's lost layer.
  // Undetermined is copied and said, since what a migration leaves behind is gone with the old disk.
  void omit_orphans() {
    const OwnerDoubts doubts(model_, derived_);
    size_t undetermined = 0;
    std::string why;
    for (size_t i = 0; i < derived_.dirs.size(); ++i) {
      const OverlayDir& dir = model_.overlay.dirs[i];
      if (derived_.dirs[i].reached || planner_.is_omitted(at(dir.path))) {
        continue;
      }
      const std::string doubt = doubts.about(dir);
      if (!doubt.empty()) {
        ++undetermined;
        why = doubt;
      } else if (is_lost_writable(derived_, dir.id)) {
        planner_.note(at(dir.path).text() + " belongs to no container, but may be what is left of one: it is copied");
      } else {
        planner_.omit(OmissionKind::Orphan, at(dir.path), "nothing refers to it");
      }
    }
    if (undetermined > 0) {
      planner_.note(std::to_string(undetermined) + " of the directories in " + at(model_.overlay.path).text() +
                    " have no known owner and are copied all the same, because " + why);
    }
  }

  // Links that nothing claims, and those of directories that are left out.
  // A link to a directory that stays behind would lead nowhere in the target, where a check would report it.
  void omit_links() {
    if (!choice_.keep_orphans && model_.overlay.links_dir != FileState::Kind::Unreadable) {
      for (const size_t i : unclaimed_links(model_, derived_)) {
        planner_.omit(OmissionKind::Orphan, at(model_.overlay.links[i].path), "a short link that nothing uses");
      }
    }
    for (const ShortLink& link : model_.overlay.links) {
      if (link.points_to && planner_.is_omitted(at(model_.overlay.path / link.points_to->text()))) {
        planner_.omit(OmissionKind::Derived, at(link.path), "leads to a directory that is left out");
      }
    }
  }

  const SourceRoot& root_;
  const Model& model_;
  const Derived& derived_;
  const CopyChoice& choice_;
  CopyPlanner& planner_;
  const deriving::LinkMap links_;
};

}  // namespace

namespace {

// Areas on filesystems of their own have what repairs replaced in them beside it.
void omit_kept_in_areas(const Root& source, const RelPath& prefix, CopyPlanner& planner) {
  for (const RelPath& above : {prefix, prefix / "image"}) {
    const Result<Dir> dir = source.open_dir(above);
    const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
    for (const DirEntry& entry : entries ? *entries : std::vector<DirEntry>{}) {
      const RelPath kept = above / entry.name / kOwnDirectory;
      if (entry.type == S_IFDIR && source.stat(kept)) {
        planner.omit(OmissionKind::Ours, kept, "what docker-fsck keeps of its own runs");
      }
    }
  }
}

}  // namespace

std::optional<OmittedArea> parse_omitted_area(std::string_view word) {
  if (word == "volumes") {
    return OmittedArea::Volumes;
  }
  if (word == "containers") {
    return OmittedArea::Containers;
  }
  return word == "buildkit" ? std::optional(OmittedArea::BuildCache) : std::nullopt;
}

// Boundaries before all other reasons: that something was mounted at a path explains more than that the path was
// scratch.
CopyPlan plan_copy(const Root& source, std::span<const SourceRoot> roots, const CopyChoice& choice) {
  CopyPlanner planner(source);
  planner.omit(OmissionKind::Ours, kOwnDirectory, "what docker-fsck keeps of its own runs");
  planner.omit(OmissionKind::Foreign, "lost+found", "belongs to the filesystem");
  for (const SourceRoot& root : roots) {
    omit_kept_in_areas(source, root.prefix, planner);
    describe_root(root, planner);
  }
  describe_boundaries(source, roots, planner);
  for (const SourceRoot& root : roots) {
    OmissionPlanner(root, choice, planner).run();
  }
  return planner.plan(RelPath());
}

}  // namespace dfsck
