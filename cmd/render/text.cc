// A report for a tired person: what was checked, what casts doubt on it, findings, and what to do next.
#include "checks/left.h"
#include "cmd/options/words.h"
#include "cmd/render/render.h"
#include "cmd/render/safe_text.h"
#include "cmd/render/text_failures.h"
#include "cmd/render/text_findings.h"
#include "cmd/render/text_repair.h"
#include "cmd/render/text_summary.h"

namespace dfsck {
namespace {

// Without a driver and with something that was not checked, the images are in containerd's store.
std::string driver_words(const RootReport& report) {
  if (report.driver.empty() && !report.not_checked.empty()) {
    return "containerd image store";
  }
  return report.driver.empty() ? "no layers" : shown_text(report.driver, Truncate::No);
}

// Root, driver and depth in the first line: a clean report of the wrong root is the most dangerous of all.
std::string title(const RootReport& report, const RenderSettings& settings) {
  return settings.paint.bold(std::string("docker-fsck ") + DFSCK_VERSION + ": " + safe_text(report.root)) + " (" +
         driver_words(report) + "), " + std::string(level_name(report.level)) + " check, " +
         std::string(mode_words(report.mode)) + "\n";
}

// The findings to show: after a repair those that are left.
// What was repaired has a list of its own above; here stands what is still to be done.
std::string findings_text(const RootReport& report, const RenderSettings& settings) {
  if (!is_left_known(report)) {
    return "\n" + settings.paint.bold("LEFT") +
           ": not known, since the root was not looked at again after the repair.\n";
  }
  const RootReport& now = was_repaired(report) ? report.now() : report;
  const std::string text = render_findings(now, finding_tree(now), settings);
  return was_repaired(report) && !text.empty() ? "\n" + settings.paint.bold("LEFT") + ":" + text : text;
}

// Above all findings: with a daemon at work any of them may be nothing but a file caught in the middle of a write.
std::string live_warning(const RootReport& report, const RenderSettings& settings) {
  if (!report.live) {
    return "";
  }
  std::string text = "\n" + settings.paint.yellow("A DAEMON IS USING THIS ROOT") + ": findings may be stale.\n";
  for (const std::string& evidence : report.evidence) {
    text += "  " + shown_text(evidence, settings.truncate) + "\n";
  }
  return text + "  Stop docker and containerd, then check again, to be sure.\n";
}

// In the order in which it casts doubt: a daemon, what was not read, what a repair did, and then what is found.
std::string body(const RootReport& report, const RenderSettings& settings) {
  std::string text = live_warning(report, settings) + render_failures(report, "", settings);
  text += render_repair(report, settings) + findings_text(report, settings);
  if (report.cancelled) {
    text += "\n" + settings.paint.red("CANCELLED") + ": what is above is not everything.\n";
  }
  return text;
}

std::string counts(const RootReport& report, const RenderSettings& settings) {
  const std::string line = settings.detail == Detail::Quiet ? "" : render_counts(report);
  return line.empty() ? line : "\n" + line;
}

// Roots of user-namespace remapped daemons, each with a title of its own.
// With --quiet a root below of which there is nothing to say is not mentioned.
std::string sections_below(const RootReport& report, const RenderSettings& settings) {
  std::string text;
  for (const RootReport& below : report.below) {
    const std::string section = body(below, settings) + counts(below, settings) + sections_below(below, settings);
    if (settings.detail != Detail::Quiet || !section.empty()) {
      text += "\n" + settings.paint.bold("the root below, " + safe_text(below.root)) + " (" + driver_words(below) +
              "):\n" + section;
    }
  }
  return text;
}

}  // namespace

// The summary is one for all roots, as the exit code is.
std::string render_text(const RootReport& report, const RenderSettings& settings) {
  const std::string head = settings.detail == Detail::Quiet ? "" : title(report, settings);
  std::string text = head + body(report, settings);
  if (report.below.empty()) {
    const std::string looked_at = counts(report, settings);
    text += looked_at.empty() ? "\n" : looked_at;
  } else {
    text += counts(report, settings) + sections_below(report, settings) + "\nall roots together:\n";
  }
  text += render_summary(report, settings);
  return text.starts_with('\n') ? text.substr(1) : text;
}

}  // namespace dfsck
