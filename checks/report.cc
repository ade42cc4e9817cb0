// Counting and exit codes.
#include "checks/report.h"

#include <algorithm>

#include "checks/left.h"

namespace dfsck {

size_t RootReport::count(Severity severity) const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [&](const ReportedFinding& reported) {
    return problem_of(reported.finding.problem).severity == severity;
  }));
}

size_t RootReport::repaired() const {
  return static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [](const ReportedFinding& reported) {
    return reported.repair_status == "done" && problem_of(reported.finding.problem).severity != Severity::Info;
  }));
}

std::string_view mode_name(Mode mode) {
  switch (mode) {
    case Mode::DryRun: return "dry-run";
    case Mode::Preen: return "preen";
    case Mode::Yes: return "yes";
    case Mode::Ask: return "ask";
  }
  return "";
}

namespace {

constexpr int kCorrected = 1;

// Obstacles count as failure only of a repair: a check of a live root has done what it was asked.
bool is_failed_itself(const RootReport& report) {
  const bool repair_failed = report.repair && !(report.repair->obstacles.empty() && report.repair->added.empty());
  return !report.failures.empty() || !report.now().failures.empty() || repair_failed;
}

int parts_of(const RootReport& report, Strict strict) {
  int code = 0;
  const RootReport& now = report.now();
  if (count_left(report, Severity::Error) > 0 || (strict == Strict::Yes && count_left(report, Severity::Warning) > 0)) {
    code |= 4;
  }
  // A repair that was tried and failed leaves something, even if it was to repair a mere warning.
  const bool failed = std::any_of(report.findings.begin(), report.findings.end(),
                                  [](const ReportedFinding& reported) { return reported.repair_status == "failed"; });
  code |= failed ? 4 : 0;
  if (is_failed_itself(report) || !now.not_checked.empty()) {
    code |= 8;
  }
  if (report.cancelled || now.cancelled) {
    code |= 32;
  }
  code |= report.repaired() > 0 ? kCorrected : 0;
  for (const RootReport& below : report.below) {
    code |= parts_of(below, strict);
  }
  return code;
}

}  // namespace

bool is_barred(const RootReport& report) {
  return (report.repair && !report.repair->obstacles.empty()) ||
         std::any_of(report.below.begin(), report.below.end(), is_barred);
}

bool has_failed(const RootReport& report) {
  return is_failed_itself(report) || std::any_of(report.below.begin(), report.below.end(), has_failed);
}

// 1 promises that all is well now, so it cannot stand beside 4 or 8: fsck(8) has it as "errors
// corrected", and boot scripts go on after it.
int exit_code(const RootReport& report, Strict strict) {
  const int code = parts_of(report, strict);
  return code == kCorrected ? code : code & ~kCorrected;
}

}  // namespace dfsck
