// The root that images are to be loaded into: what of them it has already.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/derive/derive.h"
#include "core/model/tags.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// A registered layer that others can stand on.
struct RegisteredLayer {
  CacheId dir;
  LinkId link;
  std::string lower;       // bytes of its file of that name; empty: a base layer
  bool committed = false;  // it has the marker that a layer gets with the first that stands on it
};

struct LoadTarget {
  std::optional<Model> model;  // nothing: an empty directory, which becomes a root
  RootOwners owners;           // as in Model
  RelPath image_path = "image/overlay2";
  std::map<ChainId, RegisteredLayer> layers;
  std::map<ChainId, std::string> broken;  // registered layers that a daemon cannot use, and why
  Tags tags;

  const Image* find_image(const ImageId& id) const { return model ? model->images.find(id) : nullptr; }
};

// Looks at the root; writes nothing. Format, with what to do, where images cannot be loaded into it: another storage
// driver than overlay2, no Docker root and not empty, a damaged repositories.json, the upper directory of remapped
// roots.
Result<LoadTarget> read_load_target(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress);

}  // namespace dfsck
