// Sets of names, taken from models.
#include "core/migrate/plan/inventory.h"

#include <algorithm>
#include <utility>

#include "core/base/escape.h"
#include "core/migrate/plan/copy_planner.h"

namespace dfsck {
namespace {

RelPath data_of(const SourceRoot& root, const Volume& volume) { return in_source(root, volume.path / "_data"); }

// The names of one root.
// Taken from what a daemon would load, on both sides alike: what it would not show is missed by nobody, and is the
// affair of a check.
class Taker {
 public:
  Taker(const SourceRoot& root, const CopyPlan& plan, Inventory& inventory)
      : root_(root), model_(root.model), plan_(plan), filter_(plan.filter()), inventory_(inventory) {}

  void run() {
    take_images();
    take_layers();
    for (const Container& container : model_.containers.containers) {
      if (container.loads()) {
        add(InventoryKind::Container, container.id, container.path);
      }
    }
    for (const Volume& volume : model_.volumes.volumes) {
      add(InventoryKind::Volume, volume.name, volume.path);
    }
    for (const NetworkRecord& record : model_.networks.records) {
      if (record.kind == "network" && record.problem.empty()) {
        add(InventoryKind::Network, record.id, model_.networks.database.path);
      }
    }
    for (const Plugin& plugin : model_.entries.plugins) {
      if (!plugin.removing && plugin.config_problem.empty()) {
        add(InventoryKind::Plugin, plugin.id, plugin.path);
      }
    }
  }

 private:
  void take_images() {
    for (const Image& image : model_.images.images) {
      if (image.usable()) {
        add(InventoryKind::Image, image.id.text(), image.path);
      }
    }
    for (const Reference& reference : model_.images.references.references) {
      const Image* image = reference.image ? model_.images.find(*reference.image) : nullptr;
      if (image != nullptr && (!plan_.tags || plan_.tags->contains(reference.name))) {
        add(InventoryKind::Tag, reference.name, image->path);
      }
    }
  }

  // A layer counts with its tree: an entry whose directory did not come along is none.
  void take_layers() {
    for (size_t i = 0; i < model_.layers.layers.size(); ++i) {
      const Layer& layer = model_.layers.layers[i];
      if (layer.loads() && has_tree(root_.derived.layers[i].cache)) {
        add(InventoryKind::Layer, layer.id.text(), layer.path);
      }
    }
    for (size_t i = 0; i < model_.layers.mounts.size(); ++i) {
      const Mount& mount = model_.layers.mounts[i];
      if (!mount.of_build && has_tree(root_.derived.mounts[i].dir)) {
        add(InventoryKind::WritableLayer, mount.name, mount.path);
      }
    }
  }

  // Of a driver that is not covered no directory is known; its entries are believed.
  bool has_tree(const std::optional<CacheId>& id) const {
    if (!model_.driver_covered) {
      return true;
    }
    const OverlayDir* dir = id ? model_.overlay.find(*id) : nullptr;
    return dir != nullptr && dir->diff.exists;
  }

  // What the plan leaves out is not expected, wherever it lies.
  void add(InventoryKind kind, const std::string& name, const RelPath& path) {
    if (!omits(filter_, in_source(root_, path))) {
      inventory_.of(kind).insert(inventory_name(root_, name));
    }
  }

  const SourceRoot& root_;
  const Model& model_;
  const CopyPlan& plan_;
  const OmitFilter filter_;
  Inventory& inventory_;
};

// The names of volumes by the paths of their data.
std::map<RelPath, std::string> volumes_of(std::span<const SourceRoot> roots) {
  std::map<RelPath, std::string> volumes;
  for (const SourceRoot& root : roots) {
    for (const Volume& volume : root.model.volumes.volumes) {
      volumes[data_of(root, volume)] = inventory_name(root, volume.name);
    }
  }
  return volumes;
}

// Directories that are split into several units are in none of them, and count too.
// Each once, though several units lie below it.
void count_volumes(const std::map<RelPath, std::string>& volumes, const CopyPlan& plan, Inventory& inventory) {
  std::set<RelPath> split;
  for (const MigrationUnit& unit : plan.units) {
    std::vector<RelPath> above;
    for (RelPath at = unit.path; !at.is_root(); at = at.parent()) {
      if (at != unit.path) {
        above.push_back(at);
      }
      if (const auto volume = volumes.find(at); volume != volumes.end()) {
        TreeCount& count = inventory.volumes[volume->second];
        count += unit.count;
        count.names += static_cast<uint64_t>(
            std::count_if(above.begin(), above.end(), [&](const RelPath& path) { return split.insert(path).second; }));
        break;
      }
    }
  }
}

}  // namespace

std::string_view inventory_kind_name(InventoryKind kind) {
  switch (kind) {
    case InventoryKind::Image: return "image";
    case InventoryKind::Tag: return "tag";
    case InventoryKind::Layer: return "layer";
    case InventoryKind::Container: return "container";
    case InventoryKind::WritableLayer: return "writable layer";
    case InventoryKind::Volume: return "volume";
    case InventoryKind::Network: return "network";
    case InventoryKind::Plugin: break;
  }
  return "plugin";
}

// A root below the source can have an image or a volume of the same name as the source itself.
std::string inventory_name(const SourceRoot& root, const std::string& name) {
  return root.prefix.is_root() ? name : root.prefix.bytes() + ": " + name;
}

uint64_t Inventory::volume_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, count] : volumes) {
    bytes += count.bytes;
  }
  return bytes;
}

Inventory take_inventory(std::span<const SourceRoot> roots, const CopyPlan& plan) {
  Inventory inventory;
  for (const SourceRoot& root : roots) {
    Taker(root, plan, inventory).run();
  }
  count_volumes(volumes_of(roots), plan, inventory);
  return inventory;
}

CopyPlan plan_of_volumes(std::span<const SourceRoot> roots) {
  CopyPlan plan;
  for (const auto& [path, name] : volumes_of(roots)) {
    MigrationUnit unit;
    unit.path = path;
    unit.area = CopyArea::Volumes;
    plan.units.push_back(std::move(unit));
  }
  return plan;
}

// Volumes by their contents as well, since nothing else has a record of what should be in them. Other things are
// compared by digest or file by file when they are copied.
std::vector<InventoryGap> inventory_gaps(const Inventory& expected, const Inventory& found) {
  std::vector<InventoryGap> gaps;
  for (size_t i = 0; i < kInventoryKinds; ++i) {
    for (const std::string& name : expected.names[i]) {
      if (!found.names[i].contains(name)) {
        gaps.push_back({static_cast<InventoryKind>(i), escaped(name), "is not there"});
      }
    }
  }
  for (const auto& [name, count] : expected.volumes) {
    const auto there = found.volumes.find(name);
    const TreeCount have = there == found.volumes.end() ? TreeCount{} : there->second;
    if (have != count && found.of(InventoryKind::Volume).contains(name)) {
      gaps.push_back({InventoryKind::Volume, escaped(name),
                      "has " + std::to_string(have.names) + " names and " + std::to_string(have.bytes) +
                          " bytes, in the source " + std::to_string(count.names) + " and " +
                          std::to_string(count.bytes)});
    }
  }
  return gaps;
}

}  // namespace dfsck
