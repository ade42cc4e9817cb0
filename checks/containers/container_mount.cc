// Which writable directory is a container's. Only layerdb/mounts says so; where that is lost, the chain of layers below
// the directory must be that of the container's image (moby layer/layer_store.go:CreateRWLayer).
#include "checks/containers/container_mount.h"

#include <algorithm>

namespace dfsck {
namespace {

// The outer value is empty if nothing says what the layer is, the inner one if there is none.
using Parent = std::optional<std::optional<ChainId>>;

// The image's chain comes from its config, which is proven by its digest: it does not depend on layerdb.
Parent top_by_image(const CheckInput& input, const Container& container) {
  const Image* image = container.image ? input.model.images.find(*container.image) : nullptr;
  if (image == nullptr || !image->usable()) {
    return std::nullopt;
  }
  return image->chain.empty() ? std::optional<ChainId>() : image->chain.back();
}

// The layer that the init layer of `dir` stands on, by its own "lower" file.
std::optional<ChainId> top_by_lower(const CheckInput& input, const CacheId& dir) {
  const OverlayDir* init = input.model.overlay.find(dir.text() + "-init");
  if (init == nullptr || !init->lower.bytes.starts_with("l/")) {
    return std::nullopt;
  }
  const std::string_view lower = init->lower.bytes;
  const ShortLink* link = input.model.overlay.find_link(lower.substr(2, lower.find(':') - 2));
  if (link == nullptr || !link->points_to) {
    return std::nullopt;
  }
  for (size_t i = 0; i < input.derived.layers.size(); ++i) {
    if (input.derived.layers[i].cache == link->points_to) {
      return input.model.layers.layers[i].id;
    }
  }
  return std::nullopt;
}

bool fits(const CheckInput& input, const Derived::LostWritable& lost, const Parent& expected) {
  if (!expected || lost.top == *expected) {
    return true;
  }
  // A chain that leads nowhere speaks neither for nor against.
  // A candidate that cannot be excluded counts: with two of them nothing is written, and that is the point.
  const OverlayDir* init = input.model.overlay.find(lost.dir.text() + "-init");
  return !lost.top && init != nullptr && !init->lower.absent();
}

// True if some lost directory may well be this container's.
// A container whose configuration is gone as a file may be a removal that was cut off: it lays no claim.
// One whose configuration does not parse is somebody's container, and may own any directory that fits.
bool is_homeless(const CheckInput& input, const Container& container) {
  const MountTruth* mount = mount_of(input, container);
  if (mount != nullptr && mount->dir) {
    return false;
  }
  if (container.config_problem.empty()) {
    return needs_mount(input, container);
  }
  return container.config_state != FileState::Kind::Absent;
}

// Elimination: exactly one directory fits, and it fits no other container that has lost its own.
// Nothing else on the disk pairs the two, neither config.v2.json nor the directory. So what is
// concluded here is asked about before it is written.
std::optional<CacheId> only_candidate(const CheckInput& input, const Container& container) {
  const std::vector<CacheId> candidates = candidates_of(input, container);
  if (candidates.size() != 1) {
    return std::nullopt;
  }
  const auto& all = input.model.containers.containers;
  const bool contested = std::any_of(all.begin(), all.end(), [&](const Container& other) {
    if (&other == &container || !is_homeless(input, other)) {
      return false;
    }
    const std::vector<CacheId> others = candidates_of(input, other);
    return std::find(others.begin(), others.end(), candidates.front()) != others.end();
  });
  return contested ? std::nullopt : std::optional(candidates.front());
}

}  // namespace

// Where directory and configuration disagree about the id, one of them is wrong; an entry in
// layerdb/mounts under either is the container's.
const Mount* entry_of(const Model& model, const Container& container) {
  const Mount* by_config = container.config_problem.empty() ? model.layers.find_mount(container.id) : nullptr;
  return by_config != nullptr ? by_config : model.layers.find_mount(container.name_on_disk);
}

const MountTruth* mount_of(const CheckInput& input, const Container& container) {
  const Mount* mount = entry_of(input.model, container);
  return mount != nullptr ? &input.derived.mounts[static_cast<size_t>(mount - input.model.layers.mounts.data())]
                          : nullptr;
}

// Containers of another driver have their mount entries in that driver's layerdb.
bool needs_mount(const CheckInput& input, const Container& container) {
  return container.config_problem.empty() && !container.dead && container.driver == input.model.driver;
}

bool has_mount_id(const Mount& entry) { return entry.dir && entry.dir->form() == CacheId::Form::Hex; }

std::vector<CacheId> candidates_of(const CheckInput& input, const Container& container) {
  const Mount* entry = entry_of(input.model, container);
  const Parent expected =
      entry != nullptr && entry->parent_id ? Parent(entry->parent_id) : top_by_image(input, container);
  std::vector<CacheId> candidates;
  for (const Derived::LostWritable& lost : input.derived.lost_writables) {
    if (fits(input, lost, expected)) {
      candidates.push_back(lost.dir);
    }
  }
  return candidates;
}

std::optional<CacheId> directory_of(const CheckInput& input, const Container& container) {
  const MountTruth* mount = mount_of(input, container);
  return mount != nullptr && mount->dir ? mount->dir : only_candidate(input, container);
}

std::optional<std::optional<ChainId>> layer_below(const CheckInput& input, const Container& container) {
  const Mount* entry = entry_of(input.model, container);
  const MountTruth* truth = mount_of(input, container);
  const Parent by_image = top_by_image(input, container);
  const std::optional<CacheId> dir = directory_of(input, container);
  const std::optional<ChainId> by_lower = dir ? top_by_lower(input, *dir) : std::nullopt;
  if (entry != nullptr && entry->parent_id) {
    // Two witnesses that do not know of one another, the image and the chain of short links, against
    // one small file that is written without being synced.
    const bool outvoted = by_image && by_lower && *by_image == by_lower && by_lower != entry->parent_id;
    return outvoted ? by_lower : entry->parent_id;
  }
  if (truth != nullptr && truth->parent_known) {
    return truth->parent;
  }
  return by_lower ? Parent(by_lower) : by_image;
}

}  // namespace dfsck
