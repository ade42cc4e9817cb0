// Numbers over a report and the roots below it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "checks/report.h"

namespace dfsck {

struct Totals {
  size_t errors = 0;
  size_t warnings = 0;
  size_t infos = 0;
  // Errors and warnings that a repair would repair, by class; index with repairs(Safety).
  std::vector<size_t> repairs_by_class = std::vector<size_t>(5);
  size_t blocked = 0;         // findings with a repair that something must be changed for first
  size_t without_repair = 0;  // errors and warnings that no repair repairs and that follow from nothing else

  size_t repairs(Safety safety) const { return repairs_by_class[static_cast<size_t>(safety)]; }
};

// Of what was found first.
Totals totals_of(const RootReport& report);
// Of what there is now: after a repair, of the check that followed it.
Totals totals_now(const RootReport& report);

// What was repaired, in all roots.
struct RepairTotals {
  size_t errors = 0;
  size_t warnings = 0;
  size_t steps = 0;
  // Findings whose repair was made, has failed, or was not tried (or was taken back with another that failed).
  size_t done = 0;
  size_t failed = 0;
  size_t not_tried = 0;
  std::map<std::string, size_t> why_not;  // reasons of those not tried
};
RepairTotals repair_totals(const RootReport& report);
// The same without the roots below.
RepairTotals repair_totals_alone(const RootReport& report);

// Whether something of the root or those below it could not be read for want of permission that root has.
bool needs_root(const RootReport& report);

}  // namespace dfsck
