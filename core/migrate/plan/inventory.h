// What a root holds, by the names that its user knows: so that the two sides of a migration can be compared.
#pragma once

#include <array>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/migrate/plan/copy_plan.h"
#include "core/model/model.h"

namespace dfsck {

enum class InventoryKind { Image, Tag, Layer, Container, WritableLayer, Volume, Network, Plugin };
inline constexpr size_t kInventoryKinds = 8;
std::string_view inventory_kind_name(InventoryKind kind);  // "image", "tag", ...

// Names are full ids, tags as they stand in repositories.json, names of volumes; those of a root below the source begin
// with its path. Layers of a driver that is covered are those whose directory is there.
struct Inventory {
  std::array<std::set<std::string>, kInventoryKinds> names;
  std::map<std::string, TreeCount> volumes;  // what is in the data of each volume
  uint64_t volume_bytes() const;

  const std::set<std::string>& of(InventoryKind kind) const { return names[static_cast<size_t>(kind)]; }
  std::set<std::string>& of(InventoryKind kind) { return names[static_cast<size_t>(kind)]; }
};

// The name of something of this root.
std::string inventory_name(const SourceRoot& root, const std::string& name);

// What of these roots `plan` does not leave out, with the counts of its units.
Inventory take_inventory(std::span<const SourceRoot> roots, const CopyPlan& plan);
// The data of all volumes of these roots, to be measured, for the inventory of a root that nothing is left out of.
CopyPlan plan_of_volumes(std::span<const SourceRoot> roots);

// Something that is not in the target as it is in the source.
struct InventoryGap {
  InventoryKind kind = InventoryKind::Image;
  std::string name;    // escaped
  std::string detail;  // for people: "is not there", "holds 2 of 3 names and 10 of 4000 bytes"
};
// What `found` lacks of `expected`, by kind and name. What it has besides is none of these.
std::vector<InventoryGap> inventory_gaps(const Inventory& expected, const Inventory& found);

}  // namespace dfsck
