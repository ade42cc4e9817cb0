// Links that were not followed come from the host's boundaries, missing stores from what else there is.
#include "checks/unseen.h"

#include <algorithm>

#include "core/base/text.h"

namespace dfsck {
namespace {

bool is_of_driver(const Model& model, const Container& container) {
  return container.driver.empty() || container.driver == model.driver;
}

// What tells that the driver's images and layers were here. A root whose images are in containerd's store may have let
// go of them. A store that was never there is not missing: a root that a daemon has just made has neither image nor
// container.
std::string witnesses_of_layers(const Model& model) {
  const std::vector<Container>& all = model.containers.containers;
  const auto containers = static_cast<uint64_t>(
      std::count_if(all.begin(), all.end(), [&](const Container& each) { return is_of_driver(model, each); }));
  const std::vector<std::string>& used = model.entries.driver_dirs;
  std::string text;
  if (!model.overlay.dirs.empty()) {
    text = counted(model.overlay.dirs.size(), "layer directory");
  } else if (!model.driver_covered && std::find(used.begin(), used.end(), model.driver) != used.end()) {
    text = "layers in " + model.driver;
  }
  if (containers > 0) {
    text += (text.empty() ? "" : " and ") + counted(containers, "container");
  }
  return containers == 0 && model.containerd_store.is_used() ? "" : text;
}

bool has_entry(const Model& model, std::string_view name) {
  return std::any_of(model.entries.entries.begin(), model.entries.entries.end(),
                     [&](const DirEntry& entry) { return entry.name == name; });
}

bool has_image_store(const Model& model) {
  const std::vector<std::string>& stores = model.entries.image_drivers;
  return std::find(stores.begin(), stores.end(), model.image_path.name()) != stores.end();
}

// Volumes, networks, plugins and the build cache are named by containers and layers, which are what they are without
// them. Losing sight of one of them leaves the others as well known as before.
bool is_of_web(const Model& model, const RelPath& path) {
  if (path == model.image_path / "distribution") {
    return false;  // a cache of registries, which nothing refers to
  }
  const RelPath driver = model.driver.empty() ? RelPath("overlay2") : RelPath() / model.driver;
  for (const RelPath& place : {model.image_path, RelPath("containers"), driver}) {
    if (path.is_at_or_below(place)) {
      return true;
    }
  }
  return path == RelPath("image");
}

bool has_layers(const Image& image) { return !image.chain.empty(); }

}  // namespace

bool is_link_of_part(const Boundary& boundary) {
  const std::string& path = boundary.path.bytes();
  const auto depth = std::count(path.begin(), path.end(), '/');
  if (boundary.kind != Boundary::Kind::Link || depth == 0) {
    return false;
  }
  if (boundary.path.is_below("volumes")) {
    return path == "volumes/metadata.db";
  }
  return !(depth == 1 && boundary.path.is_below("image"));
}

// Behind the driver's directory as a whole it is another finding, which says the same of all containers.
const Mount* container_behind(const Model& model, const Boundary& boundary) {
  if (!is_link_of_part(boundary) || !boundary.problem.empty() || !boundary.path.is_below(model.overlay.path)) {
    return nullptr;
  }
  const RelPath dir = boundary.path.name() == "diff" ? boundary.path.parent() : boundary.path;
  for (const Mount& mount : model.layers.mounts) {
    if (!mount.of_build && mount.dir && dir == model.overlay.path / mount.dir->text()) {
      return &mount;
    }
  }
  return nullptr;
}

bool is_unseen_link(const Model& model, const RelPath& path) {
  return std::any_of(model.host.boundaries.begin(), model.host.boundaries.end(), [&](const Boundary& boundary) {
    return boundary.path == path && boundary.kind == Boundary::Kind::Link && !boundary.problem.empty();
  });
}

bool is_unseen_volume(const Model& model, const std::string& name) {
  return RelPath::is_component(name) && is_unseen_link(model, RelPath("volumes") / name);
}

bool is_link_to_file(const Boundary& boundary) { return is_link_of_part(boundary) && boundary.problem == "to a file"; }

// One finding for the store in place of thousands for what hangs on it, and no repair: the usual reason
// is a disk that is not mounted, and everything is whole on that.
std::vector<MissingStore> missing_stores(const Model& model) {
  const std::string witnesses = witnesses_of_layers(model);
  const std::string all = "what is known of all images and layers";
  // What could not be listed is not missing.
  const bool hides_image = std::any_of(model.failures.begin(), model.failures.end(),
                                       [](const ScanFailure& failure) { return failure.path == RelPath("image"); });
  if (model.entries.entries.empty() || hides_image) {
    return {};
  }
  if (!has_entry(model, "image") || !has_image_store(model)) {
    const RelPath path = has_entry(model, "image") ? model.image_path : RelPath("image");
    return witnesses.empty() || is_unseen_link(model, "image") ? std::vector<MissingStore>{}
                                                               : std::vector<MissingStore>{{path, all, witnesses}};
  }
  const bool image_store_is_seen = !is_unseen_link(model, model.image_path);
  std::vector<MissingStore> missing;
  const auto with_layers = std::count_if(model.images.images.begin(), model.images.images.end(), has_layers);
  if (image_store_is_seen && !model.layers.exists && model.layers.layers_complete &&
      !(witnesses.empty() && with_layers == 0)) {
    missing.push_back({model.image_path / "layerdb/sha256", "what is known of all layers",
                       !witnesses.empty() ? witnesses : counted(static_cast<uint64_t>(with_layers), "image")});
  }
  if (image_store_is_seen && !model.images.exists && model.images.complete && !witnesses.empty()) {
    missing.push_back({model.image_path / "imagedb/content/sha256", "what is known of all images", witnesses});
  }
  return missing;
}

std::vector<UnseenPlace> unseen_places(const Model& model) {
  std::vector<UnseenPlace> places;
  for (const Boundary& boundary : model.host.boundaries) {
    if (boundary.kind == Boundary::Kind::Link && !boundary.problem.empty()) {
      places.push_back({boundary.path, is_of_web(model, boundary.path)});
    }
  }
  for (const MissingStore& store : missing_stores(model)) {
    places.push_back({store.path, true});
  }
  return places;
}

}  // namespace dfsck
