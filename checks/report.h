// What a check of a root comes to: findings, the plan to repair them, and what was looked at.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checks/table.h"
#include "core/journal/step_result.h"
#include "core/plan/finding.h"
#include "core/plan/plan.h"

namespace dfsck {

// How deep a check goes.
enum class Level {
  Full,       // everything, file contents included
  Quick,      // no file contents: structure, and every layer tree's names, sizes and headers
  Structure,  // without the layer trees
};

// What is done about what a check finds.
enum class Mode {
  DryRun,  // nothing
  Preen,   // the repairs of class safe
  Yes,     // every repair that there is
  Ask,     // what a person says
};
std::string_view mode_name(Mode mode);  // "dry-run", "preen", "yes", "ask"

// One rectangle of the report: a finding with its words and its repair.
struct ReportedFinding {
  Finding finding;
  std::string message;  // the problem's text, holes filled
  std::string consequence;
  std::string remedy;
  // What a repair would do about it, as indices into the plan; empty where nothing can be done or where another
  // finding's repair repairs this one too.
  std::vector<size_t> steps;
  // "planned"; "blocked" (something that you must change first keeps it from being made); "impossible" (no repair
  // exists, or it cannot be made safe here); "none" (nothing needs to be done). After a repair also "done" (it is
  // gone), "failed" (it was tried) and "skipped" (it was not chosen).
  std::string repair_status;
  std::string why;  // why its repair is blocked, impossible, failed or skipped, where there is more to say than that
  std::string way_out;  // of a blocked or failed one: what must be changed first, where that is known

  bool has_repair() const { return repair_status == "planned" || repair_status == "blocked"; }
};

// What became of the repair of a root.
struct RepairOutcome {
  // Why nothing was repaired, or no more than what was: a live daemon, an unfinished repair, a failing disk.
  std::vector<std::string> obstacles;
  std::string run;                  // name of the directory in .docker-fsck; empty where nothing had to be changed
  std::vector<StepResult> results;  // like the plan's steps
  size_t passes = 0;
  // Errors of the check afterwards that no check before had shown and that no repair can have uncovered: ours.
  std::vector<size_t> added;  // indices into its findings
};

struct RootReport {
  std::string root;    // absolute path
  std::string driver;  // "overlay2", "fuse-overlayfs", or the other driver that was found; empty for an empty root
  Level level = Level::Full;
  bool as_root = true;  // of the process that looked, in its user namespace
  bool live = false;
  std::vector<std::string> evidence;       // why the root counts as live
  std::map<std::string, uint64_t> counts;  // "images", "layers", "containers", "overlay_dirs", "links", "files", ...
  std::vector<ReportedFinding> findings;   // sorted
  Plan plan;
  // What could not be read for want of permission, and other failures of the check itself: exit code 8.
  std::vector<std::string> failures;
  // What is in the root and was not looked at, for want of knowing it: exit code 8 too. "the layers of storage driver
  // btrfs (1.2 GB)".
  std::vector<std::string> not_checked;
  bool cancelled = false;
  std::vector<RootReport> below;  // user-namespace remapped roots inside this one

  Mode mode = Mode::DryRun;
  // In every mode but DryRun. Then `findings` holds what any of the checks found, with what became of it, and `plan`
  // the steps that were taken.
  std::optional<RepairOutcome> repair;
  // The check that followed the repair, if anything was changed and it came to its end: one report, without `below`.
  std::vector<RootReport> after;

  // How the root is now, as far as it is known.
  const RootReport& now() const { return after.empty() ? *this : after.front(); }
  size_t count(Severity severity) const;  // findings of this root alone, as they were found first
  size_t repaired() const;                // errors and warnings that are gone
};

// The part of the exit code that findings and repairs decide: 4, 8 and 32 are added up as in fsck(8), and 1 stands
// alone: everything that was wrong is repaired. Roots below count too.
enum class Strict { No, Yes };
// True if something stood against the repair as a whole, of this root or one below it.
bool is_barred(const RootReport& report);
// True if the check or the repair itself failed, whatever was left out for want of knowing it.
bool has_failed(const RootReport& report);
int exit_code(const RootReport& report, Strict strict);

}  // namespace dfsck
