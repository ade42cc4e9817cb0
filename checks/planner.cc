// The loop that lets every finding's fix add its steps.
#include "checks/planner.h"

#include <algorithm>
#include <numeric>

#include "checks/refs/fix_references.h"
#include "checks/table.h"
#include "core/journal/plan_check.h"
#include "core/plan/expect.h"
#include "core/plan/step_groups.h"

namespace dfsck {
namespace {

// The step that the plan's check refused for the plan's own sake: nothing at its path has changed since it was read.
// If the path has changed meanwhile, somebody is at work on the root, and all of the plan is in doubt.
// That is for the run to refuse, with the name of what has changed.
const Step* impossible_step(const Root& root, const Plan& plan, const Error& error) {
  if (error.kind != Error::Kind::Format) {
    return nullptr;
  }
  const auto step = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& candidate) {
    const RelPath& path = action_path(candidate.action);
    return path.text() == error.where && candidate.expect == expect_now(root, path);
  });
  return step == plan.steps.end() ? nullptr : &*step;
}

Causes causes_among(const std::vector<Finding>& findings) {
  Causes causes;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (findings[i].caused_by) {
      causes.emplace(i, *findings[i].caused_by);
    }
  }
  return causes;
}

}  // namespace

// Made anew for each choice and not cut out of the plan for all: repositories.json holds the whole choice in one step.
Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen) {
  PlanBuilder builder;
  for (const size_t i : chosen) {
    if (const FixFunction fix = problem_of(findings[i].problem).fix; fix != nullptr) {
      fix(input, findings[i], i, builder);
    }
  }
  drop_tags(input, findings, chosen, builder);
  return builder.finish();
}

// Leaving one repair out can make another impossible that needs what the first would have made, so it
// begins again until nothing more has to go. It ends because each round takes at least one finding out.
SettledPlan settle_plan(const CheckInput& input, const std::vector<Finding>& findings, std::vector<size_t> chosen) {
  SettledPlan settled;
  std::vector<PlanConflict> conflicts;
  const auto leave_out = [&](size_t finding, const std::string& why) {
    std::erase(chosen, finding);
    settled.left_out.emplace(finding, why);
  };
  while (true) {
    settled.plan = make_plan(input, findings, chosen);
    const std::vector<PlanConflict> found = std::move(settled.plan.conflicts);
    for (const PlanConflict& conflict : found) {
      leave_out(conflict.first, "it contradicts another repair");
      leave_out(conflict.second, "it contradicts another repair");
      conflicts.push_back(conflict);
    }
    if (!found.empty()) {
      continue;
    }
    const Result<void> holds = preconditions_hold(input.root, settled.plan);
    const Step* step = holds ? nullptr : impossible_step(input.root, settled.plan, holds.error());
    if (step == nullptr) {
      break;  // what is wrong then has changed since it was read: apply refuses
    }
    for (const size_t finding : std::vector<size_t>(step->findings)) {
      leave_out(finding, holds.error().where + ": " + holds.error().detail);
    }
  }
  settled.plan.conflicts = std::move(conflicts);
  settled.plan.groups = step_groups(settled.plan.steps, causes_among(findings));
  return settled;
}

Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings) {
  std::vector<size_t> all(findings.size());
  std::iota(all.begin(), all.end(), size_t{0});
  return make_plan(input, findings, all);
}

}  // namespace dfsck
