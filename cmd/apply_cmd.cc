// docker-fsck apply: carries out a plan that `--dry-run --plan` wrote, or refuses.
#include <fcntl.h>

#include <algorithm>

#include "checks/obstacles.h"
#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/signals.h"
#include "cmd/render/outcome.h"
#include "cmd/repairs_cmd.h"
#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/shell_word.h"
#include "core/base/shortage.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/journal/plan_check.h"
#include "core/journal/repair_run.h"
#include "core/model/model.h"
#include "core/plan/plan_json.h"
#include "core/run/was_cancelled.h"

namespace dfsck {
namespace {

// A plan holds the bytes of every file that it writes, so it can be large. But it comes from a file
// that somebody names, and that may be a device without an end.
constexpr size_t kLargestPlan = size_t{1} << 30;

// O_NOCTTY: a name that turns out to be a terminal must not become the one that controls this process.
Result<PlanFile> read_plan(const std::string& path) {
  const Fd file(patient::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) {
    return sys_error("open plan", escaped(path));
  }
  ASSIGN_OR_RETURN(const std::string text, read_all(file.get(), kLargestPlan, escaped(path)));
  return parse_plan_text(text);
}

// The root that the plan is for; an Error where it is another one by now.
// A copy of a root has other inodes, and a plan knows things by their inodes. Refusing the root as a
// whole says more than a refusal of its first step.
Result<Root> root_of(const PlanFile& plan) {
  ASSIGN_OR_RETURN(Root root, Root::open(plan.root_path));
  ASSIGN_OR_RETURN(const FileStat stat, root.stat(RelPath()));
  if (stat.device != plan.root_device || stat.inode != plan.root_inode) {
    return format_error("apply", escaped(plan.root_path),
                        "this is another directory than the one that the plan was made for");
  }
  return root;
}

// A live daemon, an unfinished repair, a failing disk: the same rules as for every repair.
// The plan may be days old. What stood against a repair is looked for now, and not
// taken from the time when the plan was made.
std::string obstacle(const Root& root, unsigned jobs) {
  const Cancel cancel;
  Progress progress;
  const Result<Model> model = scan(root, jobs, cancel, progress);
  if (!model) {
    return model.error().message();
  }
  const std::vector<std::string> obstacles = repair_obstacles(*model);
  return obstacles.empty() ? "" : obstacles.front();
}

// "3 of 4 steps were made; write overlay2/...: No space left on device".
// One reason is enough here: the journal has that of each step, and docker-fsck history shows them.
void tell(const Plan& plan, const std::vector<StepResult>& results, Outcome& outcome) {
  size_t done = 0;
  std::string trouble;
  for (size_t i = 0; i < results.size(); ++i) {
    done += results[i].state == StepResult::State::Done ? 1 : 0;
    outcome.steps.push_back((results[i].state == StepResult::State::Done ? "" : "not made: ") +
                            describe(plan.steps[i].action));
    trouble = trouble.empty() ? results[i].why : trouble;
  }
  outcome.message = std::to_string(done) + " of " + counted(results.size(), "step") +
                    (results.size() == 1 ? " was made" : " were made") + (trouble.empty() ? "" : "; " + trouble);
  // Not 4: apply does not check the root, so it cannot say whether problems are left. It has
  // done what the plan said, or it has failed.
  outcome.exit_code = done == results.size() ? kExitClean : kExitFailed;
}

// No step could be taken, so no run is left behind either.
Output nothing_done(RepairRun& run, const Plan& plan, const Result<std::vector<StepResult>>& results,
                    const Options& options) {
  Outcome outcome;
  if (results) {
    tell(plan, *results, outcome);
  }
  const std::string why = results ? outcome.message : results.error().message();
  const Result<void> gone = run.abandon();
  return failure_output(options.format, why + (gone ? "; nothing was changed" : "; " + gone.error().message()),
                        kExitFailed);
}

// One run with the mode "plan", so that history tells it from repairs that a check has decided about.
Output carried_out(const Root& root, const PlanFile& plan, const Options& options, const std::string& line) {
  Outcome outcome{"apply", root.path(), {}, "", {}, line + " checks the root", 0};
  Cancel cancel;
  const SignalGuard signals(cancel);
  Progress progress;
  Result<RepairRun> run = RepairRun::begin(root, "plan");
  if (!run) {
    return failure_output(options.format, run.error().message() + "; nothing was changed", kExitFailed);
  }
  // Groups of steps stand and fall together here as in any repair: the plan file has them, so that one
  // step that fails does not undo what has nothing to do with it.
  const Result<std::vector<StepResult>> results = run->apply(plan.plan, plan.reasons, cancel, progress);
  if (!run->has_changed_something()) {
    return nothing_done(*run, plan.plan, results, options);
  }
  const Result<void> ended = run->end();
  tell(plan.plan, *results, outcome);
  outcome.runs = {run->id()};
  outcome.message += "; docker-fsck undo takes them back";
  if (!ended) {
    return failure_output(options.format, ended.error().message() + "; docker-fsck recover takes care of it",
                          kExitFailed);
  }
  // Steps that were not tried for a wish to stop and for want of memory look the same in the
  // results; the exit code keeps them apart.
  outcome.exit_code |= was_cancelled(cancel) ? kExitCancelled : is_short() ? kExitFailed : 0;
  return outcome_output(options, outcome);
}

}  // namespace

// Asks nothing: whoever names a plan that a dry run wrote and that can be read has decided.
Output run_apply(const Options& options) {
  const Result<PlanFile> plan = read_plan(options.arguments[0]);
  if (!plan) {
    return failure_output(options.format, plan.error().message(), kExitFailed);
  }
  const Result<Root> root = root_of(*plan);
  if (!root) {
    return failure_output(options.format, root.error().message(), kExitFailed);
  }
  const std::string line = "docker-fsck " + shell_word(root->path());
  if (options.mode == Mode::DryRun || plan->plan.steps.empty()) {
    Outcome outcome{"apply", root->path(), {}, "", {}, line, 0};
    for (const Step& step : plan->plan.steps) {
      outcome.steps.push_back("would " + describe(step.action));
    }
    // A dry run of apply answers what it is asked for, whether the plan still fits, and its exit code says so.
    const Result<void> holds = preconditions_hold(*root, plan->plan);
    outcome.message = "nothing was changed: " +
                      (holds ? counted(plan->plan.steps.size(), "step") + " would be taken" : holds.error().message());
    outcome.exit_code = holds ? kExitClean : kExitFailed;
    return outcome_output(options, outcome);
  }
  if (const std::string reason = obstacle(*root, options.jobs); !reason.empty()) {
    return failure_output(options.format, "nothing was changed: " + reason, kExitFailed);
  }
  // The run looks again under its lock. This look is for the message: it names what has
  // changed before anything is made in the root.
  if (const Result<void> holds = preconditions_hold(*root, plan->plan); !holds) {
    return failure_output(options.format, "nothing was changed: " + holds.error().message(), kExitFailed);
  }
  return carried_out(*root, *plan, options, line);
}

}  // namespace dfsck
