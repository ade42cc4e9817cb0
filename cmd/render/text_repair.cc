// Groups what was repaired by problem, in the order of the table, and caps repeats as the findings do.
#include "cmd/render/text_repair.h"

#include <algorithm>
#include <map>

#include "cmd/render/safe_text.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr size_t kShownRepairs = 20;

class RepairText {
 public:
  RepairText(const RootReport& report, const RenderSettings& settings) : report_(report), settings_(settings) {}

  // What stands against the repair comes first, and even where nothing was repaired:
  // whoever typed -y expects that something was.
  std::string text() {
    obstacles();
    if (was_repaired(report_)) {
      repaired();
      failed();
      not_tried();
      added();
      kept();
    }
    return out_;
  }

 private:
  std::string shown(std::string_view text) const { return shown_text(text, settings_.truncate); }

  void obstacles() {
    if (report_.repair->obstacles.empty()) {
      return;
    }
    out_ += "\n" + settings_.paint.red(was_repaired(report_) ? "THE REPAIR STOPPED" : "NOTHING WAS REPAIRED") + ":\n";
    for (const std::string& obstacle : report_.repair->obstacles) {
      out_ += "  " + shown(obstacle) + "\n";
    }
  }

  // By problem, without the steps: the journal has them, and -v shows them here too.
  void repaired() {
    std::map<ProblemId, std::vector<const ReportedFinding*>> groups;
    for (const ReportedFinding& reported : report_.findings) {
      if (reported.repair_status == "done") {
        groups[reported.finding.problem].push_back(&reported);
      }
    }
    if (groups.empty() || settings_.detail == Detail::Quiet) {
      return;
    }
    out_ += "\n" + settings_.paint.bold("REPAIRED") + ":\n";
    for (const auto& [id, group] : groups) {
      const Problem& problem = problem_of(id);
      out_ += "  " + problem.code() + " " + std::string(severity_name(problem.severity)) + " " + problem.slug() +
              (group.size() > 1 ? " (" + std::to_string(group.size()) + " times)" : "") + "\n";
      const size_t count = settings_.truncate == Truncate::Yes ? std::min(group.size(), kShownRepairs) : group.size();
      for (size_t i = 0; i < count; ++i) {
        out_ += "  - " + shown(group[i]->message) + "\n";
        steps(*group[i]);
      }
      if (group.size() > count) {
        out_ += "  and " + std::to_string(group.size() - count) + " more; --no-trunc shows all\n";
      }
    }
  }

  void steps(const ReportedFinding& reported) {
    for (const size_t step : settings_.detail == Detail::Verbose ? reported.steps : std::vector<size_t>{}) {
      out_ += "      " + shown(describe(report_.plan.steps[step].action)) + "\n";
    }
  }

  // With the command that helps, where one is known: an immutable file is a matter of one chattr.
  void failed() {
    std::string text;
    for (const ReportedFinding& reported : report_.findings) {
      if (reported.repair_status == "failed") {
        text += "  - " + shown(reported.message) + " (" + problem_of(reported.finding.problem).code() +
                "): " + shown(reported.why) + "\n";
        // A command is of no use with shortened ids in it.
        text += reported.way_out.empty() ? "" : "      first: " + safe_text(reported.way_out) + "\n";
      }
    }
    if (!text.empty()) {
      out_ += "\n" + settings_.paint.red("FAILED") + ":\n" + text;
    }
  }

  // What belonged to a repair that failed. What the mode does not make is left, and counted in the summary.
  // Without a way out: nothing was wrong with these.
  void not_tried() {
    std::string text;
    for (const ReportedFinding& reported : report_.findings) {
      if (reported.repair_status == "skipped" && !reported.steps.empty()) {
        text += "  - " + shown(reported.message) + " (" + problem_of(reported.finding.problem).code() +
                "): " + shown(reported.why) + "\n";
      }
    }
    if (!text.empty()) {
      out_ += "\n" + settings_.paint.red("NOT DONE") + ":\n" + text;
    }
  }

  // Never seen, one hopes. But a repair that makes something worse must say so itself, and how it is taken back.
  void added() {
    if (report_.repair->added.empty()) {
      return;
    }
    out_ +=
        "\n" + settings_.paint.red("NEW") +
        ": not there before the repair. This is a bug of docker-fsck; take the repair back, and please report it.\n";
    for (const size_t finding : report_.repair->added) {
      const ReportedFinding& reported = report_.now().findings[finding];
      out_ += "  - " + shown(reported.message) + " (" + problem_of(reported.finding.problem).code() + ")\n";
    }
  }

  // In every report of a repair: the moment in which somebody needs undo is not the one to look for it in a manual.
  void kept() {
    if (report_.repair->run.empty() || settings_.detail == Detail::Quiet) {
      return;
    }
    out_ += "\n" + settings_.paint.bold("TAKING IT BACK") +
            ": nothing was deleted. What was replaced or moved aside lies in\n  " + safe_text(report_.root) +
            "/.docker-fsck/" + report_.repair->run + "\n  docker-fsck undo " + safe_text(report_.root) +
            " puts it back; docker-fsck purge " + safe_text(report_.root) + " deletes it when all is well.\n";
  }

  const RootReport& report_;
  const RenderSettings& settings_;
  std::string out_;
};

}  // namespace

bool was_repaired(const RootReport& report) { return report.repair && !report.repair->results.empty(); }

std::string render_repair(const RootReport& report, const RenderSettings& settings) {
  return report.repair ? RepairText(report, settings).text() : "";
}

}  // namespace dfsck
