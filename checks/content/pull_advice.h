// How images come back whose layers are lost. Internal to checks.
#pragma once

#include <string>

#include "core/model/model.h"

namespace dfsck {

// For people: the exact commands that bring back every image that needs the layer, "docker pull app@sha256:..." where
// the digest by which it was pulled is known, else by tag where its layers came from a registry; and the names of those
// that came from no registry. Escaped, at most a few of each.
std::string pull_advice(const Model& model, const ChainId& layer);

}  // namespace dfsck
