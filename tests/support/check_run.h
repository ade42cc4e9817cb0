// Runs single checks and their repairs over a model in a test.
#pragma once

#include <string>
#include <vector>

#include "checks/table.h"
#include "core/fs/root.h"
#include "core/model/model.h"
#include "core/plan/finding.h"
#include "core/plan/plan.h"

namespace dfsck::test {

// The check's findings, in order. Fails the test if a hole of any text of a finding's row is not filled.
std::vector<Finding> run_check(CheckFunction check, const Model& model);

// The slugs of findings: {"tag-dangling", ...}.
std::vector<std::string> slugs(const std::vector<Finding>& findings);

// What the repairs of the check's findings want to do, on a root that is empty or the given one. Fails the test on a
// conflict.
Plan plan_for(CheckFunction check, const Model& model);
Plan plan_for(CheckFunction check, const Model& model, const Root& root);

// The steps of a plan in words, one a line each: "write overlay2/ab/link: ...".
std::vector<std::string> steps_of(const Plan& plan);

}  // namespace dfsck::test
