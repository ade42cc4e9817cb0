// The loop of a repair. Repairs can uncover damage that could not be seen before, and garbage that nothing refers to
// any longer, so the root is checked after each pass, and what can be repaired then is repaired in the next.
#include "checks/repair/repair.h"

#include <algorithm>
#include <optional>

#include "checks/leftovers/leftovers.h"
#include "checks/obstacles.h"
#include "checks/repair/repair_record.h"
#include "core/base/shortage.h"
#include "core/base/try.h"
#include "core/journal/repair_run.h"
#include "core/run/was_cancelled.h"

namespace dfsck {
namespace {

// Steps that did not help are not taken again, so this only bounds what nobody has thought of.
constexpr size_t kMaxPasses = 8;

class Repair {
 public:
  Repair(const Root& root, const CheckOptions& options, const RepairOptions& repair, const Cancel& cancel,
         Progress& progress)
      : root_(root), options_(options), repair_(repair), cancel_(cancel), progress_(progress) {}

  Result<RootReport> make() {
    ASSIGN_OR_RETURN(Examination first, look());
    first_.emplace(std::move(first));
    // The report speaks of the findings of the first look: these are what the user saw, or would have seen.
    record_.emplace(first_->report(), repair_.mode);
    record_->outcome().obstacles = repair_obstacles(first_->model());
    if (record_->outcome().obstacles.empty() && !first_->report().cancelled) {
      while (record_->outcome().passes < kMaxPasses && pass()) {
      }
      end();
    }
    // Remapped roots are roots of their own, each with its own journal and its own locks.
    RootReport report = record_->take();
    add_roots_below(
        root_, first_->model(),
        [&](const Root& inner) { return Repair(inner, options_, repair_, cancel_, progress_).make(); }, report);
    report.cancelled = report.cancelled || was_cancelled(cancel_);
    return report;
  }

 private:
  const Examination& now() const { return last_ ? *last_ : *first_; }

  Result<Examination> look() {
    progress_.items_done = 0;
    progress_.items_total = 0;
    progress_.bytes_done = 0;
    progress_.bytes_total = 0;
    return Examination::make(root_, options_, OwnRepair{run_ ? run_->id() : ""}, cancel_, progress_);
  }

  // What the mode, or the person, chooses of what the last look offers.
  std::vector<size_t> choose() {
    const RootReport& report = now().report();
    std::vector<size_t> chosen;
    if (repair_.mode != Mode::Ask) {
      for (size_t i = 0; i < report.findings.size(); ++i) {
        if (report.findings[i].has_repair() && record_->is_untried(report, i) &&
            makes_repairs_of(repair_.mode, problem_of(report.findings[i].finding.problem).safety)) {
          chosen.push_back(i);
        }
      }
      return chosen;
    }
    std::vector<RepairGroup> groups = repair_groups(report);
    std::erase_if(groups, [&](const RepairGroup& group) {
      return std::none_of(group.begin(), group.end(), [&](size_t i) { return record_->is_untried(report, i); });
    });
    if (groups.empty() || quit_) {
      return chosen;
    }
    // Once for a group, in the first pass that shows it: a repair that failed is not asked about again.
    const Answers answers = repair_.ask(report, groups);
    quit_ = answers.quit;
    for (size_t i = 0; i < groups.size(); ++i) {
      if (i < answers.chosen.size() && answers.chosen[i]) {
        chosen.insert(chosen.end(), groups[i].begin(), groups[i].end());
      }
    }
    record_->set_asked(report, groups);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

  // True if something was changed, so that another look may find more to repair.
  bool pass() {
    const Plan plan = now().plan_for(choose());
    if (plan.steps.empty() || cancel_.requested() || !begin()) {
      return false;
    }
    ++record_->outcome().passes;
    progress_.phase = Progress::Phase::Repairing;
    progress_.items_done = 0;
    progress_.items_total = plan.steps.size();
    const RootReport& report = now().report();
    // An error here means that nothing of this plan was changed, so what earlier passes did stands.
    Result<std::vector<StepResult>> results = run_->apply(plan, reasons_of(report), cancel_, progress_);
    if (!results) {
      record_->outcome().obstacles.push_back(results.error().message());
      return false;
    }
    record_->add_steps(report, plan, *results);
    const bool changed = std::any_of(results->begin(), results->end(),
                                     [](const StepResult& result) { return result.state == StepResult::State::Done; });
    if (const std::optional<Error> shortage = noted_shortage(); changed && shortage) {
      record_->failed("checking again: " + shortage->message());
    }
    // No second look where nothing changed: it would find the same and take as long.
    if (!changed || cancel_.requested()) {
      return false;
    }
    Result<Examination> again = look();
    if (!again) {
      record_->failed("checking again: " + again.error().message());
      return false;
    }
    if (again->report().cancelled) {
      return false;
    }
    record_->add_look(again->report());
    last_.emplace(std::move(*again));
    return true;
  }

  // Only when there is something to do: a run leaves a directory in the root,
  // and a repair that finds nothing must not.
  bool begin() {
    if (run_) {
      return true;
    }
    Result<RepairRun> begun = RepairRun::begin(root_, mode_name(repair_.mode));
    if (!begun) {
      record_->outcome().obstacles.push_back(begun.error().message());
      return false;
    }
    run_.emplace(std::move(*begun));
    record_->outcome().run = run_->id();
    return true;
  }

  void end() {
    if (!run_) {
      return;
    }
    if (!run_->has_changed_something()) {  // what failed is in the report; there is nothing to take back
      if (const Result<void> gone = run_->abandon(); gone) {
        record_->outcome().run.clear();
        run_.reset();
        return;
      }
    }
    // What was done is done and in the journal; only its last line is missing, and recover writes that.
    if (const Result<void> ended = run_->end(); !ended) {
      record_->failed("ending the repair: " + ended.error().message() + "; docker-fsck recover takes care of it");
    }
    record_->compare([this](size_t finding) { return now().was_hidden_from(*first_, finding); });
    mark_loss();
  }

  // What took something away that users can see leaves a mark; this check says so as every later one will.
  void mark_loss() {
    const Result<std::vector<RunRecord>> runs = list_runs(root_);
    for (const RunRecord& run : runs ? *runs : std::vector<RunRecord>{}) {
      const std::optional<Finding> loss = run.id == run_->id() ? open_loss(run) : std::nullopt;
      if (loss) {
        const std::map<std::string, Subject> losses = open_losses({&run, 1});
        record_->add_mark(in_words(*loss),
                          [&](const Finding& finding) { return losses.contains(finding.path.text()); });
      }
    }
  }

  const Root& root_;
  const CheckOptions& options_;
  const RepairOptions& repair_;
  const Cancel& cancel_;
  Progress& progress_;
  std::optional<Examination> first_;
  std::optional<Examination> last_;  // after the last pass
  std::optional<RepairRecord> record_;
  std::optional<RepairRun> run_;
  bool quit_ = false;
};

}  // namespace

std::vector<Reason> reasons_of(const RootReport& report) {
  std::vector<Reason> reasons;
  for (const ReportedFinding& reported : report.findings) {
    const Problem& problem = problem_of(reported.finding.problem);
    const Subject& subject = reported.finding.subject;
    reasons.push_back({problem.code(), problem.slug(),
                       std::string(subject_kind_name(subject.kind)) + (subject.id.empty() ? "" : " " + subject.id),
                       std::string(safety_name(problem.safety))});
  }
  return reasons;
}

Result<RootReport> repair_root(const Root& root, const CheckOptions& options, const RepairOptions& repair,
                               const Cancel& cancel, Progress& progress) {
  return Repair(root, options, repair, cancel, progress).make();
}

}  // namespace dfsck
