// The whole of a check, in order: scan, derive, verify content, judge, sort, link causes, plan.
#include "checks/runner.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "checks/blocked_repairs.h"
#include "checks/impact.h"
#include "checks/input.h"
#include "checks/leftovers/leftovers.h"
#include "checks/liveness.h"
#include "checks/obstacles.h"
#include "checks/planner.h"
#include "checks/unread.h"
#include "core/base/errno_class.h"
#include "core/base/shortage.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/base/unread.h"
#include "core/content/layers/hidden_layers.h"
#include "core/content/layers/shared_dirs.h"
#include "core/content/layers/verify_layers.h"
#include "core/heal/configs.h"
#include "core/heal/references.h"
#include "core/heal/remedies.h"
#include "core/journal/history.h"
#include "core/run/parallel.h"
#include "core/run/was_cancelled.h"

namespace dfsck {
namespace {

bool matches(const Problem& problem, std::string_view selector) {
  const Problem* named = find_problem(selector);
  return named != nullptr ? named->id == problem.id : problem.area() == selector;
}

bool is_selected(const Problem& problem, const CheckOptions& options) {
  const auto any = [&](const std::vector<std::string>& selectors) {
    return std::any_of(selectors.begin(), selectors.end(),
                       [&](const std::string& selector) { return matches(problem, selector); });
  };
  return (options.only.empty() || any(options.only)) && !any(options.skip);
}

// Contents are most of the work. Where no problem of theirs is asked for, no layer is opened.
bool wants_content(const CheckOptions& options) {
  const auto problems = all_problems();
  return options.level != Level::Structure &&
         std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
           return (problem.check == "layer_content" || problem.check == "layer_duplicates") &&
                  is_selected(problem, options);
         });
}

const Donors& donors_of(const CheckOptions& options) {
  static const Donors none;
  return options.donors != nullptr ? *options.donors : none;
}

// All checks run at once, each into a slot of its own; the merged list has one order whatever ran first.
std::vector<Finding> run_checks(const CheckInput& input, const CheckOptions& options, const Cancel& cancel) {
  const auto checks = all_checks();
  std::vector<std::vector<Finding>> slots(checks.size());
  for_each_index(checks.size(), options.jobs, cancel, [&](size_t i) {
    FindingSink sink;
    checks[i].run(input, sink);
    slots[i] = sink.take();
  });
  std::vector<Finding> findings;
  for (std::vector<Finding>& slot : slots) {
    for (Finding& finding : slot) {
      if (is_selected(problem_of(finding.problem), options)) {
        findings.push_back(std::move(finding));
      }
    }
  }
  const auto key = [](const Finding& finding) {
    return std::tuple(!is_urgent(finding.problem), finding.problem,
                      std::tie(finding.subject, finding.path, finding.args));
  };
  std::sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  return findings;
}

// A cause is named by its subject; the gravest finding that speaks of that subject is meant, and the first of these.
void link_causes(std::vector<Finding>& findings) {
  std::map<Subject, size_t> gravest;
  const auto severity = [&](size_t i) { return problem_of(findings[i].problem).severity; };
  for (size_t i = 0; i < findings.size(); ++i) {
    const auto [known, added] = gravest.try_emplace(findings[i].subject, i);
    if (!added && severity(i) < severity(known->second)) {
      known->second = i;
    }
  }
  for (size_t i = 0; i < findings.size(); ++i) {
    const auto cause = findings[i].cause ? gravest.find(*findings[i].cause) : gravest.end();
    if (cause != gravest.end() && cause->second != i && findings[cause->second].caused_by != i) {
      findings[i].caused_by = cause->second;
    }
  }
}

// For "looked at" in the summary: a report without findings shows by these numbers that it was the right root.
void count_things(const Model& model, const ContentResults& content, RootReport& report) {
  report.counts["images"] = model.images.images.size();
  report.counts["tags"] = model.images.references.references.size();
  report.counts["layers"] = model.layers.layers.size();
  report.counts["containers"] = model.containers.containers.size();
  report.counts["overlay_dirs"] = model.overlay.dirs.size();
  report.counts["links"] = model.overlay.links.size();
  report.counts["volumes"] = model.volumes.volumes.size();
  report.counts["networks"] =
      static_cast<uint64_t>(std::count_if(model.networks.records.begin(), model.networks.records.end(),
                                          [](const NetworkRecord& record) { return record.kind == "network"; }));
  report.counts["build_records"] = model.build_cache.snapshots.size();
  for (const LayerVerdict& verdict : content.layers) {
    report.counts["files"] += verdict.entries;
    report.counts["bytes_hashed"] += verdict.bytes_hashed;
    report.counts["layers_verified"] += verdict.state == LayerVerdict::State::Verified ? 1 : 0;
  }
}

// These name in "object" what the check had to leave out.
bool is_about_what_was_not_checked(ProblemId id) {
  return id == problem::layers_not_checked || id == problem::containerd_store_not_checked ||
         id == problem::content_hidden || id == problem::content_mounted_over;
}

void add_findings(const CheckInput& input, std::vector<Finding>& findings, RootReport& report) {
  const Impact impact(input.model, input.derived);
  const std::map<std::string, Subject> losses = open_losses(input.runs);
  for (Finding& finding : findings) {
    if (const auto loss = losses.find(finding.path.text()); !finding.cause && loss != losses.end()) {
      finding.cause = loss->second;
    }
    finding.affects = impact.of(finding.hits.empty() ? std::vector{finding.subject} : finding.hits);
  }
  link_causes(findings);
  const std::vector<std::string> barred = barred_repairs(input, findings);
  std::vector<size_t> repairable;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (barred[i].empty()) {
      repairable.push_back(i);
    }
  }
  SettledPlan settled = settle_plan(input, findings, repairable);
  report.plan = std::move(settled.plan);
  for (const PlanConflict& conflict : report.plan.conflicts) {
    report.failures.push_back("two repairs of " + conflict.path.text() +
                              " contradict each other; neither is planned (this is a bug of docker-fsck)");
  }
  for (const Finding& finding : findings) {
    ReportedFinding& reported = report.findings.emplace_back(in_words(finding));
    const size_t number = report.findings.size() - 1;
    const auto left_out = settled.left_out.find(number);
    reported.why = left_out != settled.left_out.end() ? left_out->second : barred[number];
    if (is_about_what_was_not_checked(finding.problem)) {
      report.not_checked.push_back(finding.args.at("object"));
    }
  }
  for (size_t step = 0; step < report.plan.steps.size(); ++step) {
    for (const size_t finding : report.plan.steps[step].findings) {
      report.findings[finding].steps.push_back(step);
    }
  }
  for (ReportedFinding& reported : report.findings) {
    if (!reported.steps.empty()) {
      reported.repair_status = "planned";
    }
  }
  mark_blocked_repairs(input.root, report);
}

}  // namespace

ReportedFinding in_words(const Finding& finding) {
  const Problem& problem = problem_of(finding.problem);
  ReportedFinding reported;
  reported.finding = finding;
  reported.message = filled(problem.text, finding);
  reported.consequence = filled(problem.consequence, finding);
  reported.remedy = filled(problem.remedy, finding);
  reported.repair_status = problem.severity == Severity::Info ? "none" : "impossible";
  return reported;
}

bool is_selector(std::string_view name) {
  const auto areas = all_areas();
  return find_problem(name) != nullptr ||
         std::any_of(areas.begin(), areas.end(), [&](const Area& area) { return area.name == name; });
}

// What was read, where it does not move: the checks' input refers to it.
struct Examination::State {
  State(const Root& looked_at, Level depth, std::shared_ptr<const Model> read, const Rulings& rulings)
      : shared_model(std::move(read)),
        derived(derive(*shared_model, rulings)),
        input{looked_at, *shared_model, derived, content, sizes, depth} {}

  // The parts of a look, in their order.
  void read_runs();
  // Where unread places began that were not searched for what is lost; nothing where nothing was searched.
  std::optional<size_t> read_content(const CheckOptions& options, const Cancel& cancel, Progress& progress);
  void describe_root(Level level);
  void judge(const CheckOptions& options, std::optional<size_t> searched_from, const Cancel& cancel);

  const std::shared_ptr<const Model> shared_model;
  const Derived derived;
  ContentResults content;
  DirSizes sizes;
  std::vector<RunRecord> runs;
  CheckInput input;
  std::vector<Finding> findings;  // as the report has them
  RootReport report;
};

void Examination::State::read_runs() {
  if (Result<std::vector<RunRecord>> listed = list_runs(input.root); listed) {
    runs = std::move(*listed);
  } else if (!is_refusal(listed.error().code)) {  // that is a failure of the scan already
    report.failures.push_back(listed.error().message());
  }
  input.runs = runs;
}

std::optional<size_t> Examination::State::read_content(const CheckOptions& options, const Cancel& cancel,
                                                       Progress& progress) {
  const Root& root = input.root;
  const Model& model = input.model;
  const Donors& donors = donors_of(options);
  std::optional<size_t> searched_from;
  if (wants_content(options)) {
    content =
        verify_layers(root, model, derived, options.layers ? &*options.layers : nullptr,
                      options.level == Level::Full ? Depth::Full : Depth::Headers, options.jobs, cancel, progress);
    take_back_all_hidden(root, model, derived, content);
    searched_from = unread_so_far();
    find_remedies(root, model, derived, donors, options.jobs, cancel, progress, content);
    rebuild_references(root, model, derived, donors, options.jobs, cancel, progress, content);
  }
  if (options.level != Level::Structure && !options.layers) {
    sizes = measure_unowned(root, model, derived, options.jobs, cancel);
  }
  return searched_from;
}

void Examination::State::describe_root(Level level) {
  report.root = input.root.path();
  report.driver = input.model.driver;
  report.level = level;
  report.evidence = live_evidence(input.model);
  report.live = !report.evidence.empty();
  report.as_root = input.model.host.is_root;
  count_things(input.model, content, report);
  add_unread(input.model, content, report);
}

void Examination::State::judge(const CheckOptions& options, std::optional<size_t> searched_from, const Cancel& cancel) {
  findings = run_checks(input, options, cancel);
  drop_what_hangs_on_unread(input.model, findings);
  if (searched_from) {
    note_search(input.root, *searched_from, findings, report);
  }
  const size_t planned_from = unread_so_far();
  add_findings(input, findings, report);
  note_planning(input.root, planned_from, report);
  report.cancelled = was_cancelled(cancel);
}

Examination::Examination(std::unique_ptr<State> state) : state_(std::move(state)) {}
Examination::Examination(Examination&&) noexcept = default;
Examination& Examination::operator=(Examination&&) noexcept = default;
Examination::~Examination() = default;

const RootReport& Examination::report() const { return state_->report; }
const Model& Examination::model() const { return *state_->shared_model; }
const Derived& Examination::derived() const { return state_->derived; }

Result<Examination> Examination::make(const Root& root, const CheckOptions& options, const OwnRepair& own,
                                      const Cancel& cancel, Progress& progress) {
  ASSIGN_OR_RETURN(Model scanned, scan(root, options.jobs, cancel, progress, own));
  auto model = std::make_shared<const Model>(with_configs(std::move(scanned), donors_of(options)));
  return of(root, std::move(model), options, cancel, progress);
}

Result<Examination> Examination::of(const Root& root, std::shared_ptr<const Model> model, const CheckOptions& options,
                                    const Cancel& cancel, Progress& progress) {
  const bool reads_files = wants_content(options) && options.level == Level::Full;
  const Rulings rulings = reads_files ? judge_shared_dirs(root, *model, options.jobs, cancel, progress) : Rulings{};
  auto state = std::make_unique<State>(root, options.level, std::move(model), rulings);
  state->read_runs();
  const std::optional<size_t> searched_from = state->read_content(options, cancel, progress);
  progress.phase = Progress::Phase::Checking;
  state->describe_root(options.level);
  state->judge(options, searched_from, cancel);
  if (const std::optional<Error> shortage = noted_shortage(); shortage) {
    return *shortage;
  }
  return Examination(std::move(state));
}

Plan Examination::plan_for(std::vector<size_t> chosen) const {
  Plan plan = settle_plan(state_->input, state_->findings, std::move(chosen)).plan;
  plan.conflicts.clear();
  return plan;
}

bool Examination::knows_duplicate(const std::string& dir) const {
  const std::vector<DuplicateDirectory>& duplicates = state_->content.duplicates;
  return std::any_of(duplicates.begin(), duplicates.end(), [&](const DuplicateDirectory& duplicate) {
    return model().overlay.dirs[duplicate.dir].id.text() == dir;
  });
}

bool Examination::was_hidden_from(const Examination& earlier, size_t finding) const {
  const std::string_view check = problem_of(state_->findings[finding].problem).check;
  if (check == "layer_duplicates") {
    return !earlier.knows_duplicate(state_->findings[finding].subject.id);
  }
  if (check != "layer_content") {
    return false;
  }
  const auto layer_of = [](const Examination& look, const Layer& wanted) -> const LayerVerdict* {
    const Layer* layer = look.model().layers.find(wanted.id);
    const std::vector<LayerVerdict>& verdicts = look.state_->content.layers;
    const size_t number =
        layer == nullptr ? verdicts.size() : static_cast<size_t>(layer - look.model().layers.layers.data());
    return number < verdicts.size() ? &verdicts[number] : nullptr;
  };
  const Finding& found = state_->findings[finding];
  const std::string chain = found.subject.kind == SubjectKind::Layer
                                ? found.subject.id
                                : found.subject.id.substr(0, found.subject.id.rfind(':'));
  const std::optional<ChainId> id = ChainId::parse(found.hits.empty() ? chain : found.hits.front().id);
  const Layer* layer = id ? model().layers.find(*id) : nullptr;
  const LayerVerdict* before = layer == nullptr ? nullptr : layer_of(earlier, *layer);
  return before == nullptr ||
         (before->state != LayerVerdict::State::Verified && before->state != LayerVerdict::State::HeadersMatch &&
          before->state != LayerVerdict::State::Damaged);
}

// A root below that cannot be looked at fails the report of the one above, and is not passed over.
void add_roots_below(const Root& root, const Model& model, const LookBelow& look, RootReport& report) {
  for (const std::string& name : model.entries.remapped_roots) {
    const Result<Root> inner = root.open_below(*RelPath::parse(name));
    Result<RootReport> below = inner ? look(*inner) : inner.error();
    if (below) {
      report.below.push_back(std::move(*below));
    } else {
      report.failures.push_back(below.error().message());
    }
  }
}

Result<RootReport> check_root(const Root& root, const CheckOptions& options, const Cancel& cancel, Progress& progress) {
  ASSIGN_OR_RETURN(const Examination examined, Examination::make(root, options, OwnRepair{}, cancel, progress));
  RootReport report = examined.report();
  add_roots_below(
      root, examined.model(), [&](const Root& inner) { return check_root(inner, options, cancel, progress); }, report);
  report.cancelled = was_cancelled(cancel);
  return report;
}

}  // namespace dfsck
