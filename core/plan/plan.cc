// Putting steps in order: levels first, then by path, creations before what refines them, hard links after their
// targets, renames last.
#include "core/plan/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// Renames come behind everything else of their stage, since what is written inside goes by the old name; among them
// what lies deeper comes first for the same reason. Hard links come behind what makes their targets.
int place_in_stage(const Action& action) {
  const ActionTraits& traits = traits_of(action);
  return traits.change == Change::Rename ? 2 : traits.shares_inode ? 1 : 0;
}

long depth(const Action& action) {
  const std::string& path = action_path(action).bytes();
  return traits_of(action).change == Change::Rename ? -std::count(path.begin(), path.end(), '/') : 0;
}

// Which attribute an action refines its object by; none for what makes or moves the object itself.
std::string refinement(const Action& action) { return is_attribute_step(action) ? attribute_kind(action) : ""; }

// Steps that come to the same: equal ones are one step, different ones a conflict.
using Rivalry = std::pair<RelPath, std::string>;

Rivalry rivalry_of(const Action& action) { return {action_path(action), refinement(action)}; }

// Of what goes into quarantine as a whole, nothing needs repairing.
bool goes_with(const std::set<RelPath>& quarantined, const Action& action) {
  RelPath path = action_path(action);
  if (is_attribute_step(action) && quarantined.contains(path)) {
    return true;
  }
  while (!path.is_root()) {
    path = path.parent();
    if (quarantined.contains(path)) {
      return true;
    }
  }
  return false;
}

void drop_conflicting_steps(Plan& plan) {
  std::set<RelPath> conflicting;
  for (const PlanConflict& conflict : plan.conflicts) {
    conflicting.insert(conflict.path);
  }
  std::erase_if(plan.steps, [&](const Step& step) { return conflicting.contains(action_path(step.action)); });
}

}  // namespace

// Checks run in parallel and add in any order; the order of the plan comes from finish() alone.
void PlanBuilder::add(size_t finding, int stage, Action action, Expect expect) {
  entries_.push_back({stage, finding, std::move(action), std::move(expect)});
}

// Sorted by what the steps are and never by when they were added, so that a dry run, a plan file and a repair show
// the same steps at any number of threads.
void PlanBuilder::sort_entries() {
  const auto key = [](const Entry& entry) {
    return std::tuple(entry.stage, place_in_stage(entry.action), depth(entry.action),
                      std::string_view(action_path(entry.action).bytes()), traits_of(entry.action).attribute,
                      refinement(entry.action));
  };
  // What they say is compared last: making it costs, and few have all else in common.
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    const auto one = key(a);
    const auto other = key(b);
    return one != other ? one < other
                        : std::tuple(describe(a.action), a.finding) < std::tuple(describe(b.action), b.finding);
  });
}

std::set<RelPath> PlanBuilder::quarantined() const {
  std::set<RelPath> paths;
  for (const Entry& entry : entries_) {
    if (traits_of(entry.action).change == Change::TakeAway) {
      paths.insert(action_path(entry.action));
    }
  }
  return paths;
}

Plan PlanBuilder::merge_entries() {
  Plan plan;
  std::map<Rivalry, size_t> known;  // number of the step
  for (Entry& entry : entries_) {
    const auto [at, is_new] = known.try_emplace(rivalry_of(entry.action), plan.steps.size());
    if (is_new) {
      plan.steps.push_back({std::move(entry.action), std::move(entry.expect), {entry.finding}});
      continue;
    }
    Step& step = plan.steps[at->second];
    if (step.action != entry.action) {
      plan.conflicts.push_back({action_path(entry.action), step.findings.front(), entry.finding});
    } else if (step.findings.back() != entry.finding) {
      step.findings.push_back(entry.finding);
    }
  }
  entries_.clear();
  return plan;
}

Plan PlanBuilder::finish() {
  sort_entries();
  const std::set<RelPath> moved = quarantined();
  std::erase_if(entries_, [&](const Entry& entry) { return goes_with(moved, entry.action); });
  Plan plan = merge_entries();
  drop_conflicting_steps(plan);
  for (Step& step : plan.steps) {
    std::sort(step.findings.begin(), step.findings.end());
  }
  return plan;
}

}  // namespace dfsck
