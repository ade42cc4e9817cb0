// Everything in a root that a person knows by name.
#include "cmd/show/describe.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Images that others were made from.
// The steps of classic builds have no names and are of no interest by themselves.
std::set<std::string> parents(const ImageStore& images) {
  std::set<std::string> ids;
  for (const ImageMetadata& metadata : images.metadata) {
    if (metadata.parent_id) {
      ids.insert(metadata.parent_id->text());
    }
  }
  return ids;
}

ShownThing image_row(const ShowView& view, const Image& image) {
  ShownThing thing = image_thing(view, "", image.id.text());
  // Each layer once: some images name the same empty layer several times.
  std::set<ChainId> chains(image.chain.begin(), image.chain.end());
  uint64_t bytes = 0;
  for (const ChainId& chain : chains) {
    const Layer* layer = view.model.layers.find(chain);
    bytes += layer != nullptr ? layer->size_value.value_or(0) : 0;
  }
  return std::move(thing).with("layers", std::to_string(image.chain.size())).with("size", human_bytes(bytes));
}

// Containers, without the mounts of builds.
// Also those of which only the mount is left: their files are there, and somebody may look for them.
std::set<std::string> containers_of(const Model& model) {
  std::set<std::string> names;
  for (const Container& container : model.containers.containers) {
    names.insert(container.name_on_disk);
  }
  for (const Mount& mount : model.layers.mounts) {
    if (!mount.of_build) {
      names.insert(mount.name);
    }
  }
  return names;
}

// Volumes of plugins have no directory here and lack nothing.
ShownThing volume_row(const Model& model, const std::string& name) {
  const VolumeRecord* record = model.volumes.find_record(name);
  size_t users = 0;
  for (const Container& container : model.containers.containers) {
    for (const Container::MountPoint& mount : container.mount_points) {
      users += mount.type == "volume" && mount.name == name ? 1 : 0;
    }
  }
  const bool here = model.volumes.find(name) != nullptr;
  const std::string driver = record != nullptr ? escaped(record->driver) : "";
  return ShownThing{"", "volume", escaped(name), {}, {}}
      .with("driver", driver == "local" ? "" : driver)
      .with("used by", users > 0 ? counted(users, "container") : "")
      .with("note", here || (!driver.empty() && driver != "local") ? "" : "its directory is missing");
}

// From directories and records, since each may lack what the other has.
std::set<std::string> volumes_of(const VolumeStore& volumes) {
  std::set<std::string> names;
  for (const Volume& volume : volumes.volumes) {
    names.insert(volume.name);
  }
  for (const VolumeRecord& record : volumes.records) {
    names.insert(record.name);
  }
  return names;
}

}  // namespace

// What a person knows by name, whether a daemon would list it or not: a container that a daemon hides is here.
Description describe_inventory(const ShowView& view) {
  Description description;
  description.kind = "root";
  description.id = view.prefix.text();
  const Model& model = view.model;
  uint64_t bytes = 0;
  for (const Layer& layer : model.layers.layers) {
    bytes += layer.size_value.value_or(0);
  }
  description.fact("storage driver", model.driver);
  description.fact("images", std::to_string(model.images.images.size()));
  description.fact("layers", std::to_string(model.layers.layers.size()) + ", " + human_bytes(bytes));
  description.fact("layer directories", std::to_string(model.overlay.dirs.size()));
  description.fact("build cache records",
                   model.build_cache.snapshots.empty() ? "" : std::to_string(model.build_cache.snapshots.size()));
  ShownList images{"images", "images", {}};
  const std::set<std::string> with_children = parents(model.images);
  for (const Image& image : model.images.images) {
    images.things.push_back(image_row(view, image));
    ShownThing& row = images.things.back();
    row.minor = row.names.empty() && with_children.count(image.id.text()) > 0;
    row.role = row.minor ? "intermediate" : "";
  }
  // Named images first and by name, as docker image ls has them after sorting.
  const auto rank = [](const ShownThing& row) { return std::tuple(row.minor, row.names.empty(), row.names, row.id); };
  std::sort(images.things.begin(), images.things.end(),
            [&](const ShownThing& a, const ShownThing& b) { return rank(a) < rank(b); });
  for (const Reference& reference : model.images.references.references) {
    if (!reference.image || model.images.find(*reference.image) == nullptr) {
      images.things.push_back({"tag", "tag", escaped(reference.name), {}, {{"note", "its image is missing"}}});
    }
  }
  ShownList containers{"containers", "containers", {}};
  for (const std::string& name : containers_of(model)) {
    containers.things.push_back(container_thing(view, "", name));
  }
  ShownList volumes{"volumes", "volumes", {}};
  for (const std::string& name : volumes_of(model.volumes)) {
    volumes.things.push_back(volume_row(model, name));
  }
  ShownList networks{"networks", "networks", {}};
  for (const NetworkRecord& record : model.networks.records) {
    if (record.kind == "network") {
      networks.things.push_back(ShownThing{"", "network", escaped(record.id), {escaped(record.name)}, {}}.with(
          "driver", escaped(record.driver)));
    }
  }
  description.lists = {std::move(images), std::move(containers), std::move(volumes), std::move(networks)};
  return description;
}

}  // namespace dfsck
