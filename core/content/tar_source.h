// What a layer's tar is put together from.
#pragma once

#include <string>

#include "core/content/verify.h"

namespace dfsck {

struct TarSource {
  LayerInput input;
  std::string tar_split;  // bytes of one that was made again; empty: the file that `input` names counts
};

}  // namespace dfsck
