// Every path below the top is omitted, split, or a unit.
#include "core/migrate/plan/copy_planner.h"

#include <algorithm>
#include <array>

#include "core/content/layers/verify_layers.h"

namespace dfsck {
namespace {

// A remapped root below the source was scanned with its own paths; the copy goes by those of the whole source.
std::optional<LayerInput> rebased(const SourceRoot& root, std::optional<LayerInput> input) {
  if (input) {
    input->tar_split = in_source(root, input->tar_split);
    input->diff_dir = in_source(root, input->diff_dir);
    for (RelPath& lower : input->lower_diffs) {
      lower = in_source(root, lower);
    }
  }
  return input;
}

struct NamedArea {
  const char* path;
  CopyArea area;
};

constexpr std::array<NamedArea, 8> kAreas{{{"image", CopyArea::Images},
                                           {"containers", CopyArea::Containers},
                                           {"volumes", CopyArea::Volumes},
                                           {"buildkit", CopyArea::BuildCache},
                                           {"network", CopyArea::Networks},
                                           {"swarm", CopyArea::Swarm},
                                           {"plugins", CopyArea::Plugins},
                                           {"containerd", CopyArea::Containerd}}};

// Whoever cannot be told apart is counted with layers: that is where most of the bytes are, and sums are all that
// areas decide for these.
CopyArea area_of_owners(const std::vector<DirOwner>& owners) {
  const auto any = [&](DirOwner::Kind kind) {
    return std::any_of(owners.begin(), owners.end(), [&](const DirOwner& owner) { return owner.kind == kind; });
  };
  if (owners.empty() || any(DirOwner::Kind::Layer) || any(DirOwner::Kind::Removing) || any(DirOwner::Kind::Duplicate)) {
    return CopyArea::Layers;
  }
  return any(DirOwner::Kind::Build) ? CopyArea::BuildCache : CopyArea::Containers;
}

// Units are as small as what is done or not done as a whole: a layer's tree is immutable and verified, and its entry
// in layerdb is too; what lies beside the tree is not.
void describe_layers(const SourceRoot& root, CopyPlanner& planner) {
  const Model& model = root.model;
  for (size_t i = 0; i < model.layers.layers.size(); ++i) {
    const Layer& layer = model.layers.layers[i];
    const RelPath entry = in_source(root, layer.path);
    planner.mark_immutable(entry);
    planner.set_size(entry, layer.tar_split.size);
    const std::optional<CacheId>& cache = root.derived.layers[i].cache;
    const OverlayDir* dir = cache ? model.overlay.find(*cache) : nullptr;
    if (dir == nullptr || !dir->diff.exists || !dir->diff.stat.is_dir()) {
      continue;
    }
    const RelPath diff = in_source(root, dir->path / "diff");
    planner.layer(diff, layer.id, rebased(root, layer_input(model, root.derived, i)));
    planner.set_size(diff, layer.size_value.value_or(0));
  }
}

}  // namespace

void describe_root(const SourceRoot& root, CopyPlanner& planner) {
  const Model& model = root.model;
  for (const NamedArea& named : kAreas) {
    planner.set_area(in_source(root, named.path), named.area);
  }
  planner.split(root.prefix);
  for (const char* path : {"containers", "volumes", "image"}) {
    planner.split(in_source(root, path));
  }
  for (const Volume& volume : model.volumes.volumes) {
    planner.split(in_source(root, volume.path));
  }
  if (!model.image_path.is_root()) {
    planner.split(in_source(root, model.image_path));
    planner.split(in_source(root, model.image_path / "layerdb"));
    planner.split(in_source(root, model.image_path / "layerdb/sha256"));
    planner.set_area(in_source(root, model.image_path / "layerdb/mounts"), CopyArea::Containers);
  }
  if (model.driver_covered) {
    planner.set_area(in_source(root, model.overlay.path), CopyArea::Layers);
    planner.split(in_source(root, model.overlay.path));
    for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
      const RelPath dir = in_source(root, model.overlay.dirs[i].path);
      const DirTruth& truth = root.derived.dirs[i];
      planner.set_area(dir, area_of_owners(truth.owners));
      // What something stands on is a lower directory from then on (snapshots of the build cache, init layers).
      if (truth.has_children && model.overlay.dirs[i].diff.exists) {
        planner.split(dir);
        planner.mark_immutable(dir / "diff");
      }
    }
    describe_layers(root, planner);
  }
}

void CopyPlanner::add(Omission omission) {
  omission.area = area_of(omission.path);
  omissions_.try_emplace(omission.path, std::move(omission));
}

void CopyPlanner::omit(Omission::Kind kind, const RelPath& path, std::string reason) {
  add({kind, path, false, CopyArea::Other, std::move(reason), 0, 0});
}

void CopyPlanner::omit_contents(Omission::Kind kind, const RelPath& path, std::string reason) {
  add({kind, path, true, CopyArea::Other, std::move(reason), 0, 0});
}

// A walk reaches what is mounted or linked at a path only if that path is a unit's own, or above one.
void CopyPlanner::boundary(const RelPath& path, std::string text, bool elsewhere) {
  boundaries_.try_emplace(path, PlannedBoundary{path, std::move(text), elsewhere});
  for (RelPath at = path; !at.is_root();) {
    at = at.parent();
    splits_.insert(at);
  }
}

// A layer that two entries claim is verified once, for whoever comes first; a check speaks of the other.
void CopyPlanner::layer(const RelPath& diff, const ChainId& chain, std::optional<LayerInput> input) {
  if (layers_.try_emplace(diff, KnownLayer{chain, std::move(input)}).second) {
    splits_.insert(diff.parent());
    immutable_.insert(diff);
  }
}

// The nearest directory above that has one: a writable layer below overlay2/ belongs to containers, not to layers.
CopyArea CopyPlanner::area_of(const RelPath& path) const {
  for (RelPath at = path;; at = at.parent()) {
    if (const auto found = areas_.find(at); found != areas_.end()) {
      return found->second;
    }
    if (at.is_root()) {
      return CopyArea::Other;
    }
  }
}

void CopyPlanner::add_unit(const RelPath& path, MigrationUnit::Kind kind) {
  MigrationUnit unit;
  unit.path = path;
  unit.kind = kind;
  unit.area = area_of(path);
  unit.immutable = immutable_.contains(path);
  if (const auto size = sizes_.find(path); size != sizes_.end()) {
    unit.expected_bytes = size->second;
  }
  if (const auto known = layers_.find(path); known != layers_.end()) {
    unit.chain = known->second.chain;
    unit.layer = known->second.input;
    unit.kind = unit.layer ? MigrationUnit::Kind::Layer : kind;
  }
  units_.push_back(std::move(unit));
}

// False where the directory cannot be listed.
// Then it is one unit with all that is in it, and the copy says what it could not read.
bool CopyPlanner::visit_members(const RelPath& path) {
  const Result<Dir> dir = source_.open_dir(path);
  const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
  if (!entries) {
    return false;
  }
  bool any = false;
  for (const DirEntry& entry : *entries) {
    any = visit(path / entry.name) || any;
  }
  if (!any && !path.is_root()) {
    add_unit(path, MigrationUnit::Kind::Directory);
  }
  return true;
}

// True if a unit came of it, which takes the directories above along.
// An empty directory that is split would otherwise vanish.
bool CopyPlanner::visit(const RelPath& path) {
  if (const auto omitted = omissions_.find(path); omitted != omissions_.end()) {
    if (omitted->second.contents_only) {
      add_unit(path, MigrationUnit::Kind::Directory);
    }
    return omitted->second.contents_only;
  }
  if (!splits_.contains(path) || !visit_members(path)) {
    add_unit(path, MigrationUnit::Kind::Tree);
  }
  return true;
}

bool CopyPlanner::is_inside_omitted(const RelPath& path) const {
  for (RelPath at = path; !at.is_root();) {
    at = at.parent();
    if (omissions_.contains(at)) {
      return true;
    }
  }
  return false;
}

// Omissions inside of others, and of what is not there, are dropped: each byte of the source shall be told once.
CopyPlan CopyPlanner::plan(const RelPath& top) {
  if (!visit_members(top)) {
    add_unit(top, MigrationUnit::Kind::Tree);
  }
  CopyPlan plan;
  plan.units = std::move(units_);
  std::sort(plan.units.begin(), plan.units.end(),
            [](const MigrationUnit& one, const MigrationUnit& other) { return one.path < other.path; });
  for (auto& [path, omission] : omissions_) {
    if (!is_inside_omitted(path) && source_.stat(path)) {
      plan.omissions.push_back(std::move(omission));
    }
  }
  const OmitFilter filter = plan.filter();
  for (auto& [path, boundary] : boundaries_) {
    if (!omissions_.contains(path) && !omits(filter, path)) {
      plan.boundaries.push_back(std::move(boundary));
    }
  }
  plan.notes = std::move(notes_);
  return plan;
}

}  // namespace dfsck
