// Plan: what a repair will do, in order. A value: a dry run prints it, a journal stores it, apply carries it out.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/plan/action.h"

namespace dfsck {

struct Step {
  Action action;
  Expect expect;
  std::vector<size_t> findings;  // indices of the findings that asked for it, ascending
};

// Two findings want different things of one path. A bug of ours, or a root broken in a way that we have not
// thought of: neither is done, and both are reported.
struct PlanConflict {
  RelPath path;
  size_t first = 0;  // indices of findings
  size_t second = 0;
};

// What a step stands and falls with; see core/plan/step_groups.h.
struct StepGroup {
  size_t number = 0;          // of the first step of its group
  std::vector<size_t> needs;  // numbers of groups that must succeed for this step to be of use, ascending
  friend bool operator==(const StepGroup&, const StepGroup&) = default;
};

struct Plan {
  std::vector<Step> steps;
  std::vector<StepGroup> groups{};  // like the steps; empty: the steps alone tell which belong together
  std::vector<PlanConflict> conflicts;
};

// Collects actions and gives them an order that does not depend on the order of adding: by stage (in which
// order the levels of a root are repaired, damage-first), then by path. Equal actions are merged; different
// actions on one path are conflicts, unless one only adds to what the other creates (ownership, attributes, times).
class PlanBuilder {
 public:
  // `stage` orders levels: what others build on comes first. See the constants in checks/fix_steps.h.
  void add(size_t finding, int stage, Action action, Expect expect);
  Plan finish();

 private:
  struct Entry {
    int stage;
    size_t finding;
    Action action;
    Expect expect;
  };

  void sort_entries();
  std::set<RelPath> quarantined() const;
  Plan merge_entries();

  std::vector<Entry> entries_;
};

}  // namespace dfsck
