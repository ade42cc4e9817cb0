// Findings of different looks are the same if their problem, subject and path are.
#include "checks/repair/repair_record.h"

#include <algorithm>
#include <utility>

#include "core/base/ids.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// Without the arguments: they change with the state of things, as sizes do, and it is the same problem still.
std::string key_of(const ReportedFinding& reported) {
  const Finding& finding = reported.finding;
  return std::to_string(static_cast<int>(finding.problem)) + '\0' +
         std::to_string(static_cast<int>(finding.subject.kind)) + '\0' + finding.subject.id + '\0' +
         finding.path.bytes();
}

// One thing can have one problem in several ways: two attributes of a file.
std::string exact_key_of(const ReportedFinding& reported) {
  std::string key = key_of(reported);
  for (const auto& [name, value] : reported.finding.args) {
    key += '\0' + name + '\0' + value;
  }
  return key;
}

std::set<std::string> keys_of(const RootReport& report) {
  std::set<std::string> keys;
  for (const ReportedFinding& reported : report.findings) {
    keys.insert(key_of(reported));
  }
  return keys;
}

// What the repair moved aside. That it is missing now, and what follows from that, is the loss that was announced.
// Otherwise every lossy repair would be called a bug: the image that it announced to take
// away is missing in the check that follows.
struct Taken {
  std::set<RelPath> paths;
  std::set<std::string> subjects;
};

Taken taken_away(const RootReport& report) {
  Taken taken;
  for (size_t i = 0; i < report.plan.steps.size(); ++i) {
    const Step& step = report.plan.steps[i];
    if (traits_of(step.action).change == Change::TakeAway &&
        report.repair->results[i].state == StepResult::State::Done) {
      const RelPath& path = action_path(step.action);
      taken.paths.insert(path);
      if (is_hex64(path.name())) {
        taken.subjects.insert("sha256:" + std::string(path.name()));  // as messages name layers and images
      }
      for (const size_t finding : step.findings) {
        taken.subjects.insert(report.findings[finding].finding.subject.id);
      }
    }
  }
  return taken;
}

bool speaks_of(const Finding& finding, const Taken& taken) {
  return taken.paths.contains(finding.path) ||
         std::any_of(finding.args.begin(), finding.args.end(),
                     [&](const auto& arg) { return !arg.second.empty() && taken.subjects.contains(arg.second); });
}

}  // namespace

RepairRecord::RepairRecord(const RootReport& first, Mode mode) : report_(first), mode_(mode) {
  report_.mode = mode;
  report_.repair.emplace();
  for (size_t i = 0; i < report_.findings.size(); ++i) {
    indices_.try_emplace(exact_key_of(report_.findings[i]), i);
  }
}

// By the words of the steps, which name action, path and content: a plan of another pass has other numbers.
bool RepairRecord::is_untried(const RootReport& report, size_t finding) const {
  const ReportedFinding& reported = report.findings[finding];
  return !asked_.contains(key_of(reported)) &&
         std::any_of(reported.steps.begin(), reported.steps.end(),
                     [&](size_t step) { return !tried_.contains(describe(report.plan.steps[step].action)); });
}

void RepairRecord::set_asked(const RootReport& report, const std::vector<RepairGroup>& groups) {
  for (const RepairGroup& group : groups) {
    for (const size_t i : group) {
      asked_.insert(key_of(report.findings[i]));
    }
  }
}

size_t RepairRecord::index_of(const ReportedFinding& reported) {
  const auto [known, added] = indices_.try_emplace(exact_key_of(reported), report_.findings.size());
  if (added) {
    report_.findings.push_back(reported);
    report_.findings.back().steps.clear();
    report_.findings.back().finding.caused_by.reset();  // an index into another report
  }
  return known->second;
}

void RepairRecord::add_steps(const RootReport& look, const Plan& plan, const std::vector<StepResult>& results) {
  if (outcome().results.empty()) {  // from now on the plan is what was done, not what could be
    report_.plan = Plan{};
    for (ReportedFinding& reported : report_.findings) {
      reported.steps.clear();
    }
  }
  report_.after.clear();  // the root has changed since
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    Step step = plan.steps[i];
    tried_.insert(describe(step.action));
    for (size_t& finding : step.findings) {
      finding = index_of(look.findings[finding]);
      report_.findings[finding].steps.push_back(report_.plan.steps.size());
    }
    report_.plan.steps.push_back(std::move(step));
    outcome().results.push_back(i < results.size() ? results[i] : StepResult{});
  }
}

void RepairRecord::add_look(const RootReport& look) {
  const RootReport& last = report_.now();
  seen_.merge(keys_of(last));
  report_.after.assign(1, look);
}

// What a check has seen goes before what the steps have said. A finding whose steps all went well and that
// is there again has failed; one that nobody worked on and that is gone was repaired by another's repair.
void RepairRecord::judge(ReportedFinding& reported, const std::set<std::string>& left) const {
  const std::vector<StepResult>& results = report_.repair->results;
  const StepResult* trouble = nullptr;  // the first that failed, or else the first that was not tried
  for (const size_t step : reported.steps) {
    const StepResult* result = step < results.size() ? &results[step] : nullptr;
    if (result != nullptr && result->state != StepResult::State::Done &&
        (trouble == nullptr ||
         (trouble->state != StepResult::State::Failed && result->state == StepResult::State::Failed))) {
      trouble = result;
    }
  }
  const bool tried = !reported.steps.empty() && !results.empty();
  const bool known = !report_.after.empty();  // how the root is now
  if (known && !left.contains(key_of(reported))) {
    reported.repair_status = "done";
    reported.why.clear();
    reported.way_out.clear();
  } else if (tried && trouble != nullptr) {
    reported.repair_status = trouble->state == StepResult::State::Failed ? "failed" : "skipped";
    reported.why = trouble->why;
    reported.way_out = trouble->way_out;
  } else if (tried && known) {
    reported.repair_status = "failed";
    reported.why = "its repair was made, and it is still there";
  } else if (tried) {
    reported.repair_status = "done";
  } else if (reported.has_repair()) {
    reported.repair_status = "skipped";
    reported.why = reason_to_skip(mode_, problem_of(reported.finding.problem).safety);
  }
}

// The promise that a repair makes nothing worse, checked in each run: an error that no look before
// could have shown and that nobody announced is reported as a fault of this program.
void RepairRecord::compare(const std::function<bool(size_t finding)>& was_hidden) {
  if (report_.after.empty()) {
    return;
  }
  RootReport& after = report_.after.front();
  const Taken taken = taken_away(report_);
  for (size_t i = 0; i < after.findings.size(); ++i) {
    const ReportedFinding& reported = after.findings[i];
    if (problem_of(reported.finding.problem).severity == Severity::Error && !seen_.contains(key_of(reported)) &&
        !was_hidden(i) && !speaks_of(reported.finding, taken)) {
      outcome().added.push_back(i);
    }
  }
}

void RepairRecord::add_mark(ReportedFinding mark, const std::function<bool(const Finding&)>& follows) {
  if (report_.after.empty()) {
    return;
  }
  std::vector<ReportedFinding>& findings = report_.after.front().findings;
  for (ReportedFinding& reported : findings) {
    if (!reported.finding.caused_by && follows(reported.finding)) {
      reported.finding.caused_by = findings.size();
    }
  }
  findings.push_back(std::move(mark));
}

// The check after the repair does not offer again what has just failed.
void RepairRecord::tell_what_failed() {
  std::map<std::string, const ReportedFinding*> failed;
  for (const ReportedFinding& reported : report_.findings) {
    if (!reported.steps.empty() && (reported.repair_status == "failed" || reported.repair_status == "skipped")) {
      failed.emplace(key_of(reported), &reported);
    }
  }
  for (RootReport& after : report_.after) {
    for (ReportedFinding& reported : after.findings) {
      const auto known = reported.has_repair() ? failed.find(key_of(reported)) : failed.end();
      if (known != failed.end()) {
        reported.repair_status = "blocked";
        reported.why = known->second->why;
        reported.way_out = known->second->way_out;
      }
    }
  }
}

RootReport RepairRecord::take() {
  const std::set<std::string> left = keys_of(report_.now());
  for (ReportedFinding& reported : report_.findings) {
    judge(reported, left);
  }
  tell_what_failed();
  return std::move(report_);
}

}  // namespace dfsck
