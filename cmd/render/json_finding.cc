// One finding, with its words and its repair.
#include "cmd/render/json_finding.h"

namespace dfsck {
namespace {

void write_repair(const ReportedFinding& reported, const Plan& plan, JsonWriter& json) {
  json.key("repair").object();
  // What a program should go by: steps may be there and the repair blocked.
  json.key("status").text(reported.repair_status);
  if (!reported.why.empty()) {
    json.key("why").text(reported.why);
  }
  if (!reported.way_out.empty()) {
    json.key("way_out").text(reported.way_out);
  }
  // In words here; the plan has them as data, and "why" there leads back to the finding.
  json.key("steps").array();
  for (const size_t step : reported.steps) {
    if (step < plan.steps.size()) {
      json.text(describe(plan.steps[step].action));
    }
  }
  json.end_array().end_object();
}

}  // namespace

void write_finding(const ReportedFinding& reported, const Plan& plan, JsonWriter& json) {
  const Finding& finding = reported.finding;
  const Problem& problem = problem_of(finding.problem);
  json.object();
  // Code and slug mean the same. Programs go by either; the messages are for people and may change.
  json.key("code").text(problem.code());
  json.key("slug").text(problem.slug());
  json.key("severity").text(severity_name(problem.severity));
  json.key("safety").text(safety_name(problem.safety));
  json.key("subject").object();
  json.key("kind").text(subject_kind_name(finding.subject.kind));
  json.key("id").text(finding.subject.id);
  json.end_object();
  // Relative to the root, escaped: bytes that are not UTF-8 are \xNN.
  json.key("path").text(finding.path.text());
  json.key("message").text(reported.message);
  json.key("consequence").text(reported.consequence);
  json.key("remedy").text(reported.remedy);
  // The parts of the message, so that nobody has to take sentences apart.
  json.key("args").object();
  for (const auto& [name, value] : finding.args) {
    json.key(name).text(value);
  }
  json.end_object();
  // Worked out over the whole root: images by their layers, containers by their mounts.
  json.key("affects").object();
  json.key("images").texts(finding.affects.images);
  json.key("tags").texts(finding.affects.tags);
  json.key("containers").texts(finding.affects.containers);
  json.end_object();
  // An index into "findings" of the same list.
  json.key("caused_by");
  if (finding.caused_by) {
    json.number(uint64_t{*finding.caused_by});
  } else {
    json.null();
  }
  write_repair(reported, plan, json);
  json.end_object();
}

}  // namespace dfsck
