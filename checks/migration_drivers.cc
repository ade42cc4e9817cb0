// Asked before anything else is planned: what cannot be moved is refused with what works instead.
#include "checks/migration_drivers.h"

#include <set>

#include "core/transfer/driver_fit.h"

namespace dfsck {
namespace {

std::string refusal_of(const std::string& driver, const SourceRoot& root, const DriverFit& fit) {
  std::string text = "layers of the storage driver " + driver + " cannot be moved by copying files: " + fit.why;
  if (root.model.driver != driver) {
    text += "; the root is of " + root.model.driver + ": if nothing of " + driver + " is needed any more, move " + driver +
            " and image/" + driver + " out of the source, or name what is wanted with --images";
  }
  return text;
}

}  // namespace

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

}  // namespace dfsck
