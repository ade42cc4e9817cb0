// Invariant: every container has an entry in layerdb/mounts whose three files name its writable directory, its init
// directory and the layer below, and every entry has a container. Written by moby layer/filestore.go with plain
// writes, so that empty files are what a power loss leaves. The directories themselves are judged by overlay_dirs.cc.
#include <set>

#include "checks/checks.h"
#include "checks/containers/container_mount.h"
#include "checks/image_verdict.h"
#include "checks/input.h"
#include "checks/leftovers/leftovers.h"
#include "checks/liveness.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

class ContainerMount {
 public:
  ContainerMount(const CheckInput& input, const Container& container, FindingSink& sink)
      : input_(input), container_(container), entry_(entry_of(input.model, container)), sink_(sink) {}

  void check() {
    if (entry_ == nullptr) {
      check_missing();
      return;
    }
    check_mount_id();
    check_init_id();
    check_parent();
  }

 private:
  static bool unreadable(const FileState& file) { return file.kind == FileState::Kind::Unreadable; }

  static std::string naming(const CacheId& dir) { return "naming another directory (" + dir.text() + ")"; }

  Finding& add(ProblemId problem, RelPath path) {
    Finding& finding = sink_.add(problem, {SubjectKind::Mount, escaped(container_.id)}, std::move(path));
    finding.args["container"] = escaped(container_.id);
    finding.hits = {{SubjectKind::Container, escaped(container_.name_on_disk)}};
    return finding;
  }

  RelPath path() const { return input_.model.image_path / "layerdb/mounts" / container_.id; }

  // Nothing is written by guess: a container on another one's files starts as if all were well.
  void lost(std::string state, RelPath where) {
    const std::string candidates = joined(candidates_of(input_, container_), ", ", [&](const CacheId& dir) {
      return (input_.model.overlay.path / dir.text()).text();
    });
    Finding& finding = add(problem::mount_lost, std::move(where));
    finding.args["state"] = std::move(state);
    finding.args["candidates"] = !input_.model.driver_covered ? "the directories of this storage driver are not covered"
                                 : candidates.empty()         ? "no directory is left that could be it"
                                                              : "it may be " + candidates;
  }

  void check_missing() {
    if (!input_.model.layers.mounts_complete || !RelPath::is_component(container_.id)) {
      return;
    }
    // The daemon hides a container without an entry, and gives its name to the next one that asks. Its
    // files stay where they are until somebody takes their directory for an orphan.
    if (const std::optional<CacheId> dir = directory_of(input_, container_); dir) {
      add(problem::mount_entry_missing, path()).args["dir"] = dir->text();
    } else {
      lost("it has no entry in layerdb/mounts", path());
    }
  }

  // Safe where init-id has survived, since the two differ by a suffix only; asked
  // where the directory was found by elimination.
  void check_mount_id() {
    const FileState& file = entry_->mount_id;
    const std::optional<CacheId> dir = directory_of(input_, container_);
    if (unreadable(file) || (has_mount_id(*entry_) && entry_->dir == dir)) {
      return;
    }
    if (dir) {
      const bool proven = entry_->init_dir && dir->init() == entry_->init_dir;
      Finding& finding = add(proven ? problem::mount_id_restorable : problem::mount_id_bad, entry_->path / "mount-id");
      finding.args["state"] = has_mount_id(*entry_) ? naming(*entry_->dir) : file.problem();
      finding.args["dir"] = dir->text();
    } else {
      lost("its mount-id is " + file.problem(), entry_->path / "mount-id");
    }
  }

  // Without it the container runs, but docker diff and commit compare with nothing, and
  // docker rm leaves the init directory behind.
  void check_init_id() {
    const FileState& file = entry_->init_id;
    const std::optional<CacheId> dir = directory_of(input_, container_);
    if (unreadable(file) || !has_mount_id(*entry_) || !dir || entry_->init_dir == dir->init()) {
      return;
    }
    add(problem::init_id_bad, entry_->path / "init-id").args["state"] =
        entry_->init_dir ? naming(*entry_->init_dir) : file.problem();
  }

  // A missing file is loaded without a word, and then nothing holds the image's layers: rmi -f of
  // the image deletes them under the container.
  void check_parent() {
    const FileState& file = entry_->parent;
    const std::optional<std::optional<ChainId>> right = layer_below(input_, container_);
    if (unreadable(file) || (right && *right == entry_->parent_id && right->has_value() == !file.absent())) {
      return;
    }
    if (right || (!file.absent() && !entry_->parent_id)) {
      add(problem::mount_parent_bad, entry_->path / "parent").args["state"] =
          entry_->parent_id ? "naming another layer (" + entry_->parent_id->text() + ")" : file.problem();
    }
  }

  const CheckInput& input_;
  const Container& container_;
  const Mount* entry_;
  FindingSink& sink_;
};

// A layer that is gone takes every container on it along.
// No repair exists in the entry: it is right, and the layer has to come back.
void check_parent_exists(const CheckInput& input, const Container& container, FindingSink& sink) {
  const std::optional<std::optional<ChainId>> parent = layer_below(input, container);
  const Mount* entry = entry_of(input.model, container);
  if (entry == nullptr || !parent || !*parent || !input.model.layers.layers_complete ||
      input.model.layers.find(**parent) != nullptr) {
    return;
  }
  const RelPath layer = input.model.image_path / "layerdb/sha256" / (*parent)->hex();
  if (is_acknowledged(layer, input.runs)) {
    return;
  }
  Finding& finding =
      sink.add(problem::mount_parent_dangling, {SubjectKind::Mount, escaped(container.id)}, entry->path / "parent");
  finding.args["container"] = escaped(container.id);
  finding.args["layer"] = (*parent)->text();
  finding.hits = {{SubjectKind::Container, escaped(container.name_on_disk)}};
  const Image* image = container.image ? input.model.images.find(*container.image) : nullptr;
  const std::map<std::string, Subject> losses = open_losses(input.runs);
  if (const auto loss = losses.find(layer.text()); loss != losses.end()) {
    finding.cause = loss->second;
  } else if (image != nullptr && judge_image(input.model, *image).layer) {
    finding.cause = Subject{SubjectKind::Image, image->id.text()};
  }
}

void check_mounts_of_nobody(const CheckInput& input, FindingSink& sink) {
  // A daemon at work makes the entry first and the container's directory after it; builds come and go.
  if (!input.model.containers.complete || !live_evidence(input.model).empty()) {
    return;
  }
  std::set<std::string_view> owners;
  for (const Container& container : input.model.containers.containers) {
    owners.insert(container.name_on_disk);
    owners.insert(container.id);
  }
  // The entry is written before the container's directory and removed before it, and pins its layers
  // for ever: rmi of the image takes the config and leaves all of them.
  for (const Mount& mount : input.model.layers.mounts) {
    if (owners.contains(mount.name)) {
      continue;
    }
    // A build's entry has the form of BuildKit's names and is worth nothing without its build.
    Finding& finding = sink.add(mount.of_build ? problem::build_mount_left : problem::mount_orphan,
                                {SubjectKind::Mount, mount.name}, mount.path);
    finding.args["mount"] = mount.name;
  }
}

}  // namespace

void check_mounts(const CheckInput& input, FindingSink& sink) {
  // Without a layerdb every container would lack its entry: the missing store is one finding.
  if (!input.model.layers.exists && input.model.layers.mounts.empty()) {
    return;
  }
  for (const Container& container : input.model.containers.containers) {
    if (needs_mount(input, container)) {
      ContainerMount(input, container, sink).check();
      check_parent_exists(input, container, sink);
    }
  }
  check_mounts_of_nobody(input, sink);
  for (const RelPath& path : input.model.layers.foreign_mounts) {
    sink.add(problem::mount_entry_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck
