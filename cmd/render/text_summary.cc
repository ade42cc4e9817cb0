// Sums a report up in a few lines.
#include "cmd/render/text_summary.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "checks/left.h"
#include "cmd/options/exit_codes.h"
#include "cmd/render/finding_tree.h"
#include "cmd/render/safe_text.h"
#include "cmd/render/totals.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

std::string fixed(double value, int digits) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*f", digits, value);
  return buffer.data();
}

// `where`: "" or ", in what was checked".
// Zeros are printed as words: "no errors" is what people look for.
std::string count_line(const std::string& label, const Totals& totals, const std::string& where, const Paint& paint) {
  const std::string infos = totals.infos > 0 ? ", " + counted(totals.infos, "info") : "";
  if (totals.errors + totals.warnings == 0) {
    return label + ": no errors, no warnings" + infos + where + "\n";
  }
  const std::string errors = counted(totals.errors, "error");
  const std::string warnings = counted(totals.warnings, "warning");
  return label + ": " + (totals.errors > 0 ? paint.red(errors) : errors) + ", " +
         (totals.warnings > 0 ? paint.yellow(warnings) : warnings) + infos + where + "\n";
}

// Of the root and those below it.
bool is_all_known(const RootReport& report) {
  return is_left_known(report) && std::all_of(report.below.begin(), report.below.end(), is_all_known);
}

// No number where it is not known. A repair that ran short of memory in the check that follows has
// changed the root, and the findings of before are not the state of now.
std::string left_line(const RootReport& report, const std::string& where, const Paint& paint) {
  return is_all_known(report) ? count_line("left", totals_now(report), where, paint)
                              : "left: not known, since not everything was checked again after the repair\n";
}

// With the root as it was typed, so that the line can be copied as it stands.
std::string program(const RenderSettings& settings, std::string_view option) {
  return "docker-fsck" + std::string(option) + (settings.root_argument.empty() ? "" : " " + settings.root_argument);
}

// Which command makes the planned repairs.
// The smallest mode that does it: -p where all is safe, -y only where something is not.
std::string makes_them(const Totals& totals, const RootReport& report, const RenderSettings& settings) {
  if (is_barred(report)) {
    return "; what stands against the repair must go first (see above)";
  }
  if (report.mode == Mode::Yes) {
    return "; see above why they were not made";
  }
  const size_t safe = totals.repairs(Safety::Safe);
  const size_t others = totals.repairs(Safety::Clean) + totals.repairs(Safety::Ask) + totals.repairs(Safety::Lossy);
  const std::string_view object = safe + others == 1 ? " makes it" : " makes them";
  if (others == 0) {
    return "; " + program(settings, settings.donor_arguments + " -p").append(object);
  }
  return "; " + program(settings, settings.donor_arguments + " -y").append(object) +
         (safe > 0 ? ", -p only what is safe" : "");
}

// By class, since classes are what the modes are made of: somebody sees what -p would leave.
std::string repairs_line(const Totals& totals, const RootReport& report, const RenderSettings& settings) {
  std::vector<std::string> parts;
  const auto add = [&](Safety safety, std::string_view noun, std::string_view tail) {
    if (const size_t count = totals.repairs(safety); count > 0) {
      parts.push_back(counted(count, noun).append(tail));
    }
  };
  add(Safety::Safe, "safe repair", "");
  add(Safety::Clean, "removal", " of garbage (clean)");
  if (const size_t count = totals.repairs(Safety::Ask); count > 0) {
    parts.push_back(std::to_string(count) + (count == 1 ? " needs" : " need") + " your decision (ask)");
  }
  add(Safety::Lossy, "removal", " of something that you can see (lossy)");
  std::string text;
  if (!parts.empty()) {
    text = "planned: " + joined(parts, ", ") + makes_them(totals, report, settings) + "\n";
  }
  // Counted apart from what has no repair: here somebody can do something about it.
  if (totals.blocked > 0) {
    text += counted(totals.blocked, "repair") + " cannot be made as things are: see above what stands in the way\n";
  }
  if (totals.without_repair > 0) {
    text += "no repair exists for " + counted(totals.without_repair, "finding") + ": see what you can do above\n";
  }
  return text;
}

constexpr size_t kShownReasons = 5;

// Numbers of what was done and what was not, and why not.
// Of findings that have a repair of their own; what went away with another one's is in the first line.
std::string repaired_lines(const RootReport& report) {
  const RepairTotals totals = repair_totals(report);
  std::string text = totals.steps == 0
                         ? "repaired: nothing\n"
                         : "repaired: " + counted(totals.errors, "error") + ", " + counted(totals.warnings, "warning") +
                               " in " + counted(totals.steps, "step") + "\n";
  if (totals.done + totals.failed + totals.not_tried > 0) {
    text += "repairs: " + std::to_string(totals.done) + " done, " + std::to_string(totals.failed) + " failed, " +
            std::to_string(totals.not_tried) + " not tried\n";
  }
  size_t shown = 0;
  for (const auto& [why, count] : totals.why_not) {
    if (!why.empty() && ++shown <= kShownReasons) {
      text += "  " + std::to_string(count) + " not tried: " + safe_text(why) + "\n";
    }
  }
  return text;
}

// explain is proposed for the first error of the report, which is the gravest or the one that others follow from.
const RootReport* first_with_error(const RootReport& report) {
  if (report.now().count(Severity::Error) > 0) {
    return &report.now();
  }
  for (const RootReport& below : report.below) {
    if (const RootReport* found = first_with_error(below)) {
      return found;
    }
  }
  return nullptr;
}

// One step and not a list: the most pressing one. What makes the report doubtful goes before what is in
// it, and what is in it before what more could be looked at.
std::string next_line(const RootReport& report, const RenderSettings& settings) {
  const std::string check = program(settings, "");
  if (report.cancelled || !is_all_known(report)) {
    return "next: " + check + " checks everything again\n";
  }
  if (needs_root(report)) {
    return "next: run it as root, so that everything can be read: sudo " + check + "\n";
  }
  if (report.repair && !report.repair->added.empty()) {
    return "next: " + program(settings, " undo") + " takes the repair back\n";
  }
  if (is_barred(report)) {
    return "next: clear what stands against the repair (see above), then repair again\n";
  }
  if (totals_now(report).blocked > 0) {
    return "next: change what stands in the way of a repair (see above), then repair again\n";
  }
  if (const RootReport* with_error = first_with_error(report)) {
    const FindingTree tree = finding_tree(*with_error);
    const std::string explain = "docker-fsck explain " + tree.groups[0].problem->code();
    return report.live ? "next: stop docker and containerd and check again; " + explain + " tells more\n"
                       : "next: " + explain + " tells more\n";
  }
  if (report.repaired() > 0) {
    return "next: start docker; once all is well, " + program(settings, " purge") +
           " frees the space of what was moved aside\n";
  }
  if (report.level != Level::Full) {
    return "next: " + check + " reads the contents of files as well\n";
  }
  return "";
}

// Over the whole time and not only that of hashing: it is what a user waits.
std::string timing_lines(const Timing& timing) {
  std::string text = "time: " + fixed(timing.wall_seconds, 2) + " s, " + fixed(timing.cpu_seconds, 2) +
                     " s of processor time, " + counted(timing.jobs, "job") + ", " +
                     human_bytes(timing.peak_memory_bytes) + " of memory at most\n";
  if (timing.bytes_hashed > 0 && timing.wall_seconds > 0) {
    const auto rate = static_cast<uint64_t>(static_cast<double>(timing.bytes_hashed) / timing.wall_seconds);
    text += "rate: " + human_bytes(timing.bytes_hashed) + " hashed, " + human_bytes(rate) + " per second\n";
  }
  return text;
}

// What was left out, of all roots together.
// As the exit code has it: one root that was not looked at keeps all of it from being 0.
std::vector<std::string> not_checked(const RootReport& report) {
  std::vector<std::string> objects = report.now().not_checked;
  for (const RootReport& below : report.below) {
    const std::vector<std::string> more = not_checked(below);
    objects.insert(objects.end(), more.begin(), more.end());
  }
  return objects;
}

// The code in words in every report: it is what a script acts upon, and often all that is left in a log.
std::string exit_line(const RootReport& report, const RenderSettings& settings) {
  const FailedPart part = has_failed(report) ? FailedPart::Any : FailedPart::NotChecked;
  return "exit code " + exit_code_meaning(exit_code(report, settings.strict), part) + "\n";
}

}  // namespace

// What was looked at, so that a clean report of an empty or wrong root shows what it is.
std::string render_counts(const RootReport& report) {
  static constexpr std::array<std::pair<const char*, const char*>, 6> kShown{{{"images", "image"},
                                                                              {"layers", "layer"},
                                                                              {"containers", "container"},
                                                                              {"volumes", "volume"},
                                                                              {"overlay_dirs", "layer directory"},
                                                                              {"files", "file"}}};
  std::vector<std::string> parts;
  for (const auto& [key, noun] : kShown) {
    if (const auto count = report.counts.find(key); count != report.counts.end()) {
      parts.push_back(counted(count->second, noun));
    }
  }
  if (const auto bytes = report.counts.find("bytes_hashed"); bytes != report.counts.end() && bytes->second > 0) {
    parts.push_back(human_bytes(bytes->second) + " of contents");
  }
  return parts.empty() ? "" : "looked at: " + joined(parts, ", ") + "\n";
}

std::string render_summary(const RootReport& report, const RenderSettings& settings) {
  const Totals totals = totals_of(report);
  const std::vector<std::string> left_out = not_checked(report);
  // "no errors" must not be read as being about what was left out.
  const std::string where = left_out.empty() ? "" : ", in what was checked";
  std::string text = count_line("found", totals, where, settings.paint);
  if (report.mode != Mode::DryRun) {
    text += repaired_lines(report) + left_line(report, where, settings.paint);
  }
  for (const std::string& object : left_out) {
    text += "not checked: " + object + "\n";
  }
  if (settings.detail != Detail::Quiet) {
    text += is_all_known(report) ? repairs_line(totals_now(report), report, settings) : "";
    text += exit_line(report, settings) + next_line(report, settings);
  }
  return settings.timing ? text + timing_lines(*settings.timing) : text;
}

}  // namespace dfsck
