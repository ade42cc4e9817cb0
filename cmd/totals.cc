// Counts findings and repairs.
#include "cmd/totals.h"

#include <algorithm>
#include <cerrno>

#include "core/base/error.h"

namespace dfsck {
namespace {

void add(const RootReport& report, Totals& totals) {
  totals.errors += report.count(Severity::Error);
  totals.warnings += report.count(Severity::Warning);
  totals.infos += report.count(Severity::Info);
  for (const ReportedFinding& reported : report.findings) {
    const Problem& problem = problem_of(reported.finding.problem);
    if (reported.repair_status == "planned") {
      ++totals.repairs_by_class[static_cast<size_t>(problem.safety)];
    } else if (problem.severity != Severity::Info && !reported.finding.caused_by) {
      ++totals.without_repair;
    }
  }
  for (const RootReport& below : report.below) {
    add(below, totals);
  }
}

}  // namespace

Totals totals_of(const RootReport& report) {
  Totals totals;
  add(report, totals);
  return totals;
}

bool lacks_permission(const RootReport& report) {
  const auto about_permission = [](const std::string& failure) {
    return failure.find(errno_text(EACCES)) != std::string::npos ||
           failure.find(errno_text(EPERM)) != std::string::npos;
  };
  return std::any_of(report.failures.begin(), report.failures.end(), about_permission) ||
         std::any_of(report.below.begin(), report.below.end(), lacks_permission);
}

}  // namespace dfsck
