// What a migration came to.
#include <algorithm>

#include "checks/migration/missed.h"

namespace dfsck {

// What somebody else has mounted inside the root. A copy of it would be a copy of another machine's
// disk, or of memory; without it the target is not all of the root.
std::vector<RelPath> missed_mounts(const MigrationReport& report) {
  std::vector<RelPath> missed;
  for (const Omission& omission : report.plan.omissions) {
    if (omission.kind == Omission::Kind::Mounted) {
      missed.push_back(omission.path);
    }
  }
  return missed;
}

// Of what was copied as it is. Layers have their own verdict, since those can be repaired.
bool MigrationReport::loses_data() const {
  if (!copied) {
    return false;
  }
  // What is wrong with layers is judged by itself.
  for (size_t i = 0; i < copied->units.size(); ++i) {
    if (!plan.units[copied_units[i]].chain && copied->units[i].loses_data()) {
      return true;
    }
  }
  const auto came_later = [](const UnitResult& unit) {
    return std::any_of(unit.omitted.begin(), unit.omitted.end(),
                       [](const OmittedEntry& left) { return left.kind == OmittedEntry::Kind::MountPoint; });
  };
  return std::any_of(copied->units.begin(), copied->units.end(), came_later) ||
         std::any_of(copied->problems.begin(), copied->problems.end(),
                     [](const CopyProblem& problem) { return problem.loses_data(); });
}

bool has_all_of_plan(const MigrationReport& report) {
  return report.end == MigrationReport::End::Done && !report.loses_data() && report.inventory.target &&
         report.inventory.gaps.empty();
}

bool MigrationReport::is_whole() const { return has_all_of_plan(*this) && missed_mounts(*this).empty(); }

int exit_code(const MigrationReport& report) {
  constexpr int kLeft = 4;
  constexpr int kFailed = 8;
  constexpr int kCancelled = 32;
  if (report.cancelled) {
    return kCancelled;
  }
  switch (report.end) {
    case MigrationReport::End::Planned:
      return report.wish.when == MigrationWish::When::Live || missed_mounts(report).empty() ? 0 : kLeft;
    // 4 where it is the root that is damaged, 8 where something else stood against it: a script can
    // repair and try again, or must ask somebody.
    case MigrationReport::End::Refused:
    case MigrationReport::End::Stopped: return report.source_is_damaged ? kLeft : kFailed;
    case MigrationReport::End::Live: return report.loses_data() ? kLeft : 0;
    case MigrationReport::End::Done: break;
  }
  // Never 1 with something missing: that would say that all is well by now.
  const int checked = exit_code(*report.target_check, Strict::No);
  return report.is_whole() ? checked : (checked & ~1) | kLeft;
}

}  // namespace dfsck
