// What loading an archive into a root comes to. A value; pure but for the names that are drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/load/archive.h"
#include "core/load/target.h"

namespace dfsck {

// A layer that is to be registered.
struct NewLayer {
  ChainId chain;
  DiffId diff;
  std::optional<ChainId> parent;
  CacheId dir;
  LinkId link;
  std::string lower;       // empty: a base layer
  bool is_parent = false;  // another new layer stands on it
  size_t image = 0;        // index of the first image that has it
};

struct LoadLayer {
  ChainId chain;
  DiffId diff;
  std::optional<size_t> made;  // index into new_layers; nothing: it is there already
};

struct TagChange {
  ReferenceName name;
  ImageId id;
  std::string was;  // "sha256:..." that the tag pointed to; empty: it is new
};

struct LoadWork {
  std::vector<NewLayer> new_layers;                  // parents before what stands on them
  std::vector<LoadLayer> layers;                     // of all images, each chain once, in the same order
  std::vector<size_t> new_images;                    // indices into the archive's images
  std::vector<std::pair<ImageId, ImageId>> parents;  // of new images: the image that each was built on
  std::vector<TagChange> tags;                       // those that change
  std::vector<CacheId> newly_committed;              // directories there already that get the marker

  bool changes_nothing() const { return new_layers.empty() && new_images.empty() && tags.empty(); }
};

// Format where an image needs a layer that the root has in a damaged state.
Result<LoadWork> plan_load(const LoadArchive& archive, const LoadTarget& target);

}  // namespace dfsck
