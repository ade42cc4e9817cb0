// Checks a plan as if it were the first of a run.
#include "core/journal/plan_check.h"

#include "core/base/try.h"
#include "core/journal/precheck.h"

namespace dfsck {

// For a plan that was made some time ago, by another process or for a preview: it is put through the same look that
// every plan gets before its first step, and nothing is locked or changed for it.
Result<void> preconditions_hold(const Root& root, const Plan& plan) {
  RunLog log;
  for (const Step& step : plan.steps) {
    log.steps.emplace_back().step = step;
  }
  TRY(check_plan(root, log, 0, log.steps.size()));
  return {};
}

}  // namespace dfsck
