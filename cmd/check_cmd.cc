// The check from end to end: which root, open it, check it, say what was found.
#include "cmd/check_cmd.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>

#include "checks/repair/repair.h"
#include "cmd/check_due.h"
#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/report_file.h"
#include "cmd/process/signals.h"
#include "cmd/render/render.h"
#include "cmd/render/root_label.h"
#include "cmd/terminal/conversation.h"
#include "cmd/terminal/progress_display.h"
#include "cmd/terminal/questions.h"
#include "cmd/terminal/terminal.h"
#include "core/base/shell_word.h"
#include "core/base/try.h"
#include "core/fs/root.h"
#include "core/journal/run/stamp.h"
#include "core/plan/plan_json.h"

namespace dfsck {
namespace {

double processor_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Only with --stats and only under "timing": everything else in a report is the same on each
// run, so that two reports can be compared.
Timing timing_since(std::chrono::steady_clock::time_point start, const Options& options, const Progress& progress) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  Timing timing;
  timing.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  timing.cpu_seconds = processor_seconds(usage);
  timing.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  timing.bytes_hashed = progress.bytes_done.load();
  timing.jobs = options.jobs;
  return timing;
}

// Everything that text depends on besides the report, so that rendering asks no terminal and can be tested.
RenderSettings render_settings(const Options& options) {
  RenderSettings settings;
  settings.detail = options.detail;
  settings.truncate = options.truncate;
  settings.strict = options.strict;
  settings.paint = Paint(paint_for(options.color));
  settings.width = prose_width();
  // The next command that a report proposes is typed as it stands: without the donors it would
  // offer a repair that it then does not make.
  for (const std::string& donor : options.donors) {
    settings.donor_arguments += " --from " + shell_word(donor);
  }
  if (!options.root_label.empty()) {
    settings.root_argument = options.root_label;
  } else if (!options.arguments.empty()) {
    // As it was typed and not as it was resolved: somebody knows his own words again.
    settings.root_argument = shell_word(options.arguments[0]);
  }
  return settings;
}

// Who is asked, if this run asks.
// A mode that was given is an answer. Without one it depends on there being a terminal, so that a
// script never waits for an answer that nobody gives.
std::unique_ptr<Conversation> asked_person(const Options& options) { return options.mode ? nullptr : open_terminal(); }

// What donors say that they hold but do not, a line each: the rest of them is still of use.
// To standard error and not into the report: it says something of the donor and nothing of the root.
std::string donor_problems(const Donors& donors) {
  std::string lines;
  for (const Donor& donor : donors.archives) {
    for (const Error& problem : donor.problems()) {
      lines += "docker-fsck: of a donor not used: " + problem.message() + "\n";
    }
  }
  return lines;
}

// Appends to `notes` what is for stderr.
Result<RootReport> looked_at(const Root& root, const Options& options, Conversation* person, Progress& progress,
                             std::string& notes) {
  const ProgressStyle style = progress_style(options.progress, options.detail);
  Cancel cancel;
  const SignalGuard signals(cancel);
  // Before anything is checked: a name that is wrong should not show after an hour.
  ASSIGN_OR_RETURN(const Donors donors, open_donors(options.donors, options.jobs, cancel));
  notes += donor_problems(donors);
  const CheckOptions check_options{options.level.value_or(Level::Full), options.jobs, options.only, options.skip,
                                   &donors};
  // In an optional, so that it can be taken down while somebody is asked.
  std::optional<ProgressDisplay> display(std::in_place, progress, style);
  const Mode mode = person != nullptr ? Mode::Ask : options.mode.value_or(Mode::DryRun);
  // The path of a check takes no lock and makes no directory; it works on a root that may only be read.
  if (mode == Mode::DryRun) {
    return check_root(root, check_options, cancel, progress);
  }
  RepairOptions repair{mode, {}};
  std::optional<Questions> questions;
  if (person != nullptr) {
    questions.emplace(*person, options.truncate, cancel);
    repair.ask = [&](const RootReport& report, const std::vector<RepairGroup>& groups) {
      display.reset();  // it would write over the questions
      Answers answers = questions->ask(report, groups);
      display.emplace(progress, style);
      return answers;
    };
  }
  return repair_root(root, check_options, repair, cancel, progress);
}

// Opens the file of an option, so that a wrong name does not cost an hour.
Result<void> open_file(const std::string& name, std::string_view what, const Root& root,
                       std::optional<ReportFile>& file) {
  if (name.empty()) {
    return {};
  }
  ASSIGN_OR_RETURN(ReportFile opened, ReportFile::open(name, {root.path()}, what));
  file = std::move(opened);
  return {};
}

// A report that could not be written is a failure of the program: a script that looks for
// the file would find an old one, or none.
void write_file(std::optional<ReportFile>& file, const std::string& text, Output& output) {
  if (const Result<void> written = file ? file->write(text) : Result<void>(); !written) {
    output.err += "docker-fsck: " + written.error().message() + "\n";
    output.exit_code |= kExitFailed;
  }
}

// The plan of the root itself; roots below have plans of their own.
// Conflicts stay out: what contradicts another repair is not in the plan, and the report has said so.
std::string plan_text(const Root& root, const RootReport& report) {
  const Result<FileStat> stat = root.stat(RelPath());
  PlanFile file{root.path(), stat ? stat->device : 0, stat ? stat->inode : 0, report.plan, reasons_of(report)};
  file.plan.conflicts.clear();
  return to_plan_text(file);
}

// Leaves the mark for --if-unclean. A run that looked only for some problems says nothing about the rest.
// Only repairs leave it. A check writes nothing anywhere, and so cannot say later that it was there.
void leave_stamp(const Root& root, const RootReport& report, const Options& options, Output& output) {
  const bool whole = options.only.empty() && options.skip.empty();
  if (!whole || (options.mode != Mode::Preen && options.mode != Mode::Yes) || !report.repair->obstacles.empty()) {
    return;
  }
  // Whatever --strict says: warnings are no reason to check at each boot.
  const bool clean = (exit_code(report, Strict::No) & ~kExitCorrected) == 0;
  const Result<std::optional<Stamp>> before = read_stamp(root);
  const bool marked_clean = before && *before && (*before)->verdict == Stamp::Verdict::Clean;
  // A root that has no mark, or one of damage, is due as it is. Writing the same again would make a
  // directory of ours in a root in which nothing was changed.
  if (!clean && !marked_clean) {
    return;
  }
  if (const Result<void> left = write_stamp(root, clean ? Stamp::Verdict::Clean : Stamp::Verdict::Damaged); !left) {
    output.err += "docker-fsck: no mark for --if-unclean was left: " + left.error().message() + "\n";
  }
}

Output rendered(const RootReport& report, const Options& options, const RenderSettings& settings,
                std::optional<ReportFile>& file) {
  Output output;
  output.exit_code = exit_code(report, settings.strict);
  const std::string json = options.format == Format::Json || file ? render_json(report, settings) : "";
  output.out = options.format == Format::Json ? json : render_text(report, settings);
  // For whoever expects a repair: with neither a mode nor a terminal it only looked, and the text on
  // standard output is the same as that of --dry-run.
  if (report.mode == Mode::DryRun && !options.mode && options.detail != Detail::Quiet) {
    output.err = "docker-fsck: no mode was given, so this was a --dry-run: nothing was written\n";
  }
  write_file(file, json, output);
  return output;
}

}  // namespace

Output run_check(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  // Everything that can fail at once comes first: the root, the files of --report and
  // --plan. An hour of hashing comes after that.
  const OpenedRoot opened = open_root(options);
  if (!opened.root) {
    return failure_output(options.format, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  std::optional<ReportFile> file;
  std::optional<ReportFile> plan;
  for (const Result<void>& ready :
       {open_file(options.report_file, "report", root, file), open_file(options.plan_file, "plan", root, plan)}) {
    if (!ready) {
      return failure_output(options.format, ready.error().message(), kExitFailed);
    }
  }
  std::string notes;
  if (options.if_unclean == IfUnclean::Yes) {
    const CheckDue verdict = check_due(root, options.jobs);
    if (verdict.reason.empty()) {
      return render_not_due(verdict, root.path(), options);
    }
    // Why it takes long this time, for a log of a boot.
    notes = options.detail == Detail::Quiet ? "" : "docker-fsck: checking, because " + verdict.reason + "\n";
  }

  Progress progress;
  const std::unique_ptr<Conversation> person = asked_person(options);
  Result<RootReport> report = looked_at(root, options, person.get(), progress, notes);
  if (!report) {
    return failure_output(options.format, report.error().message(), kExitFailed);
  }
  // Made before the label takes the place of the root's path: the plan has to find the root again.
  const std::string planned = plan ? plan_text(root, *report) : "";
  if (!options.root_label.empty()) {
    report = with_root_label(*std::move(report), options.root_label);
  }
  RenderSettings settings = render_settings(options);
  if (options.stats == Stats::Yes) {
    settings.timing = timing_since(start, options, progress);
  }
  Output output = rendered(*report, options, settings, file);
  output.err = notes + output.err;
  // Also where there is nothing to repair: a plan without steps is one that apply has nothing to do for.
  write_file(plan, planned, output);
  leave_stamp(root, *report, options, output);
  return output;
}

}  // namespace dfsck
