// Asked before anything else is planned: what cannot be moved is refused with what works instead.
#include "checks/migration/drivers.h"

#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/migrate/plan/driver_fit.h"

namespace dfsck {
namespace {

// A driver that nothing uses any more is often left over from years ago. It must not keep a root from
// being moved, but only its owner can say that it is not needed.
std::string refusal_of(const std::string& driver, const SourceRoot& root, const DriverFit& fit) {
  std::string text = "layers of the storage driver " + driver + " cannot be moved by copying files: " + fit.why;
  if (root.model.driver != driver) {
    text += "; the root is of " + root.model.driver + ": if nothing of " + driver + " is needed any more, move " +
            driver + " and image/" + driver + " out of the source, or name what is wanted with --images";
  }
  return text;
}

// "images are in a containerd image store, in /var/lib/containerd (3 images, 1.2 GB), with the layers of 2 containers".
std::string store_in_words(const ContainerdStore& store) {
  std::string text = "images are in a containerd image store";
  if (store.place.empty()) {
    text += " that was not found";
  } else {
    text += ", in " + escaped(store.place) + " (" + counted(store.images, "image") + ", " +
            (store.size.is_all ? "" : "more than ") + human_bytes(store.size.bytes) + ")";
  }
  return text +
         (store.containers.empty() ? "" : ", with the layers of " + counted(store.containers.size(), "container"));
}

}  // namespace

// Refused before a byte is written: a copy of subvolumes or datasets looks
// complete, and no daemon finds a layer in it.
bool judge_drivers(const std::vector<SourceRoot>& roots, MigrationReport& report) {
  std::set<std::string> unmovable;
  for (const SourceRoot& root : roots) {
    for (const std::string& driver : unmovable_drivers(root.model)) {
      // Chosen images are those of the driver that is used.
      const bool is_wanted = root.model.driver == driver || report.wish.images.empty();
      if (is_wanted && unmovable.insert(driver).second) {
        const DriverFit fit = fit_of_driver(driver);
        report.obstacles.push_back(refusal_of(driver, root, fit));
        report.advice.insert(report.advice.end(), fit.recipe.begin(), fit.recipe.end());
      }
    }
    if (fit_of_driver(root.model.driver).kind == DriverFit::Kind::PlainTrees) {
      report.unverified_drivers.push_back(root.model.driver);
      report.plan.notes.push_back("the layers of " + root.model.driver + " in " +
                                  root.prefix.joined(RelPath() / root.model.driver).text() +
                                  " are copied whole, as they are, and unverified: this storage driver is not covered");
    }
  }
  return unmovable.empty();
}

// Images there are outside of the root as often as not. To move the rest without a word would
// leave containers behind that have no layers.
bool judge_containerd_stores(const std::vector<SourceRoot>& roots, MigrationReport& report) {
  bool accepted = true;
  for (const SourceRoot& root : roots) {
    const ContainerdStore& store = root.model.containerd_store;
    // Chosen images are those of the storage driver.
    if (!store.is_used() || !report.wish.images.empty()) {
      continue;
    }
    const std::string what = store_in_words(store);
    if (!report.wish.choice.without_containerd_store) {
      accepted = false;
      report.obstacles.push_back(what +
                                 "; they are not moved. Save the images (docker save -o images.tar IMAGE...) and what "
                                 "containers wrote (docker commit) first, then move the rest with "
                                 "--without-containerd-store");
    } else if (store.place.starts_with('/')) {
      report.plan.outside.push_back(escaped(store.place) + ": " + what);
    }
  }
  return accepted;
}

}  // namespace dfsck
