// The runner in small: derive, one check, its fixes.
#include "tests/support/check_run.h"

#include <gtest/gtest.h>

#include "checks/input.h"
#include "checks/planner.h"
#include "core/base/error.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

void expect_all_holes_filled(const Finding& finding) {
  const Problem& problem = problem_of(finding.problem);
  for (const std::string_view text : {problem.text, problem.consequence, problem.remedy}) {
    for (size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{', open + 1)) {
      const std::string hole(text.substr(open + 1, text.find('}', open) - open - 1));
      const auto argument = finding.args.find(hole);
      EXPECT_TRUE(argument != finding.args.end() && !argument->second.empty())
          << problem.slug() << " does not fill {" << hole << "}";
    }
  }
}

// Checks do no I/O, and repairs find nothing there.
Root empty_root() {
  static const TempRoot temp;
  return temp.open();
}

// Calls `use` with everything that checks get to see.
template <typename Use>
void with_input(const Model& model, const Root& root, const Use& use) {
  const Derived derived = derive(model);
  const ContentResults content;
  const DirSizes sizes;
  use(CheckInput{root, model, derived, content, sizes, Level::Full});
}

std::vector<Finding> findings_of(CheckFunction check, const CheckInput& input) {
  FindingSink sink;
  check(input, sink);
  std::vector<Finding> findings = sink.take();
  for (const Finding& finding : findings) {
    expect_all_holes_filled(finding);
  }
  return findings;
}

}  // namespace

std::vector<Finding> run_check(CheckFunction check, const Model& model) {
  std::vector<Finding> findings;
  with_input(model, empty_root(), [&](const CheckInput& input) { findings = findings_of(check, input); });
  return findings;
}

std::vector<std::string> slugs(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) {
    names.push_back(problem_of(finding.problem).slug());
  }
  return names;
}

Plan plan_for(CheckFunction check, const Model& model) { return plan_for(check, model, empty_root()); }

Plan plan_for(CheckFunction check, const Model& model, const Root& root) {
  Plan plan;
  with_input(model, root, [&](const CheckInput& input) { plan = make_plan(input, findings_of(check, input)); });
  EXPECT_TRUE(plan.conflicts.empty());
  return plan;
}

std::vector<std::string> steps_of(const Plan& plan) {
  std::vector<std::string> words;
  for (const Step& step : plan.steps) {
    words.push_back(describe(step.action));
  }
  return words;
}

}  // namespace dfsck::test
