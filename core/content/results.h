// The verdicts on the content of all layers of a root.
#pragma once

#include <vector>

#include "core/content/verify.h"

namespace dfsck {

struct ContentResults {
  // Like model.layers.layers; empty when the layer trees were not looked at. A layer that could not be looked at
  // because of its metadata has a verdict of state NotChecked.
  std::vector<LayerVerdict> layers;
};

}  // namespace dfsck
