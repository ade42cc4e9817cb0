// Scans the target as if it were a source, and walks through its volumes.
#include "checks/migration/inventory.h"

#include "core/base/try.h"
#include "core/migrate/plan/copy_planner.h"

namespace dfsck {
namespace {

// What of the target could not be read, and so may be there.
// A gap is a reason to keep the old root for ever, so it must not be one that a refused permission made.
std::optional<Error> unread_of(const std::vector<SourceRoot>& roots) {
  for (const SourceRoot& root : roots) {
    if (!root.model.failures.empty()) {
      const ScanFailure& failure = root.model.failures.front();
      return Error{Error::Kind::Io, failure.code, failure.op, in_source(root, failure.path).text(), ""};
    }
  }
  return std::nullopt;
}

}  // namespace

// The target is read from its disk as any root would be, by the same scanners as the source was: what they find
// on both sides is what a daemon will find. Sums over what was copied would only repeat what the copy believes.
Result<void> compare_inventories(const MigrationSource& source, unsigned jobs, const Cancel& cancel, Progress& progress,
                                 MigrationReport& report) {
  ASSIGN_OR_RETURN(const std::unique_ptr<const MigrationSource> there,
                   MigrationSource::open(report.target, jobs, cancel, progress));
  const std::vector<SourceRoot>& roots = there->roots();
  CopyPlan volumes = plan_of_volumes(roots);
  constexpr uint64_t kAnyBlock = 4096;  // counts do not depend on it
  measure_units(there->root(), volumes.units, nullptr, kAnyBlock, jobs, cancel, progress);
  InventoryComparison& inventory = report.inventory;
  inventory.target = take_inventory(roots, volumes);
  inventory.gaps = inventory_gaps(inventory.source, *inventory.target);
  if (std::optional<Error> unread = inventory.gaps.empty() ? std::nullopt : unread_of(roots); unread) {
    inventory.target.reset();
    inventory.gaps.clear();
    return *unread;
  }
  const std::set<std::string>& layers = inventory.target->of(InventoryKind::Layer);
  for (size_t i = 0; i < report.copied->units.size(); ++i) {
    const MigrationUnit& unit = report.plan.units[report.copied_units[i]];
    const std::optional<LayerVerdict>& verdict = report.copied->units[i].verdict;
    if (unit.chain && verdict && verdict->digest_matches &&
        layers.contains(inventory_name(source.around(unit.path), unit.chain->text()))) {
      ++inventory.proven_layers;
    }
  }
  return {};
}

}  // namespace dfsck
