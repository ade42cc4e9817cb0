// Invariant: the chain of every image's diff_ids is in layerdb and loads (moby image/store.go:restore).
// Whether a layer's files are right is not asked here: the layer's own findings say so and name the image.
#include "checks/checks.h"
#include "checks/image_verdict.h"
#include "checks/input.h"

namespace dfsck {

void check_image_layers(const CheckInput& input, FindingSink& sink) {
  for (const Image& image : input.model.images.images) {
    // The first layer that is missing or does not load is named; the image cannot be better than that
    // one, and the layers above it would only repeat it.
    const ImageVerdict verdict = judge_image(input.model, image);
    if (!verdict.layer) {
      continue;
    }
    const bool missing = verdict.state == ImageVerdict::State::LayerMissing;
    Finding& finding = sink.add(missing ? problem::image_layer_missing : problem::image_layer_unloadable,
                                {SubjectKind::Image, image.id.text()}, image.path);
    finding.args["image"] = image.id.text();
    finding.args["layer"] = verdict.layer->text();
    // Lossy only where the layer is gone. Where it is here and does not load, the layer's own repair
    // brings the image back whole, so the image has none of its own.
    if (!missing) {
      finding.cause = Subject{SubjectKind::Layer, verdict.layer->text()};
    } else if (const Layer* misnamed = input.derived.find_misnamed(input.model, *verdict.layer); misnamed != nullptr) {
      finding.cause = Subject{SubjectKind::Layer, misnamed->id.text()};
    }
  }
}

}  // namespace dfsck
