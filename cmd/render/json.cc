// A report as JSON, schema "docker-fsck/report/1". Never shortened, never wrapped; keys stand in a fixed order.
#include "cmd/render/json.h"

#include <algorithm>
#include <array>

#include "cmd/options/words.h"
#include "cmd/render/json_finding.h"
#include "cmd/render/json_plan.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/render.h"
#include "cmd/render/totals.h"

namespace dfsck {
namespace {

constexpr const char* kReportSchema = "docker-fsck/report/1";

// The first ones are in the description of the schema and keep their places; others may come.
void write_counts(const std::map<std::string, uint64_t>& counts, JsonWriter& json) {
  static constexpr std::array kFirst{"images", "layers", "containers", "overlay_dirs", "links", "bytes_hashed"};
  json.key("counts").object();
  for (const char* name : kFirst) {
    if (const auto count = counts.find(name); count != counts.end()) {
      json.key(name).number(count->second);
    }
  }
  for (const auto& [name, count] : counts) {
    if (std::find(kFirst.begin(), kFirst.end(), name) == kFirst.end()) {
      json.key(name).number(count);
    }
  }
  json.end_object();
}

// The plan stands beside the findings that its "why" counts from: both are of the same look at the root.
void write_findings(const RootReport& report, JsonWriter& json) {
  json.key("findings").array();
  for (const ReportedFinding& reported : report.findings) {
    write_finding(reported, report.plan, json);
  }
  json.end_array();
  json.key("plan");
  write_plan(report.plan, report.repair ? report.repair->results : std::vector<StepResult>{}, json);
}

// Relative to the root, as all paths of the document are.
std::string journal_path(const RootReport& report) {
  return report.repair && !report.repair->run.empty() ? ".docker-fsck/" + report.repair->run + "/journal" : "";
}

// Of this root alone.
void write_repair_counts(const RootReport& report, JsonWriter& json) {
  const RepairTotals totals = repair_totals_alone(report);
  const RootReport& now = report.now();
  json.key("done").number(uint64_t{totals.done});
  json.key("failed").number(uint64_t{totals.failed});
  json.key("not_tried").number(uint64_t{totals.not_tried});
  json.key("left").number(uint64_t{now.count(Severity::Error) + now.count(Severity::Warning)});
  json.key("not_tried_because").array();
  for (const auto& [why, count] : totals.why_not) {
    json.object();
    json.key("why").text(why);
    json.key("count").number(uint64_t{count});
    json.end_object();
  }
  json.end_array();
}

// "findings" of the document are those from before the repair, each with what became of it. "after" is
// the check that followed, complete: a program that wants to know how the root is now reads that alone.
void write_outcome(const RootReport& report, JsonWriter& json) {
  json.key("repair");
  if (!report.repair) {
    json.null();
    return;
  }
  json.object();
  json.key("obstacles").texts(report.repair->obstacles);
  json.key("journal");
  if (const std::string journal = journal_path(report); !journal.empty()) {
    json.text(journal);
  } else {
    json.null();
  }
  write_repair_counts(report, json);
  json.key("passes").number(uint64_t{report.repair->passes});
  json.key("after");
  if (report.after.empty()) {
    json.null();
  } else {
    json.object();
    write_findings(report.after.front(), json);
    json.key("failures").texts(report.after.front().failures);
    // Indices into the findings of "after". An empty list is the promise that nothing got worse.
    json.key("new").array();
    for (const size_t finding : report.repair->added) {
      json.number(uint64_t{finding});
    }
    json.end_array().end_object();
  }
  json.end_object();
}

// Of this root and all below it, as the exit code is.
void write_summary(const RootReport& report, JsonWriter& json) {
  const Totals totals = totals_of(report);
  const Totals now = totals_now(report);
  const RepairTotals repaired = repair_totals(report);
  json.key("summary").object();
  json.key("errors").number(uint64_t{totals.errors});
  json.key("warnings").number(uint64_t{totals.warnings});
  json.key("infos").number(uint64_t{totals.infos});
  json.key("repaired").number(uint64_t{repaired.errors + repaired.warnings});
  json.key("left").number(uint64_t{now.errors + now.warnings});
  json.end_object();
}

// The only part of the document that differs from run to run, and there only if it was asked for.
void write_timing(const Timing& timing, JsonWriter& json) {
  json.key("timing").object();
  json.key("wall_seconds").seconds(timing.wall_seconds);
  json.key("cpu_seconds").seconds(timing.cpu_seconds);
  json.key("peak_memory_bytes").number(timing.peak_memory_bytes);
  json.key("bytes_hashed").number(timing.bytes_hashed);
  json.key("jobs").number(uint64_t{timing.jobs});
  json.end_object();
}

}  // namespace

// The same keys for a root and for each below it, and for the checks in the document of a migration.
void write_root(const RootReport& report, JsonWriter& json) {
  json.key("root").text(report.root);
  json.key("driver").text(report.driver);
  json.key("mode").text(mode_name(report.mode));
  json.key("level").text(level_name(report.level));
  // Beside the findings, since it is about how far they can be trusted: a daemon at work changes what was read.
  json.key("daemon").object();
  json.key("live").boolean(report.live);
  json.key("evidence").texts(report.evidence);
  json.end_object();
  write_counts(report.counts, json);
  write_findings(report, json);
  write_outcome(report, json);
  json.key("failures").texts(report.failures);
  json.key("not_checked").texts(report.not_checked);
  json.key("cancelled").boolean(report.cancelled);
  json.key("below").array();
  for (const RootReport& below : report.below) {
    json.object();
    write_root(below, json);
    json.end_object();
  }
  json.end_array();
}

std::string render_json(const RootReport& report, const RenderSettings& settings) {
  JsonWriter json;
  json.object();
  json.key("schema").text(kReportSchema);
  json.key("version").text(DFSCK_VERSION);
  write_root(report, json);
  write_summary(report, json);
  json.key("journal");
  if (const std::string journal = journal_path(report); !journal.empty()) {
    json.text(journal);
  } else {
    json.null();
  }
  if (settings.timing) {
    write_timing(*settings.timing, json);
  }
  json.key("exit_code").number(exit_code(report, settings.strict));
  json.end_object();
  return json.take();
}

// The same schema and "exit_code" as a report, and "error" in place of all else: a reader that looks
// for "findings" and finds none does not take that for a clean root.
std::string render_json_error(const std::string& message, int exit_code) {
  JsonWriter json;
  json.object();
  json.key("schema").text(kReportSchema);
  json.key("version").text(DFSCK_VERSION);
  json.key("error").object();
  json.key("message").text(message);
  json.end_object();
  json.key("exit_code").number(exit_code);
  json.end_object();
  return json.take();
}

}  // namespace dfsck
