// What a repair adds to the report of the check that it began with: the steps it took, what later checks found, and
// what became of every finding.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checks/repair/choose.h"
#include "checks/report.h"

namespace dfsck {

class RepairRecord {
 public:
  RepairRecord(const RootReport& first, Mode mode);

  RepairOutcome& outcome() { return *report_.repair; }

  // Whether the finding's repair has a step that was not taken before, and nobody was asked about it: a repair that
  // does not help is not made again and again. `report` is any look's.
  bool is_untried(const RootReport& report, size_t finding) const;
  void set_asked(const RootReport& report, const std::vector<RepairGroup>& groups);

  // The steps of one pass, taken because of `look`'s findings.
  void add_steps(const RootReport& look, const Plan& plan, const std::vector<StepResult>& results);
  // The look that followed them.
  void add_look(const RootReport& look);
  // Something that the repair itself could not do.
  void failed(std::string what) { report_.failures.push_back(std::move(what)); }

  // After the last pass: says of each finding what became of it. `was_hidden` tells of a finding of the last look
  // whether no look before could have shown it.
  void compare(const std::function<bool(size_t finding)>& was_hidden);
  // A finding that the root has now because of the repair, by our own doing and rightly so, and what follows from it.
  void add_mark(ReportedFinding mark, const std::function<bool(const Finding&)>& follows);

  RootReport take();

 private:
  size_t index_of(const ReportedFinding& reported);
  void judge(ReportedFinding& reported, const std::set<std::string>& left) const;
  void tell_what_failed();

  RootReport report_;
  Mode mode_;
  std::map<std::string, size_t> indices_;  // of the report's findings
  std::set<std::string> tried_;            // steps in words
  std::set<std::string> asked_;            // keys of findings
  std::set<std::string> seen_;             // keys of findings of all looks but the last
};

}  // namespace dfsck
