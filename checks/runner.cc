// The whole of a check, in order: scan, derive, verify content, judge, sort, link causes, plan.
#include "checks/runner.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "checks/impact.h"
#include "checks/input.h"
#include "checks/liveness.h"
#include "checks/planner.h"
#include "core/base/text.h"
#include "core/content/verify_layers.h"
#include "core/run/parallel.h"

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

bool wants_content(const CheckOptions& options) {
  const auto problems = all_problems();
  return options.level != Level::Structure &&
         std::any_of(problems.begin(), problems.end(), [&](const Problem& problem) {
           return problem.check == "layer_content" && is_selected(problem, options);
         });
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
    return std::tie(finding.problem, finding.subject, finding.path, finding.args);
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

void count_things(const Model& model, const ContentResults& content, RootReport& report) {
  report.counts["images"] = model.images.images.size();
  report.counts["tags"] = model.images.references.references.size();
  report.counts["layers"] = model.layers.layers.size();
  report.counts["containers"] = model.containers.containers.size();
  report.counts["overlay_dirs"] = model.overlay.dirs.size();
  report.counts["links"] = model.overlay.links.size();
  report.counts["volumes"] = model.volumes.volumes.size();
  report.counts["networks"] = static_cast<uint64_t>(
      std::count_if(model.networks.records.begin(), model.networks.records.end(),
                    [](const NetworkRecord& record) { return record.kind == "network"; }));
  report.counts["build_records"] = model.build_cache.snapshots.size();
  for (const LayerVerdict& verdict : content.layers) {
    report.counts["files"] += verdict.entries;
    report.counts["bytes_hashed"] += verdict.bytes_hashed;
    report.counts["layers_verified"] += verdict.state == LayerVerdict::State::Verified ? 1 : 0;
  }
}

void add_findings(const CheckInput& input, std::vector<Finding> findings, RootReport& report) {
  const Impact impact(input.model, input.derived);
  for (Finding& finding : findings) {
    finding.affects = impact.of(finding.hits.empty() ? std::vector{finding.subject} : finding.hits);
  }
  link_causes(findings);
  report.plan = make_plan(input, findings);
  for (const PlanConflict& conflict : report.plan.conflicts) {
    report.failures.push_back("two repairs of " + conflict.path.text() +
                              " contradict each other; neither is planned (this is a bug of docker-fsck)");
  }
  for (Finding& finding : findings) {
    const Problem& problem = problem_of(finding.problem);
    ReportedFinding& reported = report.findings.emplace_back();
    reported.message = filled(problem.text, finding);
    reported.consequence = filled(problem.consequence, finding);
    reported.remedy = filled(problem.remedy, finding);
    reported.finding = std::move(finding);
  }
  for (size_t step = 0; step < report.plan.steps.size(); ++step) {
    for (const size_t finding : report.plan.steps[step].findings) {
      report.findings[finding].steps.push_back(step);
    }
  }
  for (ReportedFinding& reported : report.findings) {
    reported.repair_status = !reported.steps.empty() ? "planned"
                             : problem_of(reported.finding.problem).severity == Severity::Info ? "none"
                                                                                              : "impossible";
  }
}

void add_failures(const Model& model, RootReport& report) {
  for (const ScanFailure& failure : model.failures) {
    if (is_permission_error(failure.code)) {
      report.failures.push_back("cannot " + failure.op + " " + failure.path.text() + ": " +
                                errno_text(failure.code));
    }
  }
}

}  // namespace

bool is_selector(std::string_view name) {
  const auto areas = all_areas();
  return find_problem(name) != nullptr ||
         std::any_of(areas.begin(), areas.end(), [&](const Area& area) { return area.name == name; });
}

Result<RootReport> check_root(const Root& root, const CheckOptions& options, const Cancel& cancel,
                              Progress& progress) {
  const Result<Model> scanned = scan(root, options.jobs, cancel, progress);
  if (!scanned) {
    return scanned.error();
  }
  // From here on the model does not change, and nothing but layer trees is read.
  const Model& model = *scanned;
  const Derived derived = derive(model);
  const ContentResults content =
      wants_content(options)
          ? verify_layers(root, model, derived, options.level == Level::Full ? Depth::Full : Depth::Headers,
                          options.jobs, cancel, progress)
          : ContentResults{};
  const DirSizes sizes = options.level == Level::Structure
                             ? DirSizes{}
                             : measure_unowned(root, model, derived, options.jobs, cancel);
  progress.phase = Progress::Phase::Checking;
  const CheckInput input{root, model, derived, content, sizes, options.level};

  RootReport report;
  report.root = root.path();
  report.driver = model.driver;
  report.level = options.level;
  report.evidence = live_evidence(model);
  report.live = !report.evidence.empty();
  count_things(model, content, report);
  add_failures(model, report);
  add_findings(input, run_checks(input, options, cancel), report);

  for (const std::string& name : model.entries.remapped_roots) {
    const Result<Root> inner = root.open_below(*RelPath::parse(name));
    Result<RootReport> below = inner ? check_root(*inner, options, cancel, progress) : inner.error();
    if (below) {
      report.below.push_back(std::move(*below));
    } else {
      report.failures.push_back(below.error().message());
    }
  }
  report.cancelled = cancel.requested();
  return report;
}

}  // namespace dfsck
