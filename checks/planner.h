// From findings to a plan.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

// Lets the fix of each finding of `chosen` (indices into `findings`) add its steps. The steps' `findings` are indices
// into `findings` as well.
Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen);
// The plan of a choice, without the repairs that cannot be made together with the others or at this place (what they
// would write into does not exist): `left_out` says why for each of those findings.
struct SettledPlan {
  Plan plan;  // `conflicts` are those that were left out; with groups that follow the findings' causes
  std::map<size_t, std::string> left_out;
};
SettledPlan settle_plan(const CheckInput& input, const std::vector<Finding>& findings, std::vector<size_t> chosen);
// The plan for all of them.
Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings);

}  // namespace dfsck
