// Damage is judged by the checks' own findings.
#include "checks/migration/verdict.h"

#include <algorithm>
#include <map>

#include "checks/problems.h"
#include "checks/runner.h"
#include "core/base/errno_class.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

constexpr size_t kShownFindings = 10;

bool is_repaired(const ReportedFinding& reported) {
  return problem_of(reported.finding.problem).safety == Safety::Safe && reported.has_repair();
}

// What follows from something that is repaired ends with it.
// Only safe repairs count, because only these are made in the target, and without asking.
bool is_lasting(const RootReport& report, const ReportedFinding& reported) {
  // What is a link in the source is a directory in the target.
  if (problem_of(reported.finding.problem).severity != Severity::Error ||
      reported.finding.problem == problem::driver_linked ||
      reported.finding.problem == problem::writable_layer_linked) {
    return false;
  }
  const ReportedFinding* at = &reported;
  for (size_t steps = 0; steps <= report.findings.size(); ++steps) {
    if (is_repaired(*at)) {
      return false;
    }
    if (!at->finding.caused_by) {
      return true;
    }
    at = &report.findings[*at->finding.caused_by];
  }
  return true;
}

// By tags where there are some: it is about to be decided whether these images are worth a stop.
void add_finding(const RootReport& report, const ReportedFinding& reported, DamagedLayer& layer) {
  if (layer.findings.size() < kShownFindings) {
    layer.findings.push_back(reported.message);
  } else {
    ++layer.more;
  }
  layer.repairable = layer.repairable && !is_lasting(report, reported);
  const Affected& affects = reported.finding.affects;
  const std::vector<std::string>& images = affects.tags.empty() ? affects.images : affects.tags;
  layer.images.insert(layer.images.end(), images.begin(), images.end());
}

// The layer that a finding of its contents is about.
std::optional<ChainId> layer_of(const Finding& finding) {
  if (problem_of(finding.problem).check != "layer_content") {
    return std::nullopt;
  }
  const Subject& layer = finding.hits.empty() ? finding.subject : finding.hits.front();
  return layer.kind == SubjectKind::Layer ? ChainId::parse(layer.id) : std::nullopt;
}

void add_findings(const RootReport& report, std::map<ChainId, DamagedLayer>& layers) {
  for (const ReportedFinding& reported : report.findings) {
    const std::optional<ChainId> id = layer_of(reported.finding);
    if (const auto layer = id ? layers.find(*id) : layers.end(); layer != layers.end()) {
      add_finding(report, reported, layer->second);
    }
  }
  for (const RootReport& below : report.below) {
    add_findings(below, layers);
  }
}

}  // namespace

size_t lasting_errors(const RootReport& report) {
  size_t errors =
      static_cast<size_t>(std::count_if(report.findings.begin(), report.findings.end(),
                                        [&](const ReportedFinding& reported) { return is_lasting(report, reported); }));
  for (const RootReport& below : report.below) {
    errors += lasting_errors(below);
  }
  return errors;
}

// Only the layers in question are read again, by the check that any root gets: a verdict of the copy's
// own would be a second opinion to keep in step.
std::vector<DamagedLayer> judge_damaged_layers(const MigrationSource& source, const std::set<ChainId>& layers,
                                               unsigned jobs, const Cancel& cancel, Progress& progress) {
  if (layers.empty()) {
    return {};
  }
  std::map<ChainId, DamagedLayer> judged;
  for (const ChainId& layer : layers) {
    judged.emplace(layer, DamagedLayer{layer, {}, 0, {}, true});
  }
  const CheckOptions options{Level::Full, jobs, {}, {}, nullptr, layers};
  if (const Result<RootReport> report = source.check(options, cancel, progress); report) {
    add_findings(*report, judged);
  }
  std::vector<DamagedLayer> damaged;
  for (auto& [id, layer] : judged) {
    if (layer.findings.empty()) {
      // Bad sectors come and go.
      layer.repairable = false;
      layer.findings.emplace_back("it could not be read as a whole when it was copied");
    }
    std::sort(layer.images.begin(), layer.images.end());
    layer.images.erase(std::unique(layer.images.begin(), layer.images.end()), layer.images.end());
    damaged.push_back(std::move(layer));
  }
  return damaged;
}

// A refusal or a shortage is no damage: it must not be written down as what the layer is.
std::string withheld_from(const UnitResult& layer) {
  for (const CopyProblem& problem : layer.problems) {
    if (problem.loses_data() && (was_withheld(problem.code) || is_shortage(problem.code))) {
      return escaped(problem.path) + ": " + problem.detail;
    }
  }
  return layer.verdict && layer.verdict->is_unknown() ? layer.verdict->reason : "";
}

}  // namespace dfsck
