// Directories of overlay2 that nobody owns. Ownership is the closure over all owners: layerdb, mounts, unfinished
// removals, the build cache, and whatever the chains of these lead to. If one owner cannot be read, nothing is an orphan.
// Directories with BuildKit's 25-character names are judged by build_cache.cc, unless they cannot be judged at all.
#include <algorithm>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// The mount names a directory that is there and that no other container claims.
bool has_dir_of_its_own(const CheckInput& input, const Mount* mount) {
  if (mount == nullptr) {
    return false;
  }
  const std::optional<CacheId>& id =
      input.derived.mounts[static_cast<size_t>(mount - input.model.layers.mounts.data())].dir;
  const OverlayDir* dir = id ? input.model.overlay.find(*id) : nullptr;
  if (dir == nullptr) {
    return false;
  }
  const std::vector<DirOwner>& owners = input.derived.find_dir(input.model, *id)->owners;
  return std::count_if(owners.begin(), owners.end(),
                       [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Writable; }) == 1;
}

// A container whose writable directory is not known: any lost one could be its.
const Container* container_without_dir(const CheckInput& input) {
  for (const Container& container : input.model.containers.containers) {
    const bool known = has_dir_of_its_own(input, input.model.layers.find_mount(container.name_on_disk));
    const bool of_this_driver = container.driver.empty() || container.driver == input.model.driver;
    if (container.dir_id && !known && of_this_driver) {
      return &container;
    }
  }
  return nullptr;
}

std::string undetermined_because(const CheckInput& input, const OverlayDir& dir, const Container* homeless) {
  if (!input.derived.owners_complete) {
    return input.derived.owners_incomplete_because;
  }
  if (homeless != nullptr && dir.id.form() != CacheId::Form::BuildKit) {
    return "the directory of container " + homeless->name_on_disk + " is not known";
  }
  return "";
}

bool is_lost_writable(const CheckInput& input, const CacheId& id) {
  return std::any_of(input.derived.lost_writables.begin(), input.derived.lost_writables.end(),
                     [&](const Derived::LostWritable& lost) {
                       return id == lost.dir || id.text() == lost.dir.text() + "-init";
                     });
}

}  // namespace

void check_overlay_owners(const CheckInput& input, FindingSink& sink) {
  const Container* homeless = container_without_dir(input);
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const OverlayDir& dir = input.model.overlay.dirs[i];
    if (input.derived.dirs[i].reached) {
      continue;
    }
    const Subject subject{SubjectKind::OverlayDir, dir.id.text()};
    const std::string reason = undetermined_because(input, dir, homeless);
    if (!reason.empty()) {
      Finding& finding = sink.add(problem::overlay_dir_undetermined, subject, dir.path);
      finding.args["dir"] = dir.id.text();
      finding.args["reason"] = reason;
      continue;
    }
    if (dir.id.form() == CacheId::Form::BuildKit) {
      continue;
    }
    const bool writable = is_lost_writable(input, dir.id);
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
