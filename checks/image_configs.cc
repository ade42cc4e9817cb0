// Invariant: every config in imagedb/content/sha256 is the preimage of its file name and of a form that the daemon loads.
// Written by moby image/fs.go:Set, verified at each read by fs.go:get and at start by store.go:restore.
// Does not look at the layers; that is image_layers.cc.
#include "checks/checks.h"
#include "checks/image_verdict.h"
#include "checks/input.h"

namespace dfsck {
namespace {

void check_config(const CheckInput& input, const Image& image, FindingSink& sink) {
  using State = ImageVerdict::State;
  const State state = judge_image(input.model, image).state;
  const auto add = [&](ProblemId problem) -> Finding& {
    Finding& finding = sink.add(problem, {SubjectKind::Image, image.id.text()}, image.path);
    finding.args["image"] = image.id.text();
    return finding;
  };
  if (state == State::Restorable) {
    Finding& finding = add(problem::image_config_restorable);
    finding.args["state"] = image.problem;
    finding.args["source"] = image.copy->place;
  } else if (state == State::Bad || (state == State::Unreadable && speaks_of_disk(image.error_code))) {
    add(problem::image_config_bad).args["state"] = image.problem;
  } else if (state == State::Unusable) {
    add(problem::image_config_unusable).args["reason"] = image.unusable;
  }
  if (image.usable() && image.repeated_empty_layers > 1) {
    add(problem::image_repeats_empty_layer).args["count"] = std::to_string(image.repeated_empty_layers);
  }
}

}  // namespace

void check_image_configs(const CheckInput& input, FindingSink& sink) {
  for (const Image& image : input.model.images.images) {
    check_config(input, image, sink);
  }
  for (const RelPath& path : input.model.images.foreign) {
    sink.add(problem::image_config_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck
