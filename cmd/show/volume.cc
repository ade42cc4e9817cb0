// Volumes and networks: what their databases and directories say, and which containers use them.
#include "cmd/show/describe.h"

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Labels and options are the user's own text, so each is escaped for itself.
std::string pairs_text(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs) {
    text += (text.empty() ? "" : ", ") + escaped(key) + "=" + escaped(value);
  }
  return text;
}

}  // namespace

Description describe_volume(const ShowView& view, const std::string& name) {
  Description description;
  description.kind = "volume";
  description.id = escaped(name);
  description.fact("name", description.id);
  const VolumeStore& volumes = view.model.volumes;
  const VolumeRecord* record = volumes.find_record(name);
  const Volume* volume = volumes.find(name);
  if (record != nullptr) {
    description.fact("driver", escaped(record->driver));
    description.fact("labels", pairs_text(record->labels));
    description.fact("options", pairs_text(record->options));
  } else {
    // A database that cannot be read does not say that there is no record.
    description.fact("record",
                     volumes.database.readable() ? "none in the database" : "not known: the database is damaged");
  }
  if (volume != nullptr) {
    description.fact("data", volume->has_data ? "" : volume->data_problem);
    // A volume that is a disk of its own, or elsewhere: the first thing to know when it looks empty.
    for (const Boundary& boundary : view.model.host.boundaries) {
      if (boundary.path == RelPath("volumes") || boundary.path == volume->path ||
          boundary.path == volume->path / "_data") {
        description.fact("lies behind", described(boundary));
      }
    }
    description.places.push_back(view.place(volume->path, "its directory"));
    if (volume->has_data) {
      description.places.push_back(view.place(volume->path / "_data", "its files"));
    }
  } else if (record == nullptr || record->driver.empty() || record->driver == "local") {
    description.fact("note", "its directory is missing");
  }
  if (record != nullptr) {
    description.places.push_back(view.place(volumes.database.path, "its record"));
  }
  std::vector<ShownThing> above;
  for (const Container& container : view.model.containers.containers) {
    for (const Container::MountPoint& mount : container.mount_points) {
      if (mount.type == "volume" && mount.name == name) {
        above.push_back(container_thing(view, "container", container.name_on_disk));
        above.back().facts.push_back({"at", escaped(mount.destination)});
      }
    }
  }
  description.lists = {used_by(std::move(above))};
  return description;
}

// Known from containers too, when the database has lost it.
Description describe_network(const ShowView& view, const std::string& id) {
  Description description;
  description.kind = "network";
  description.id = escaped(id);
  description.fact("id", description.id);
  const NetworkStore& networks = view.model.networks;
  std::vector<ShownThing> above;
  if (const NetworkRecord* record = networks.find("network/" + id); record != nullptr) {
    description.name = escaped(record->name);
    description.fact("name", description.name);
    description.fact("driver", escaped(record->driver));
    description.fact("note", record->in_delete ? "its removal has begun" : escaped(record->problem));
    description.places.push_back(view.place(networks.database.path, "its record"));
  } else {
    description.fact("record",
                     networks.database.readable() ? "none in the database" : "not known: the database is damaged");
  }
  if (const NetworkRecord* bridge = networks.find("bridge/" + id); bridge != nullptr) {
    description.fact("subnet", escaped(bridge->subnet));
  }
  for (const Container& container : view.model.containers.containers) {
    for (const Container::NetworkUse& use : container.networks) {
      // A container that never ran knows its networks by name.
      if (use.id == id || (use.id.empty() && !use.name.empty() && escaped(use.name) == description.name)) {
        above.push_back(container_thing(view, "container", container.name_on_disk));
      }
    }
  }
  for (const NetworkRecord& record : networks.records) {
    if (record.kind == "endpoint" && record.id == id) {
      above.push_back({"endpoint", "network-record", record.key, {}, {}});
    }
  }
  description.lists = {used_by(std::move(above))};
  return description;
}

}  // namespace dfsck
