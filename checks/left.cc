// A repair that was made counts, even where the check after it could not be.
#include "checks/left.h"

#include <algorithm>

namespace dfsck {

// Steps that were made have changed the root, so the findings of before may be gone or not. To say that
// they are left would be as wrong as to say that they are not.
bool is_left_known(const RootReport& report) {
  return !report.repair || !report.after.empty() ||
         std::none_of(report.repair->results.begin(), report.repair->results.end(),
                      [](const StepResult& result) { return result.state == StepResult::State::Done; });
}

size_t count_left(const RootReport& report, Severity severity) {
  const auto& findings = report.now().findings;
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [&](const ReportedFinding& reported) {
    return reported.repair_status != "done" && problem_of(reported.finding.problem).severity == severity;
  }));
}

}  // namespace dfsck
