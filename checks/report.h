// What a check of a root comes to: findings, the plan to mend them, and what was looked at.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "checks/table.h"
#include "core/plan/finding.h"
#include "core/plan/plan.h"

namespace dfsck {

// How deep a check goes.
enum class Level {
  Full,       // everything, file contents included
  Quick,      // no file contents: structure, and every layer tree's names, sizes and headers
  Structure,  // without the layer trees
};

// One rectangle of the report: a finding with its words and its planned repair.
struct ReportedFinding {
  Finding finding;
  std::string message;      // the problem's text, holes filled
  std::string consequence;
  std::string remedy;
  // What a repair would do about it, as indices into the plan; empty where nothing can be done or where another
  // finding's repair mends this one too.
  std::vector<size_t> steps;
  // "planned"; "impossible" (no repair exists, or it cannot be made safe here); "none" (nothing needs to be done).
  std::string repair_status;
};

struct RootReport {
  std::string root;    // absolute path
  std::string driver;  // "overlay2", "fuse-overlayfs", or the other driver that was found; empty for an empty root
  Level level = Level::Full;
  bool live = false;
  std::vector<std::string> evidence;  // why the root counts as live
  std::map<std::string, uint64_t> counts;  // "images", "layers", "containers", "overlay_dirs", "links", "files", ...
  std::vector<ReportedFinding> findings;   // sorted
  Plan plan;
  // What could not be read for want of permission, and other failures of the check itself: exit code 8.
  std::vector<std::string> failures;
  bool cancelled = false;
  std::vector<RootReport> below;  // user-namespace remapped roots inside this one

  size_t count(Severity severity) const;  // findings of this root alone
};

// The part of the exit code that findings decide: 0, 4, 8 and 32 are added up as in fsck(8). Roots below count too.
enum class Strict { No, Yes };
int exit_code(const RootReport& report, Strict strict);

}  // namespace dfsck
