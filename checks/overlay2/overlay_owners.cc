// Directories of overlay2 that nobody owns. Ownership is the closure over all owners: layerdb, mounts, unfinished
// removals, the build cache, and whatever the chains of these lead to. If one owner cannot be read, nothing is an
// orphan. Directories with BuildKit's 25-character names are judged by build_cache.cc, unless they cannot be judged at
// all.
#include "checks/checks.h"
#include "checks/input.h"
#include "core/model/derive/unowned.h"

namespace dfsck {

void check_overlay_owners(const CheckInput& input, FindingSink& sink) {
  const OwnerDoubts doubts(input.model, input.derived);
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const OverlayDir& dir = input.model.overlay.dirs[i];
    if (input.derived.dirs[i].reached) {
      continue;
    }
    const Subject subject{SubjectKind::OverlayDir, dir.id.text()};
    // Undetermined is information: nothing has to be done about the directory but to leave it.
    const std::string reason = doubts.about(dir);
    if (!reason.empty()) {
      Finding& finding = sink.add(problem::overlay_dir_undetermined, subject, dir.path);
      finding.args["dir"] = dir.id.text();
      finding.args["reason"] = reason;
      continue;
    }
    if (dir.id.form() == CacheId::Form::BuildKit) {
      continue;
    }
    // Two directories X and X-init without an entry in layerdb/mounts are what a container leaves whose entry was
    // lost. They hold what it wrote and nobody else has, so this is asked, where other orphans are only clean.
    const bool writable = is_lost_writable(input.derived, dir.id);
    if (writable && dir.id.form() == CacheId::Form::Init) {
      continue;  // goes with its writable directory
    }
    Finding& finding =
        sink.add(writable ? problem::writable_dir_orphan : problem::overlay_dir_orphan, subject, dir.path);
    finding.args["dir"] = dir.id.text();
    finding.args["size"] = input.sizes.text(dir.id);
  }
}

}  // namespace dfsck
