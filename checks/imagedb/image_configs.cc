// Invariant: every config in imagedb/content/sha256 is the preimage of its file name and of a form that the daemon
// loads. Written by moby image/fs.go:Set, verified at each read by fs.go:get and at start by store.go:restore. Does not
// look at the layers; that is image_layers.cc.
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
  // Bytes that hash to the file's name can only be the lost ones, wherever they were found: class safe.
  if (state == State::Restorable) {
    Finding& finding = add(problem::image_config_restorable);
    finding.args["state"] = image.problem;
    finding.args["source"] = image.copy->place;
  } else if (state == State::Bad || (state == State::Unreadable && speaks_of_disk(image.error_code))) {
    // The daemon reads a config at nearly every operation on the image and hashes it each time; one
    // that does not fit is dropped when it starts, with a line in the log and a name that no list shows
    // any more. What a refusal kept from being read says nothing of the config and is no finding.
    add(problem::image_config_bad).args["state"] = image.problem;
  } else if (state == State::Unusable) {
    add(problem::image_config_unusable).args["reason"] = image.unusable;
  }
  // Looks like a broken chain to whoever reads the daemon's message (ELOOP), and is none: the kernel
  // refuses one directory twice in a stack. Builders before a fix in BuildKit made such images.
  if (image.usable() && image.repeated_empty_layers > 1) {
    add(problem::image_repeats_empty_layer).args["count"] = std::to_string(image.repeated_empty_layers);
  }
}

}  // namespace

void check_image_configs(const CheckInput& input, FindingSink& sink) {
  for (const Image& image : input.model.images.images) {
    check_config(input, image, sink);
  }
  // The daemon skips what has no digest for a name. Cut-off writes are not among these: they have their own finding.
  for (const RelPath& path : input.model.images.foreign) {
    sink.add(problem::image_config_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck
