// Builds sample reports with the texts of the real table.
#include "tests/support/sample_report.h"

#include <cstdlib>

namespace dfsck {

std::string sample_id(char digit) { return std::string(64, digit); }

SampleReport::SampleReport() {
  report.root = "/r";
  report.driver = "overlay2";
  report.counts = {{"images", 2}, {"layers", 3}, {"containers", 1}, {"zebras", 4}};
}

size_t SampleReport::add(std::string_view slug, const std::map<std::string, std::string>& args) {
  const Problem* problem = find_problem(slug);
  if (problem == nullptr) {
    std::abort();  // the test names a problem that is not in the table
  }
  ReportedFinding reported;
  reported.finding.problem = problem->id;
  reported.finding.subject = Subject{SubjectKind::OverlayDir, sample_id('a')};
  reported.finding.path = RelPath("overlay2") / sample_id('a');
  reported.finding.args = args;
  reported.message = filled(problem->text, reported.finding);
  reported.consequence = filled(problem->consequence, reported.finding);
  reported.remedy = filled(problem->remedy, reported.finding);
  reported.repair_status = problem->severity == Severity::Info ? "none" : "impossible";
  report.findings.push_back(reported);
  return report.findings.size() - 1;
}

void SampleReport::plan(size_t finding, Action action) {
  report.findings[finding].steps.push_back(report.plan.steps.size());
  report.findings[finding].repair_status = "planned";
  report.plan.steps.push_back({std::move(action), Expect{.absent = true, .digest = {}}, {finding}});
}

SampleReport sample_of_everything() {
  SampleReport sample;
  const std::string dir = sample_id('a');
  const size_t merged = sample.add("merged-left", {{"dir", sample_id('b')}});
  sample.add("merged-left", {{"dir", sample_id('c')}});
  const size_t link = sample.add("short-link-missing", {{"link", "LINK"}, {"dir", dir}});
  const size_t orphan = sample.add("overlay-dir-orphan", {{"dir", sample_id('d')}, {"size", "1.0 GB"}});
  const size_t image =
      sample.add("image-layer-unloadable", {{"image", "app:1"}, {"layer", "sha256:" + sample_id('e')}});
  sample.caused_by(image, link);
  sample.affects(link) = {{"sha256:" + sample_id('f')}, {"app:1"}, {sample_id('1')}};
  sample.plan(link, WriteSymlink{RelPath("overlay2/l/LINK"), "../" + dir + "/diff"});
  sample.plan(orphan, Quarantine{RelPath("overlay2") / sample_id('d')});
  sample.report.findings[merged].finding.subject = {SubjectKind::OverlayDir, sample_id('b')};
  return sample;
}

}  // namespace dfsck
