// One block for each problem: what it means and what repairs it once, then a line for each thing that has it.
//
// Repeats are capped, so that one broken disk does not hide the second problem behind ten thousand lines of the first.
#include "cmd/render/text_findings.h"

#include <algorithm>

#include "cmd/options/words.h"
#include "cmd/render/safe_text.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// More than fits on a screen, little enough to scroll over. --no-trunc has all, and so has JSON.
constexpr size_t kShownFindings = 20;
constexpr size_t kShownSteps = 3;
constexpr size_t kShownNames = 6;

class FindingsText {
 public:
  FindingsText(const RootReport& report, const FindingTree& tree, const RenderSettings& settings)
      : report_(report), tree_(tree), settings_(settings) {}

  // Information is a list of names unless -v is given: a healthy root has a handful of it, and its
  // report should look like that of a healthy root.
  std::string text() {
    for (const FindingGroup& group : tree_.groups) {
      if (group.problem->severity == Severity::Error ||
          (group.problem->severity == Severity::Warning && settings_.detail != Detail::Quiet) ||
          settings_.detail == Detail::Verbose) {
        add_group(group);
      }
    }
    if (settings_.detail == Detail::Normal) {
      add_info_summary();
    }
    return out_;
  }

 private:
  const ReportedFinding& at(size_t index) const { return report_.findings[index]; }
  std::string shown(std::string_view text) const { return shown_text(text, settings_.truncate); }
  bool cut() const { return settings_.truncate == Truncate::Yes; }

  void add_group(const FindingGroup& group);
  void add_finding(size_t index, const FindingGroup& group);
  void add_prose(std::string_view indent, std::string_view label, std::string_view text);
  void add_hits(const Affected& affects, const std::string& indent);
  void add_steps(const ReportedFinding& reported);
  void add_consequences(size_t index, size_t depth, size_t& left);
  void add_info_summary();
  std::string heading(const FindingGroup& group) const;
  std::string remedy_label(const ReportedFinding& reported) const;
  std::string listed(const std::vector<std::string>& names) const;

  const RootReport& report_;
  const FindingTree& tree_;
  const RenderSettings& settings_;
  std::string out_;
};

// Code, severity, slug, in this order and with single blanks: the first line of a block can be searched for.
std::string FindingsText::heading(const FindingGroup& group) const {
  const Problem& problem = *group.problem;
  const std::string word(severity_name(problem.severity));
  const std::string painted = problem.severity == Severity::Error     ? settings_.paint.red(word)
                              : problem.severity == Severity::Warning ? settings_.paint.yellow(word)
                                                                      : word;
  std::string line = settings_.paint.bold(problem.code()) + " " + painted + " " + settings_.paint.bold(problem.slug());
  if (group.findings.size() > 1) {
    line += " (" + std::to_string(group.findings.size()) + " times)";
  }
  return line;
}

// Wrapped behind its label, for terminals only: see wrapped().
void FindingsText::add_prose(std::string_view indent, std::string_view label, std::string_view text) {
  const std::string start = std::string(indent).append(label).append(": ");
  out_ += start + wrapped(shown(text), settings_.width, start.size(), std::string(indent) + "  ") + "\n";
}

// The class in words stands before the remedy: what is lost has to be known before it is read how.
std::string FindingsText::remedy_label(const ReportedFinding& reported) const {
  const Safety safety = problem_of(reported.finding.problem).safety;
  if (safety == Safety::None) {
    return "what you can do";
  }
  return "repair (" + std::string(safety_words(safety)) + ")";
}

void FindingsText::add_group(const FindingGroup& group) {
  out_ += "\n" + heading(group) + "\n";
  const ReportedFinding& first = at(group.findings[0]);
  const auto same = [&](std::string ReportedFinding::*member) {
    return std::all_of(group.findings.begin(), group.findings.end(),
                       [&](size_t index) { return at(index).*member == first.*member; });
  };
  // Sentences that are the same for all are said once; those that name the thing are said below each.
  if (same(&ReportedFinding::consequence)) {
    add_prose("  ", "what it means", first.consequence);
  }
  if (same(&ReportedFinding::remedy)) {
    add_prose("  ", remedy_label(first), first.remedy);
  }
  const size_t shown_count = cut() ? std::min(group.findings.size(), kShownFindings) : group.findings.size();
  for (size_t i = 0; i < shown_count; ++i) {
    add_finding(group.findings[i], group);
    const ReportedFinding& reported = at(group.findings[i]);
    if (!same(&ReportedFinding::consequence)) {
      add_prose("      ", "what it means", reported.consequence);
    }
    if (!same(&ReportedFinding::remedy)) {
      add_prose("      ", remedy_label(reported), reported.remedy);
    }
    add_steps(reported);
    size_t left = cut() ? kShownFindings : SIZE_MAX;
    add_consequences(group.findings[i], 0, left);
    if (left == 0) {
      const size_t more = consequence_count(tree_, group.findings[i]) - kShownFindings;
      out_ += more == 0 ? "" : "      so: and " + std::to_string(more) + " more; --no-trunc shows all\n";
    }
  }
  if (const size_t more = group.findings.size() - shown_count; more > 0) {
    out_ += "  and " + std::to_string(more) + " more; --no-trunc shows all\n";
  }
}

void FindingsText::add_finding(size_t index, const FindingGroup& group) {
  const ReportedFinding& reported = at(index);
  out_ += "  - " + shown(reported.message) + "\n";
  const std::optional<size_t> cause = reported.finding.caused_by;
  // For a finding that stands alone although it has a cause: it is graver than that, or causes run in a circle.
  if (cause && *cause < report_.findings.size() && *cause != index) {
    out_ +=
        "      because of: " + shown(at(*cause).message) + " (" + problem_of(at(*cause).finding.problem).code() + ")\n";
  }
  add_hits(reported.finding.affects, "      ");
  // The remedy above speaks of what a repair would do, so it must be said that here it does not.
  if (group.problem->safety != Safety::None && reported.repair_status == "impossible") {
    out_ +=
        "      no repair here: " + (reported.why.empty() ? "it could not be proven to be right" : shown(reported.why)) +
        "\n";
  }
  if (reported.repair_status == "blocked" || reported.repair_status == "failed") {
    out_ += "      stands in the way: " + shown(reported.why) + "\n";
    // A command is of no use with shortened ids in it.
    out_ += reported.way_out.empty() ? "" : "      first: " + safe_text(reported.way_out) + "\n";
  }
}

// A base image can be under everything: six names tell that, and sixty hide it.
std::string FindingsText::listed(const std::vector<std::string>& names) const {
  std::string text;
  const size_t count = cut() ? std::min(names.size(), kShownNames) : names.size();
  for (size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "" : ", ") + shown(names[i]);
  }
  return names.size() == count ? text : text + " and " + std::to_string(names.size() - count) + " more";
}

// Tags if there are any: ids are for images that nobody has named. Containers
// always, since they are what stops working.
void FindingsText::add_hits(const Affected& affects, const std::string& indent) {
  std::string text;
  if (!affects.tags.empty()) {
    text = (affects.tags.size() == 1 ? "image " : "images ") + listed(affects.tags);
  } else if (!affects.images.empty()) {
    text = (affects.images.size() == 1 ? "image " : "images ") + listed(affects.images);
  }
  if (!affects.containers.empty()) {
    text += (text.empty() ? "" : "; ");
    text += (affects.containers.size() == 1 ? "container " : "containers ") + listed(affects.containers);
  }
  if (!text.empty()) {
    out_ += indent + "hits: " + text + "\n";
  }
}

// "would", in every line: a dry run has done nothing, and pasted lines lose their heading.
void FindingsText::add_steps(const ReportedFinding& reported) {
  const bool all = !cut() || settings_.detail == Detail::Verbose;
  const size_t count = all ? reported.steps.size() : std::min(reported.steps.size(), kShownSteps);
  for (size_t i = 0; i < count; ++i) {
    if (reported.steps[i] < report_.plan.steps.size()) {
      out_ += "      would " + shown(describe(report_.plan.steps[reported.steps[i]].action)) + "\n";
    }
  }
  if (const size_t more = reported.steps.size() - count; more > 0) {
    out_ += "      would take " + counted(more, "more step") + "; -v shows all\n";
  }
  if (reported.steps.empty() && reported.repair_status == "planned") {
    out_ += "      would be mended by the repair of another finding\n";
  }
}

// Below their cause and without a remedy of their own: they are gone when it is.
void FindingsText::add_consequences(size_t index, size_t depth, size_t& left) {
  for (const size_t below : tree_.consequences[index]) {
    if (left == 0) {
      return;
    }
    --left;
    const ReportedFinding& reported = at(below);
    const std::vector<std::string>& tags = reported.finding.affects.tags;
    out_ += std::string(6 + 2 * depth, ' ') + "so: " + shown(reported.message) + " (" +
            problem_of(reported.finding.problem).code() + (tags.empty() ? "" : "; hits " + listed(tags)) + ")\n";
    add_consequences(below, depth + 1, left);
  }
}

// One line each, so that -v is not needed to know that there is something.
void FindingsText::add_info_summary() {
  bool first = true;
  for (const FindingGroup& group : tree_.groups) {
    if (group.problem->severity != Severity::Info) {
      continue;
    }
    if (first) {
      out_ += "\nfor your information (-v shows all of it):\n";
      first = false;
    }
    out_ += "  " + group.problem->code() + " " + group.problem->slug() + ": " + shown(at(group.findings[0]).message);
    if (const size_t more = group.findings.size() - 1; more > 0) {
      out_ += ", and " + std::to_string(more) + " more like it";
    }
    out_ += "\n";
  }
}

}  // namespace

std::string render_findings(const RootReport& report, const FindingTree& tree, const RenderSettings& settings) {
  return FindingsText(report, tree, settings).text();
}

}  // namespace dfsck
