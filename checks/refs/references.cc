// Invariant: repositories.json parses, and each of its entries names an image of imagedb. Written by moby
// reference/store.go:save, whole and atomically, at every change of a tag.
// A tag of an image that is here but damaged is no finding of its own: the image's finding names its tags.
#include "checks/checks.h"
#include "checks/input.h"
#include "checks/refs/reference_file.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr size_t kExcerpt = 120;

// A file that does not parse keeps the daemon from starting, a missing one is made anew and empty: then
// all images are untagged, and docker image prune takes them all. So both are errors. In a root without
// images there is nothing that it could name.
void check_file(const CheckInput& input, const RelPath& path, FindingSink& sink) {
  const ImageStore& images = input.model.images;
  const ReferenceStore& store = images.references;
  if (store.file.kind == FileState::Kind::Unreadable && !speaks_of_disk(store.file.code)) {
    return;
  }
  const Subject subject{SubjectKind::File, path.text()};
  if (!store.problem.empty()) {
    Finding& finding = sink.add(problem::repositories_bad, subject, path);
    finding.args["state"] = store.problem;
    finding.args["recovered"] = counted(count_of(provable_tags(input.model)), "tag");
  } else if (store.file.absent() && !images.images.empty()) {
    Finding& finding = sink.add(problem::repositories_missing, subject, path);
    finding.args["images"] = counted(images.images.size(), "image");
    finding.args["recovered"] = counted(count_of(provable_tags(input.model)), "tag");
  }
}

void check_entry(const CheckInput& input, const Reference& reference, const RelPath& path, FindingSink& sink) {
  const ImageStore& images = input.model.images;
  // Kept by the daemon and shown by nothing. Which name was meant is not known, so there is no repair.
  if (!reference.well_formed) {
    const std::string key = escaped_excerpt(reference.name, kExcerpt);
    sink.add(problem::tag_malformed, {SubjectKind::Tag, escaped(reference.name)}, path).args["key"] = "\"" + key + "\"";
    return;
  }
  // Where images could not all be read, the one that is named may be among them.
  if (!images.complete || (reference.image && images.find(*reference.image) != nullptr)) {
    return;
  }
  Finding& finding = sink.add(problem::tag_dangling, {SubjectKind::Tag, escaped(reference.name)}, path);
  finding.args["tag"] = escaped(reference.name);
  finding.args["image"] =
      reference.image ? reference.image->text() : "\"" + escaped_excerpt(reference.target, kExcerpt) + "\"";
}

}  // namespace

void check_references(const CheckInput& input, FindingSink& sink) {
  const RelPath path = input.model.image_path / "repositories.json";
  check_file(input, path, sink);
  if (input.model.images.references.problem.empty()) {
    for (const Reference& reference : input.model.images.references.references) {
      check_entry(input, reference, path, sink);
    }
  }
}

}  // namespace dfsck
