// What nobody owns, and whether that can be said.
#pragma once

#include <string>
#include <vector>

#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

// Of directories of overlay2 that nothing reaches (DirTruth::reached). Model and derived must outlive it.
class OwnerDoubts {
 public:
  OwnerDoubts(const Model& model, const Derived& derived);

  // Why the directory may have an owner all the same; empty if it has none.
  std::string about(const OverlayDir& dir) const;

 private:
  const Derived& derived_;
  std::string homeless_;  // a container whose writable directory is not known: any lost one could be its
};

// The directory is a container's writable one, or its init layer, whose mount entry is lost.
bool is_lost_writable(const Derived& derived, const CacheId& id);

// Indices into model.overlay.links: links that no directory claims and no lower file names. A name in some lower file
// is evidence of what was lost.
std::vector<size_t> unclaimed_links(const Model& model, const Derived& derived);

}  // namespace dfsck
