// What containers name in other stores: image, storage driver, networks, volumes. Followed by moby daemon/daemon.go:
// restore, daemon/container_operations.go:connectToNetwork and daemon/volumes.go at start.
// Needs container files that parse; a container whose removal was cut off has given up what it named.
#include <algorithm>

#include "checks/checks.h"
#include "checks/databases/network_rebuild.h"
#include "checks/input.h"
#include "checks/unseen.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

class ContainerLinks {
 public:
  ContainerLinks(const Model& model, const Container& container, FindingSink& sink)
      : model_(model), container_(container), sink_(sink) {}

  // A daemon skips containers of another storage driver with a word in the debug log only. Their
  // networks and volumes are then none of its business, so nothing more is said of them.
  void check() {
    if (!container_.in_containerd && !model_.driver.empty() && container_.driver != model_.driver) {
      Finding& finding = add(problem::container_other_driver);
      // Containers of the time before the field existed belong to aufs.
      finding.args["driver"] = container_.driver.empty() ? "aufs" : escaped(container_.driver);
      finding.args["active"] = model_.driver;
      return;
    }
    if (!container_.in_containerd) {
      check_image();
    }
    check_networks();
    check_volumes();
  }

 private:
  Finding& add(ProblemId problem) {
    Finding& finding = sink_.add(problem, {SubjectKind::Container, escaped(container_.name_on_disk)},
                                 container_.path / "config.v2.json");
    finding.args["container"] = escaped(container_.name_on_disk);
    return finding;
  }

  // Only information: the container stands on layers, and those are held by its mount entry and not by
  // the image. It starts, and lists show the image's id in place of its name.
  void check_image() {
    if (container_.image && model_.images.complete && model_.images.find(*container_.image) == nullptr) {
      add(problem::container_image_missing).args["image"] = container_.image->text();
    }
  }

  // With a damaged database nobody can tell which networks there were; the database has a finding of its own.
  void check_networks() {
    if (model_.networks.database.state != Database::State::Good) {
      return;
    }
    for (const Container::NetworkUse& network : container_.networks) {
      if (!is_local(network) || model_.networks.has_network(network.id)) {
        continue;
      }
      Finding& finding = add(problem::container_network_missing);
      finding.args["network"] = escaped(network.name);
      finding.args["id"] = network.id;
    }
  }

  // The default networks get new ids from the daemon as it pleases; those of a swarm, which have ids of another form,
  // are in no local database.
  static bool is_local(const Container::NetworkUse& network) {
    return is_hex64(network.id) && !is_default_network(network.name);
  }

  // An error although the data was lost before: a daemon that starts the container makes a new, empty
  // volume of that name, and a database in it begins from nothing as if all were well. Volumes of
  // plugins exist in the plugin only and are not looked for here.
  void check_volumes() {
    if (!model_.volumes.complete) {
      return;
    }
    for (const Container::MountPoint& mount : container_.mount_points) {
      const bool local =
          mount.type == "volume" && !mount.name.empty() && (mount.driver.empty() || mount.driver == "local");
      const auto& volumes = model_.volumes.volumes;
      if (!local ||
          std::any_of(volumes.begin(), volumes.end(),
                      [&](const Volume& volume) { return volume.name == mount.name; }) ||
          is_unseen_volume(model_, mount.name)) {
        continue;
      }
      add(problem::container_volume_missing).args["volume"] = escaped(mount.name);
    }
  }

  const Model& model_;
  const Container& container_;
  FindingSink& sink_;
};

}  // namespace

void check_container_links(const CheckInput& input, FindingSink& sink) {
  for (const Container& container : input.model.containers.containers) {
    // A container marked as dead has let go of its volumes and networks already.
    if (container.config_problem.empty() && !container.dead) {
      ContainerLinks(input.model, container, sink).check();
    }
  }
}

}  // namespace dfsck
