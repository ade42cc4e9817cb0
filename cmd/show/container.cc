// A container: its configuration, its writable layer, and what it was started with. Or a mount that has none.
#include "cmd/show/describe.h"

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// State as last recorded: nothing here asks a daemon, and a container that a crash ended is still recorded as running.
void add_configuration(const Container& container, Description& description) {
  description.name = escaped(container.name);
  description.fact("name", description.name);
  description.fact("image", escaped(container.image_name));
  description.fact("created", escaped(container.created));
  description.fact("state", container.dead      ? "being removed"
                            : container.running ? "running, as last recorded"
                                                : "stopped, as last recorded");
  description.fact("storage driver", escaped(container.driver));
  description.fact("size limit", escaped(container.size_limit));
  description.fact("published ports", container.published_ports > 0 ? std::to_string(container.published_ports) : "");
  description.fact("config.v2.json", container.config_problem);
  description.fact("hostconfig.json", container.hostconfig_problem);
}

// The short link too, since messages of the kernel and of the daemon name only that.
void add_dir_place(const ShowView& view, const std::optional<CacheId>& id, std::string what, Description& description) {
  const OverlayDir* dir = id ? view.model.overlay.find(*id) : nullptr;
  if (dir == nullptr) {
    return;
  }
  description.places.push_back(view.place(dir->path, what));
  if (dir->link_id) {
    description.places.push_back(
        view.place(view.model.overlay.path / "l" / dir->link_id->text(), "short link of " + what));
  }
}

// Volumes by name, other mounts by the path on the host: that is what they are known by.
void add_mounts_and_networks(const Container& container, std::vector<ShownThing>& things) {
  for (const Container::MountPoint& mount : container.mount_points) {
    const bool named = mount.type == "volume" && !mount.name.empty();
    things.push_back(ShownThing{named ? "volume" : escaped(mount.type) + " mount",
                                named ? "volume" : "mount",
                                escaped(named ? mount.name : mount.source),
                                {},
                                {}}
                         .with("at", escaped(mount.destination))
                         .with("note", mount.writable ? "" : "read only"));
  }
  for (const Container::NetworkUse& network : container.networks) {
    things.push_back({"network", "network", escaped(network.id), {escaped(network.name)}, {}});
  }
}

// Sandboxes are left over by crashes; whoever looks for the reason of a network that is "in use" finds it here.
void add_network_records(const Model& model, const std::string& id, std::vector<ShownThing>& things) {
  for (const NetworkRecord& record : model.networks.records) {
    if (record.kind == "sandbox" && record.container == id) {
      things.push_back({"network sandbox", "network-record", record.key, {}, {}});
    }
  }
}

}  // namespace

Description describe_container(const ShowView& view, const std::string& id) {
  Description description;
  description.kind = "container";
  description.id = escaped(id);
  description.fact("id", description.id);
  std::vector<ShownThing> below;
  const Container* container = view.model.containers.find(id);
  if (container != nullptr) {
    add_configuration(*container, description);
    description.places.push_back(view.place(container->path, "its configuration"));
    if (container->image) {
      below.push_back(image_thing(view, "image", container->image->text()));
    }
  } else {
    const Mount* mount = view.model.layers.find_mount(id);
    description.fact("note", mount != nullptr && mount->of_build ? "the mount of a build, not of a container"
                                                                 : "it has no configuration");
  }
  // By what should be: with a damaged mount-id the files are still found.
  if (const MountTruth* truth = find_mount_truth(view, id); truth != nullptr) {
    description.places.push_back(view.place(view.model.layers.find_mount(id)->path, "its entry in layerdb"));
    add_dir_place(view, truth->dir, "its writable layer", description);
    add_dir_place(view, truth->init_dir, "its init layer", description);
    for (ShownThing& layer : stack_things(view, stack_of_mount(view, id))) {
      below.push_back(std::move(layer));
    }
    // From the image's base up to what the container has written, in the order in which they are mounted.
    for (const auto& [dir, role] :
         {std::pair(truth->init_dir, "init layer"), std::pair(truth->dir, "writable layer")}) {
      if (dir) {
        below.push_back(dir_thing(view, role, dir->text()));
        std::erase_if(below.back().facts, [](const ShownFact& fact) { return fact.label == "container"; });
      }
    }
  } else {
    description.fact("writable layer", "layerdb has no entry for it");
  }
  if (container != nullptr) {
    add_mounts_and_networks(*container, below);
  }
  std::vector<ShownThing> above;
  add_network_records(view.model, id, above);
  description.lists = {used_by(std::move(above)), uses(std::move(below))};
  return description;
}

}  // namespace dfsck
