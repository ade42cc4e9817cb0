// The layers of a root, found without the model: for the programs that look at them one by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/content/verify.h"
#include "core/fs/root.h"

namespace dfsck::test {

struct LayerOfRoot {
  std::string chain;
  uint64_t size = 0;  // as the root says
  LayerInput input;
};

// Those whose cache-id names a directory. What cannot be listed is told on standard error.
std::vector<LayerOfRoot> layers_of_root(const Root& root);

}  // namespace dfsck::test
