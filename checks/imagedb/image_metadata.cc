// Invariant: imagedb/metadata/sha256/<id>/{parent,lastUpdated} belong to an image and hold what the daemon can parse.
// Written by moby image/fs.go:SetMetadata; removed before the config, so that a crash leaves no orphans of its own.
#include "checks/checks.h"
#include "checks/input.h"

namespace dfsck {
namespace {

class MetadataEntry {
 public:
  MetadataEntry(const ImageStore& images, const ImageMetadata& entry, FindingSink& sink)
      : images_(images), entry_(entry), sink_(sink) {}

  // Removing an image takes the metadata first, so an orphan is the trace of a config that was
  // lost or removed by hand. Nobody reads it.
  void check() {
    if (!entry_.is_directory) {
      bad(entry_.path, "not a directory", "The daemon cannot note this image's parent or times: builds of it fail.");
      return;
    }
    if (!entry_.id || (images_.complete && images_.find(*entry_.id) == nullptr)) {
      add(problem::image_metadata_orphan, entry_.path).args["path"] = entry_.path.text();
      return;
    }
    check_parent();
    check_last_updated();
  }

 private:
  Finding& add(ProblemId problem, const RelPath& path) {
    const Subject subject =
        entry_.id ? Subject{SubjectKind::Image, entry_.id->text()} : Subject{SubjectKind::File, entry_.path.text()};
    return sink_.add(problem, subject, path);
  }

  void bad(const RelPath& path, std::string state, std::string effect) {
    Finding& finding = add(problem::image_metadata_bad, path);
    finding.args["path"] = path.text();
    finding.args["state"] = std::move(state);
    finding.args["effect"] = std::move(effect);
  }

  // Set for images that were built or committed here. The daemon uses the value unread: with garbage in
  // it docker rmi of the image ends in a panic of that request.
  void check_parent() {
    const FileState& file = entry_.parent;
    if (file.absent() || file.kind == FileState::Kind::Unreadable) {
      return;
    }
    if (!entry_.parent_id) {
      bad(entry_.path / "parent", file.problem(), "docker rmi and docker history of the image fail.");
    } else if (images_.complete && images_.find(*entry_.parent_id) == nullptr) {
      // The daemon ignores it: docker history shows less, and nothing fails.
      Finding& finding = add(problem::image_metadata_parent_gone, entry_.path / "parent");
      finding.args["image"] = entry_.id->text();
      finding.args["parent"] = entry_.parent_id->text();
    }
  }

  void check_last_updated() {
    const FileState& file = entry_.last_updated;
    if (entry_.last_updated_bad && file.kind != FileState::Kind::Unreadable) {
      bad(entry_.path / "lastUpdated", file.problem(), "docker image inspect fails: \"parsing time\".");
    }
  }

  const ImageStore& images_;
  const ImageMetadata& entry_;
  FindingSink& sink_;
};

}  // namespace

void check_image_metadata(const CheckInput& input, FindingSink& sink) {
  for (const ImageMetadata& entry : input.model.images.metadata) {
    MetadataEntry(input.model.images, entry, sink).check();
  }
}

}  // namespace dfsck
