// Counts findings and repairs.
#include "cmd/render/totals.h"

#include <algorithm>
#include <cerrno>

#include "checks/left.h"
#include "core/base/error.h"

namespace dfsck {
namespace {

// Of a finding whose steps were not all taken: tried, unless nothing at all was.
bool is_blocked(const RootReport& report, const ReportedFinding& reported) {
  const bool was_tried = report.repair && !report.repair->results.empty() && !reported.steps.empty();
  return reported.repair_status == "blocked" || (was_tried && reported.repair_status == "failed") ||
         (was_tried && reported.repair_status == "skipped");
}

bool offers_repair(const ReportedFinding& reported) {
  return reported.repair_status == "planned" || (reported.repair_status == "skipped" && !reported.steps.empty());
}

// Each finding is counted in one place. What follows from another is not counted as without a repair: its cause is.
void add(const RootReport& report, Totals& totals) {
  totals.errors += report.count(Severity::Error);
  totals.warnings += report.count(Severity::Warning);
  totals.infos += report.count(Severity::Info);
  for (const ReportedFinding& reported : report.findings) {
    const Problem& problem = problem_of(reported.finding.problem);
    if (is_blocked(report, reported)) {
      ++totals.blocked;
    } else if (offers_repair(reported)) {
      ++totals.repairs_by_class[static_cast<size_t>(problem.safety)];
    } else if (problem.severity != Severity::Info && !reported.finding.caused_by) {
      ++totals.without_repair;
    }
  }
}

// Done counts findings and not steps: that is what was in the report before. A finding that went away
// with another one's repair has no steps, and is no repair.
void add_own_repairs(const RootReport& report, RepairTotals& totals) {
  for (const ReportedFinding& reported : report.findings) {
    const Severity severity = problem_of(reported.finding.problem).severity;
    totals.errors += reported.repair_status == "done" && severity == Severity::Error ? 1 : 0;
    totals.warnings += reported.repair_status == "done" && severity == Severity::Warning ? 1 : 0;
    totals.done += reported.repair_status == "done" && !reported.steps.empty() ? 1 : 0;
    totals.failed += reported.repair_status == "failed" ? 1 : 0;
    if (reported.repair_status == "skipped") {
      ++totals.not_tried;
      ++totals.why_not[reported.why];
    }
  }
  for (const StepResult& result : report.repair ? report.repair->results : std::vector<StepResult>{}) {
    totals.steps += result.state == StepResult::State::Done ? 1 : 0;
  }
}

void add_repairs(const RootReport& report, RepairTotals& totals) {
  add_own_repairs(report, totals);
  for (const RootReport& below : report.below) {
    add_repairs(below, totals);
  }
}

enum class When { First, Now };

void add_all(const RootReport& report, When when, Totals& totals) {
  add(when == When::Now ? report.now() : report, totals);
  if (when == When::Now && !is_left_known(report)) {  // what was repaired is not left, whatever else may be
    // Of a root that was not looked at again the old findings are all there is, less what its steps have repaired.
    totals.errors -= report.count(Severity::Error) - count_left(report, Severity::Error);
    totals.warnings -= report.count(Severity::Warning) - count_left(report, Severity::Warning);
  }
  for (const RootReport& below : report.below) {
    add_all(below, when, totals);
  }
}

}  // namespace

Totals totals_of(const RootReport& report) {
  Totals totals;
  add_all(report, When::First, totals);
  return totals;
}

Totals totals_now(const RootReport& report) {
  Totals totals;
  add_all(report, When::Now, totals);
  return totals;
}

RepairTotals repair_totals(const RootReport& report) {
  RepairTotals totals;
  add_repairs(report, totals);
  return totals;
}

RepairTotals repair_totals_alone(const RootReport& report) {
  RepairTotals totals;
  add_own_repairs(report, totals);
  return totals;
}

// By the words of the errno, since failures are sentences by then. Root itself is not told to become root.
bool needs_root(const RootReport& report) {
  const auto about_permission = [](const std::string& failure) {
    return failure.find(errno_text(EACCES)) != std::string::npos ||
           failure.find(errno_text(EPERM)) != std::string::npos;
  };
  return (!report.as_root && std::any_of(report.failures.begin(), report.failures.end(), about_permission)) ||
         std::any_of(report.below.begin(), report.below.end(), needs_root);
}

}  // namespace dfsck
