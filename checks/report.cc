// Counting and exit codes.
#include "checks/report.h"

#include <algorithm>

namespace dfsck {

size_t RootReport::count(Severity severity) const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [&](const ReportedFinding& reported) {
    return problem_of(reported.finding.problem).severity == severity;
  }));
}

int exit_code(const RootReport& report, Strict strict) {
  int code = 0;
  if (report.count(Severity::Error) > 0 || (strict == Strict::Yes && report.count(Severity::Warning) > 0)) {
    code |= 4;
  }
  if (!report.failures.empty()) {
    code |= 8;
  }
  if (report.cancelled) {
    code |= 32;
  }
  for (const RootReport& below : report.below) {
    code |= exit_code(below, strict);
  }
  return code;
}

}  // namespace dfsck
