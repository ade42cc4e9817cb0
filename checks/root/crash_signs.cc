// A daemon that ends in an orderly way stops its containers, records that, and removes their mount points.
#include "checks/root/crash_signs.h"

#include "checks/liveness.h"
#include "core/base/escape.h"

namespace dfsck {

// For --if-unclean. Signs are no damage: that the root is checked follows from them, and no finding does.
std::vector<std::string> crash_signs(const Model& model) {
  std::vector<std::string> signs;
  for (const std::string& run : model.entries.unfinished_repairs) {
    signs.push_back("the repair " + escaped(run) + " was cut off");
  }
  // While a daemon runs, running containers and mounted directories are what there should be.
  if (!live_evidence(model).empty()) {
    return signs;
  }
  for (const Container& container : model.containers.containers) {
    if (container.running) {
      signs.push_back("container " + escaped(container.name_on_disk) + " is recorded as running, but no daemon runs");
    }
  }
  for (const OverlayDir& dir : model.overlay.dirs) {
    if (dir.merged.exists && !dir.merged_is_mount) {
      signs.push_back((dir.path / "merged").text() + " was left behind");
    }
  }
  return signs;
}

}  // namespace dfsck
