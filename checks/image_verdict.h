// What is to be made of an image as a whole. Shared by the checks of images and tags and by their repairs, which must
// agree on which images go and which tags go with them.
#pragma once

#include <optional>

#include "core/model/model.h"

namespace dfsck {

struct ImageVerdict {
  enum class State {
    Whole,
    Unreadable,    // the config could not be read: nothing is known
    Restorable,    // the config is damaged, but its exact bytes are elsewhere
    Bad,           // the config is damaged for good
    Unusable,      // the config is intact, but the daemon refuses it
    LayerMissing,  // `layer` is not in layerdb
    LayerBroken,   // `layer` is in layerdb, but the daemon does not load it
  };
  State state = State::Whole;
  std::optional<ChainId> layer;  // the lowest one that is missing or broken

  // The image cannot come back by itself, and nothing on this disk brings it back.
  bool lost() const { return state == State::Bad || state == State::LayerMissing; }
};

ImageVerdict judge_image(const Model& model, const Image& image);

// True if the reference names an image that is not here or is lost: a repair takes it out of repositories.json.
bool is_lost_reference(const Model& model, const Reference& reference);

}  // namespace dfsck
