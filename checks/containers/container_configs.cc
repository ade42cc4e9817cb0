// Invariant: every directory of containers/ holds a config.v2.json with its own id and a hostconfig.json, both
// complete. Written by moby container/container.go:toDisk, config first; loaded by daemon/daemon.go:restore, which
// skips whatever does not load and never says so to the user.
#include <map>

#include "checks/checks.h"
#include "checks/containers/container_mount.h"
#include "checks/containers/host_config.h"
#include "checks/input.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

class ContainerFiles {
 public:
  ContainerFiles(const CheckInput& input, const Container& container, FindingSink& sink)
      : input_(input), container_(container), sink_(sink) {}

  void check() {
    if (container_.error_code != 0 && !speaks_of_disk(container_.error_code)) {
      return;  // reported as what could not be read
    }
    if (container_.config_problem.empty()) {
      check_identity();
    } else {
      check_config();
    }
    check_hostconfig();
  }

 private:
  Finding& add(ProblemId problem, RelPath path) {
    Finding& finding = sink_.add(problem, {SubjectKind::Container, escaped(container_.name_on_disk)}, std::move(path));
    finding.args["container"] = escaped(container_.name_on_disk);
    return finding;
  }

  // Where what the container wrote still is.
  // A container that does not load is in no list, and whoever misses it makes a new one of the same
  // name. The finding names the directory so that the files are found before a prune is run.
  std::string data() const {
    const MountTruth* mount = mount_of(input_, container_);
    return mount != nullptr && mount->dir && input_.model.driver_covered
               ? (input_.model.overlay.path / mount->dir->text() / "diff").text()
               : "an unknown directory";
  }

  void check_config() {
    const RelPath path = container_.path / "config.v2.json";
    // The daemon removes the writable layer and its mount entry first and the container's directory
    // last (moby daemon/delete.go:cleanupContainer). Neither configuration nor mount entry: that is
    // what a removal leaves that was cut off. With a mount entry, or where entries could not be read,
    // it may be a container whose file was lost.
    const bool left_over = container_.config_state == FileState::Kind::Absent && !container_.config_copy &&
                           input_.model.layers.mounts_complete &&
                           input_.model.layers.find_mount(container_.name_on_disk) == nullptr;
    if (left_over) {
      add(problem::container_dir_left, container_.path);
      return;
    }
    // A copy is a temporary file of an atomic write that never got its name: complete, and newer than
    // what it should have replaced. That is likely and not proven, so putting it back is asked for.
    Finding& finding =
        add(container_.config_copy ? problem::container_config_restorable : problem::container_config_bad, path);
    finding.args["state"] = container_.config_problem;
    finding.args["data"] = data();
    if (container_.config_copy) {
      finding.args["source"] = container_.config_copy->text();
    }
  }

  // The daemon compares the two and loads the container only if they are equal: "Container X is stored at Y".
  void check_identity() {
    if (container_.id != container_.name_on_disk) {
      add(problem::container_id_mismatch, container_.path).args["found"] = escaped(container_.id);
    }
    // Marked before anything is removed; the daemon lists it as dead, and docker rm -f finishes what it began.
    if (container_.dead) {
      add(problem::container_half_removed, container_.path);
    }
  }

  // Without a configuration nothing can be said of what belonged into hostconfig.json; and a removal that was
  // cut off has no use for it.
  // A start makes this damage permanent: where the file is missing, the daemon goes on with defaults and writes them
  // to the disk. Where it is there and does not parse, the container is not loaded, and nothing is overwritten.
  void check_hostconfig() {
    if (container_.hostconfig_problem.empty() || container_.dead ||
        (!container_.config_problem.empty() && !container_.hostconfig_copy)) {
      return;
    }
    const bool missing = container_.hostconfig_state == FileState::Kind::Absent;
    Finding& finding = add(container_.hostconfig_copy ? problem::hostconfig_restorable
                           : missing                  ? problem::hostconfig_missing
                                                      : problem::hostconfig_bad,
                           container_.path / "hostconfig.json");
    if (container_.hostconfig_copy) {
      finding.args["source"] = container_.hostconfig_copy->text();
    } else {
      // What config.v2.json says twice. The rest of the options is lost, so this is never done unasked.
      finding.args["recovered"] = rebuild_host_config(container_).recovered;
    }
    if (!missing || container_.hostconfig_copy) {
      finding.args["state"] = container_.hostconfig_problem;
    }
  }

  const CheckInput& input_;
  const Container& container_;
  FindingSink& sink_;
};

// A daemon loads the containers of one store; with no storage driver here it is containerd's.
bool is_of_store(const Model& model, const Container& container) {
  return container.driver == model.driver || (model.driver.empty() && container.in_containerd);
}

// The daemon reserves names as it loads containers; the second one with a name is not loaded.
// Which of the two comes first depends on the order in which they are loaded, which is none.
// So neither is blamed and both are named.
void check_names(const CheckInput& input, FindingSink& sink) {
  std::map<std::string, const Container*> taken;
  for (const Container& container : input.model.containers.containers) {
    if (!container.loads() || container.name.empty() || !is_of_store(input.model, container)) {
      continue;
    }
    const auto [first, is_free] = taken.emplace(container.name, &container);
    if (!is_free) {
      Finding& finding = sink.add(problem::container_name_taken, {SubjectKind::Container, container.name_on_disk},
                                  container.path / "config.v2.json");
      finding.args["first"] = first->second->name_on_disk;
      finding.args["second"] = container.name_on_disk;
      finding.args["name"] = escaped(container.name);
      finding.hits = {{SubjectKind::Container, first->second->name_on_disk},
                      {SubjectKind::Container, container.name_on_disk}};
    }
  }
}

}  // namespace

void check_container_configs(const CheckInput& input, FindingSink& sink) {
  for (const Container& container : input.model.containers.containers) {
    ContainerFiles(input, container, sink).check();
  }
  check_names(input, sink);
  // Entries that are no directory named by an id. The daemon logs that it cannot load them, and leaves them.
  for (const RelPath& path : input.model.containers.foreign) {
    sink.add(problem::container_entry_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck
