// Repairs of layerdb/mounts: the three files of an entry, and moving entries aside that belong to nobody.
#include <algorithm>

#include "checks/containers/container_mount.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/overlay2/fix_overlay.h"
#include "core/codec/digest.h"

namespace dfsck {
namespace {

constexpr uint32_t kMountDirMode = 0755;
constexpr uint32_t kMountFileMode = 0644;

const Container* container_with_id(const CheckInput& input, const std::string& id) {
  const auto& all = input.model.containers.containers;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Container& container) { return container.id == id; });
  return found != all.end() ? &*found : nullptr;
}

class MountWriter {
 public:
  MountWriter(const CheckInput& input, RelPath entry, size_t index, PlanBuilder& plan)
      : input_(input), entry_(std::move(entry)), index_(index), plan_(plan) {}

  void make_dir(const RelPath& path) {
    const Expect now = expect_now(input_.root, path);
    if (now.absent) {
      plan_.add(index_, stage::kMounts, MakeDir{path, daemon_owner(input_.model, kMountDirMode)}, now);
    }
  }

  // What is right already is left alone.
  void write(const char* name, const std::string& text) {
    const RelPath path = entry_ / name;
    const Expect now = expect_now(input_.root, path);
    if (now.digest != "sha256:" + sha256_hex(text)) {
      plan_.add(index_, stage::kMounts, WriteFile{path, text, daemon_owner(input_.model, kMountFileMode)}, now);
    }
  }

  // init-id always is mount-id with a suffix (moby layer/layer_store.go:initMount), so both are written together.
  void write_dirs(const CacheId& dir) {
    write("mount-id", dir.text());
    write("init-id", dir.text() + "-init");
  }

  void write_parent(const std::optional<std::optional<ChainId>>& parent) {
    const RelPath path = entry_ / "parent";
    if (parent && *parent) {
      write("parent", (*parent)->text());
    } else if (const Expect now = expect_now(input_.root, path); parent && !now.absent) {
      plan_.add(index_, stage::kMounts, Quarantine{path}, now);  // an image without layers: there is no file at all
    }
  }

 private:
  const CheckInput& input_;
  RelPath entry_;
  size_t index_;
  PlanBuilder& plan_;
};

bool owned_by_others(const DirTruth& truth, const Mount& mount) {
  return std::any_of(truth.owners.begin(), truth.owners.end(),
                     [&](const DirOwner& owner) { return owner.name != mount.name; });
}

// True if anything but the entry's own writable directory stands on one of its directories, or claims one.
// Somebody's chain may lead through it, however that came to be: then it stays where it is.
bool in_use(const CheckInput& input, const Mount& mount, const MountTruth& truth) {
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const CacheId& id = input.model.overlay.dirs[i].id;
    const DirTruth& dir = input.derived.dirs[i];
    const bool own = id == truth.dir || id == truth.init_dir;
    if (own ? owned_by_others(dir, mount) : dir.parent && (dir.parent == truth.dir || dir.parent == truth.init_dir)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void fix_rebuild_mount(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Container* container = container_with_id(input, finding.subject.id);
  if (container == nullptr || !RelPath::is_component(container->id)) {
    return;
  }
  const RelPath mounts = input.model.image_path / "layerdb/mounts";
  MountWriter writer(input, mounts / container->id, index, plan);
  const std::optional<CacheId> dir = directory_of(input, *container);
  // Each problem writes no more than the file that it speaks of.
  if (finding.problem == problem::mount_parent_bad) {
    writer.write_parent(layer_below(input, *container));
  } else if (dir && finding.problem == problem::init_id_bad) {
    writer.write("init-id", dir->text() + "-init");
  } else if (dir && (finding.problem == problem::mount_id_bad || finding.problem == problem::mount_id_restorable)) {
    writer.write_dirs(*dir);
  } else if (dir && finding.problem == problem::mount_entry_missing) {
    writer.make_dir(mounts);
    writer.make_dir(mounts / container->id);
    writer.write_dirs(*dir);
    writer.write_parent(layer_below(input, *container));
  }
}

// The entry pins the layers below for ever: no prune sees it. But its directory may be the only trace
// of a container that somebody looks for, so for all but builds this is asked.
void fix_quarantine_mount(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Mount* mount = input.model.layers.find_mount(finding.subject.id);
  if (mount == nullptr) {
    return;
  }
  const MountTruth& truth = input.derived.mounts[static_cast<size_t>(mount - input.model.layers.mounts.data())];
  if (in_use(input, *mount, truth)) {
    return;
  }
  plan.add(index, stage::kGarbage, Quarantine{mount->path}, expect_now(input.root, mount->path));
  for (const std::optional<CacheId>& dir : {truth.dir, truth.init_dir}) {
    if (dir) {
      quarantine_dir_and_link(input, *dir, index, plan);
    }
  }
}

}  // namespace dfsck
