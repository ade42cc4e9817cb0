// Invariant: every directory that a layer, a container or a build names is there, with the members that its place in
// the chain demands. Made by moby overlay2/overlay.go:create in the order diff, l/<id>, link, work, parent's committed,
// lower, so that a crash leaves any prefix of these.
#include <algorithm>

#include "checks/checks.h"
#include "checks/content_advice.h"
#include "checks/input.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

const DirOwner* owner_of(const DirTruth& truth, DirOwner::Kind kind) {
  const auto found =
      std::find_if(truth.owners.begin(), truth.owners.end(), [&](const DirOwner& owner) { return owner.kind == kind; });
  return found != truth.owners.end() ? &*found : nullptr;
}

// "layer sha256:...", "container ...": the owner whose files these are.
std::string owner_text(const DirTruth& truth) {
  if (const DirOwner* layer = owner_of(truth, DirOwner::Kind::Layer)) {
    return "layer " + layer->name;
  }
  if (const DirOwner* container = owner_of(truth, DirOwner::Kind::Writable)) {
    return "container " + container->name;
  }
  if (const DirOwner* init = owner_of(truth, DirOwner::Kind::Init)) {
    return "the init layer of container " + init->name;
  }
  return "the build cache";
}

bool only_being_removed(const DirTruth& truth) {
  return std::all_of(truth.owners.begin(), truth.owners.end(),
                     [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Removing; });
}

// The number of the layer that owns the directory; model.layers.layers.size() if none does.
size_t layer_of(const CheckInput& input, const DirOwner* owner) {
  const auto& layers = input.model.layers.layers;
  const std::optional<ChainId> id =
      owner != nullptr && owner->kind == DirOwner::Kind::Layer ? ChainId::parse(owner->name) : std::nullopt;
  const Layer* layer = id ? input.model.layers.find(*id) : nullptr;
  return layer != nullptr ? static_cast<size_t>(layer - layers.data()) : layers.size();
}

// An error of its own for each owner, since each loses something else: an image can be
// fetched again, what a container wrote cannot.
void check_missing(const CheckInput& input, const CacheId& id, const DirTruth& truth, FindingSink& sink) {
  const RelPath path = input.model.overlay.path / id.text();
  for (const DirOwner& owner : truth.owners) {
    if (owner.kind == DirOwner::Kind::Layer) {
      const size_t layer = layer_of(input, &owner);
      if (input.content.can_restore_tree(layer)) {
        continue;  // the check of contents speaks of it
      }
      if (layer < input.derived.layers.size() && input.derived.layers[layer].keeper) {
        continue;  // the check of layerdb speaks of it
      }
      Finding& finding = sink.add(problem::layer_dir_missing, {SubjectKind::Layer, owner.name}, path);
      finding.args["dir"] = id.text();
      finding.args["layer"] = owner.name;
      finding.args["remedy"] = bytes_advice(input.content, layer);
      continue;
    }
    const Mount* mount = input.model.layers.find_mount(owner.name);
    if (mount == nullptr || mount->of_build || owner.kind == DirOwner::Kind::Build) {
      continue;  // the build cache's own checks speak of these
    }
    const bool writable = owner.kind == DirOwner::Kind::Writable;
    if (!writable && mount->init_id.absent() && !mount->mount_id.absent()) {
      // The directory's name was derived from mount-id, so nothing says that it existed.
      continue;  // an init layer that no file names may never have been
    }
    Finding& finding = sink.add(writable ? problem::writable_dir_missing : problem::init_dir_missing,
                                {SubjectKind::Container, owner.name}, path);
    finding.args["dir"] = id.text();
    finding.args["container"] = owner.name;
  }
}

// No diff/ is ever made empty in place of a lost one: containers would start without the layer's
// files, and the loss would not show any more.
void check_members(const CheckInput& input, const OverlayDir& dir, const DirTruth& truth, FindingSink& sink) {
  const Subject subject{SubjectKind::OverlayDir, dir.id.text()};
  const size_t layer = layer_of(input, owner_of(truth, DirOwner::Kind::Layer));
  if ((!dir.diff.exists || !dir.diff.stat.is_dir()) && !input.content.can_restore_tree(layer)) {
    const DirOwner* owner = owner_of(truth, DirOwner::Kind::Layer);
    Finding& finding =
        sink.add(problem::layer_diff_missing, owner != nullptr ? Subject{SubjectKind::Layer, owner->name} : subject,
                 dir.path / "diff");
    finding.args["dir"] = dir.id.text();
    finding.args["owner"] = owner_text(truth);
    finding.args["state"] =
        dir.diff.exists ? "a " + std::string(type_name(dir.diff.stat.mode)) + ", not a directory" : "missing";
    finding.args["remedy"] = owner_of(truth, DirOwner::Kind::Writable) != nullptr
                                 ? "Restore " + finding.path.text() + " from a backup before the container starts."
                                 : bytes_advice(input.content, layer);
  }
  // A base layer is never mounted for itself and never gets a work/. One that has it and no `lower` has
  // lost its chain, which the check of chains says.
  const bool stands_on_something = truth.parent_known ? truth.parent.has_value() : dir.lower.present();
  if (stands_on_something && (!dir.work.exists || !dir.work.stat.is_dir())) {
    Finding& finding = sink.add(problem::work_dir_missing, subject, dir.path / "work");
    finding.args["dir"] = dir.id.text();
    finding.args["state"] =
        dir.work.exists ? "a " + std::string(type_name(dir.work.stat.mode)) + ", not a directory" : "missing";
  }
  // Not a mount and not empty: somebody copied the root while the container ran, and the copy went through
  // the mount. Then files of the layers are there twice, and what the container was writing may be torn.
  if (dir.merged_has_files) {
    sink.add(problem::merged_copied, subject, dir.path / "merged").args["dir"] = dir.id.text();
  } else if (dir.merged.exists && !dir.merged_is_mount) {
    sink.add(problem::merged_left, subject, dir.path / "merged").args["dir"] = dir.id.text();
  }
  if (dir.work_has_index) {
    sink.add(problem::work_index_left, subject, dir.path / "work/index").args["dir"] = dir.id.text();
  }
}

// Daemons mark a parent when they make a child on it, since 19.03.3. Layers from before have no mark, so only a child
// that was made after the first mark in this root proves that one is missing.
// A warning: without the mark the daemon mounts the layer for writing when it works on it, and what
// would go wrong then has to come from outside.
void check_committed(const CheckInput& input, FindingSink& sink) {
  std::optional<FileTime> first_mark;
  for (const OverlayDir& dir : input.model.overlay.dirs) {
    if (dir.committed.exists && (!first_mark || dir.committed.stat.mtime < *first_mark)) {
      first_mark = dir.committed.stat.mtime;
    }
  }
  std::vector<bool> due(input.model.overlay.dirs.size(), false);
  for (size_t i = 0; i < due.size() && first_mark; ++i) {
    const DirTruth& child = input.derived.dirs[i];
    const OverlayDir* parent = child.parent ? input.model.overlay.find(*child.parent) : nullptr;
    if (parent != nullptr && input.model.overlay.dirs[i].link.mtime > *first_mark) {
      due[static_cast<size_t>(parent - input.model.overlay.dirs.data())] = true;
    }
  }
  for (size_t i = 0; i < due.size(); ++i) {
    const OverlayDir& dir = input.model.overlay.dirs[i];
    const DirTruth& truth = input.derived.dirs[i];
    const DirOwner* container = owner_of(truth, DirOwner::Kind::Writable);
    const Subject subject{SubjectKind::OverlayDir, dir.id.text()};
    if (due[i] && !dir.committed.exists && container == nullptr) {
      sink.add(problem::committed_missing, subject, dir.path / "committed").args["dir"] = dir.id.text();
    }
    // The daemon takes the mark for "others stand on it" and mounts the container's root read-only.
    // Builds have writable layers that others stood on; those are not meant.
    if (dir.committed.exists && container != nullptr && ContainerId::parse(container->name)) {
      sink.add(problem::committed_on_writable, subject, dir.path / "committed").args["container"] = container->name;
    }
  }
}

// The project id is in the inode and nowhere else, so that no copy keeps it. The limit is known from
// hostconfig.json, but which id is free only a daemon finds out.
void check_quota(const CheckInput& input, FindingSink& sink) {
  for (size_t i = 0; i < input.derived.mounts.size(); ++i) {
    const Container* container = input.model.containers.find(input.model.layers.mounts[i].name);
    const OverlayDir* dir =
        input.derived.mounts[i].dir ? input.model.overlay.find(*input.derived.mounts[i].dir) : nullptr;
    if (container == nullptr || container->size_limit.empty() || dir == nullptr || dir->project_id != 0) {
      continue;
    }
    Finding& finding = sink.add(problem::quota_lost, {SubjectKind::Container, container->name_on_disk}, dir->path);
    finding.args["container"] = container->name_on_disk;
    finding.args["limit"] = container->size_limit;
  }
}

}  // namespace

void check_overlay_dirs(const CheckInput& input, FindingSink& sink) {
  if (!input.model.driver_covered) {
    return;
  }
  for (const auto& [id, truth] : input.derived.missing_dirs) {
    check_missing(input, id, truth, sink);
  }
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    if (!only_being_removed(input.derived.dirs[i])) {
      check_members(input, input.model.overlay.dirs[i], input.derived.dirs[i], sink);
    }
  }
  check_committed(input, sink);
  check_quota(input, sink);
  // Made and removed within moments when a daemon starts, so one that is there when none runs is litter.
  for (const std::string& name : input.model.overlay.probe_dirs) {
    const RelPath path = input.model.overlay.path / name;
    sink.add(problem::probe_dir_left, {SubjectKind::File, path.text()}, path).args["name"] = escaped(name);
  }
  for (const DirEntry& entry : input.model.overlay.foreign) {
    const RelPath path = input.model.overlay.path / entry.name;
    sink.add(problem::overlay_entry_foreign, {SubjectKind::File, path.text()}, path).args["name"] = escaped(entry.name);
  }
}

}  // namespace dfsck
