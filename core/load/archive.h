// An archive of images that is to be loaded: opened, and judged as a whole before anything is done with it.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/donor/donor.h"
#include "core/model/images.h"
#include "core/model/reference_name.h"

namespace dfsck {

// The daemon's limit of layers in an image (moby layer/layer.go:maxLayerDepth).
inline constexpr size_t kMaxImageLayers = 125;

struct LoadImage {
  Image image;  // id, diff_ids, chain, history
  std::string config;
  std::vector<ReferenceName> names;  // each with a tag and no digest; sorted as the archive's are
  std::optional<ImageId> parent;     // as the archive says
};

struct LoadArchive {
  Donor donor;
  std::vector<LoadImage> images;   // sorted by id
  std::vector<std::string> notes;  // for people: names that are no tags
};

// Everything that can be known without reading a layer: manifests, configs with their digests, names, numbers of
// layers, and that there is a file for each layer (moby image/tarexport/load.go:Load, image/image.go:NewFromJSON).
// Format or Limit, in one line, where the daemon would refuse any of it, and where the archive has a problem at all.
Result<LoadArchive> judge_archive(Donor donor);

}  // namespace dfsck
