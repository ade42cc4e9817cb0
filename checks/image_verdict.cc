// Follows an image from its config through its layers as the daemon does at start: moby image/store.go:restore,
// layer/layer_store.go:loadLayer.
#include "checks/image_verdict.h"

#include <algorithm>

#include "core/model/derive/derive.h"

namespace dfsck {
namespace {

using State = ImageVerdict::State;

// True if the daemon would load `layer`: it follows the files named "parent", not the image's own chain.
// A missing "parent" where one is due makes it a base layer to the daemon, and it loads. So this says
// less than the image's chain does: it predicts what a user sees, and the chain says what is right.
bool loads_with_parents(const Model& model, const Layer& layer) {
  const Layer* next = &layer;
  for (size_t depth = 0; depth <= kMaxDepth; ++depth) {
    if (!next->loads()) {
      return false;
    }
    if (!next->parent_id) {
      return true;
    }
    next = model.layers.find(*next->parent_id);
    if (next == nullptr) {
      return false;
    }
  }
  return false;  // a circle
}

ImageVerdict judge_layers(const Model& model, const Image& image) {
  const auto missing = std::find_if(image.chain.begin(), image.chain.end(),
                                    [&](const ChainId& id) { return model.layers.find(id) == nullptr; });
  if (missing != image.chain.end()) {
    // What could not be listed may well be there.
    return model.layers.layers_complete ? ImageVerdict{State::LayerMissing, *missing} : ImageVerdict{};
  }
  const auto loads = [&](const ChainId& id) { return loads_with_parents(model, *model.layers.find(id)); };
  if (image.chain.empty() || loads(image.chain.back())) {
    return {};
  }
  // From the bottom: the lowest one is what has to be repaired, those above follow from it.
  const auto broken = std::find_if_not(image.chain.begin(), image.chain.end(), loads);
  return {State::LayerBroken, *broken};
}

}  // namespace

// In the daemon's order: digest, then form, then layers. An image is called lost only
// for what a check of the layers cannot repair.
ImageVerdict judge_image(const Model& model, const Image& image) {
  if (image.state == FileState::Kind::Unreadable) {
    return {image.copy ? State::Restorable : State::Unreadable, std::nullopt};
  }
  if (!image.problem.empty()) {
    return {image.copy ? State::Restorable : State::Bad, std::nullopt};
  }
  if (!image.unusable.empty()) {
    return {State::Unusable, std::nullopt};
  }
  return judge_layers(model, image);
}

bool is_lost_reference(const Model& model, const Reference& reference) {
  if (!reference.well_formed || !model.images.complete) {
    return false;
  }
  const Image* image = reference.image ? model.images.find(*reference.image) : nullptr;
  return image == nullptr || judge_image(model, *image).lost();
}

}  // namespace dfsck
