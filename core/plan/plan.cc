// Putting steps in order: levels first, then by path, creations before what refines them, hard links after their
// targets, renames last.
#include "core/plan/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace dfsck {
namespace {

// Order of actions on one path. Hard links come last of a stage, since their targets may sort behind them.
int rank(const Action& action) {
  if (std::holds_alternative<SetOwnership>(action)) {
    return 1;
  }
  if (std::holds_alternative<SetXattr>(action)) {
    return 2;  // changing the owner clears security.capability, so attributes come after it
  }
  if (std::holds_alternative<SetMtime>(action)) {
    return 3;
  }
  return 0;
}

bool refines(const Action& action) {
  return rank(action) > 0;
}

bool is_hard_link(const Action& action) {
  return std::holds_alternative<MakeHardLink>(action);
}

std::string refinement_key(const Action& action) {
  const auto* xattr = std::get_if<SetXattr>(&action);
  return xattr != nullptr ? xattr->name : std::string();
}

// Renames come behind everything else of their stage, since what is written inside goes by the old name; among them
// what lies deeper comes first for the same reason. Hard links come behind what makes their targets.
int place_in_stage(const Action& action) {
  return std::holds_alternative<Rename>(action) ? 2 : is_hard_link(action) ? 1 : 0;
}

long depth(const Action& action) {
  const std::string& path = action_path(action).bytes();
  return std::holds_alternative<Rename>(action) ? -std::count(path.begin(), path.end(), '/') : 0;
}

}  // namespace

// Checks run in parallel and add in any order; the order of the plan comes from finish() alone.
void PlanBuilder::add(size_t finding, int stage, Action action, Expect expect) {
  entries_.push_back({stage, finding, std::move(action), std::move(expect)});
}

// Sorted by what the steps are and never by when they were added, so that a dry run, a plan file and a repair show
// the same steps at any number of threads.
Plan PlanBuilder::finish() {
  const auto key = [](const Entry& entry) {
    return std::tuple(entry.stage, place_in_stage(entry.action), depth(entry.action),
                      std::string_view(action_path(entry.action).bytes()), rank(entry.action),
                      refinement_key(entry.action));
  };
  // What they say is compared last: making it costs, and few have all else in common.
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    const auto one = key(a);
    const auto other = key(b);
    return one != other ? one < other
                        : std::tuple(describe(a.action), a.finding) < std::tuple(describe(b.action), b.finding);
  });

  std::set<RelPath> quarantined;
  for (const Entry& entry : entries_) {
    if (std::holds_alternative<Quarantine>(entry.action)) {
      quarantined.insert(action_path(entry.action));
    }
  }
  const auto moves_away = [&](RelPath path) {
    while (!path.is_root()) {
      path = path.parent();
      if (quarantined.contains(path)) {
        return true;
      }
    }
    return false;
  };

  Plan plan;
  std::map<RelPath, size_t> primary;  // path -> step that creates, replaces or moves it
  std::map<std::pair<RelPath, std::string>, size_t> refined;
  for (Entry& entry : entries_) {
    const RelPath path = action_path(entry.action);
    if (moves_away(path)) {
      continue;  // what goes into quarantine as a whole needs no mending
    }
    const std::string kind = std::string(action_op(entry.action)) + refinement_key(entry.action);
    const bool is_refinement = refines(entry.action);
    const auto known = is_refinement ? refined.find({path, kind}) : refined.end();
    const auto same_path = primary.find(path);
    const size_t* other = is_refinement ? (known != refined.end() ? &known->second : nullptr)
                                        : (same_path != primary.end() ? &same_path->second : nullptr);
    if (is_refinement && quarantined.contains(path)) {
      continue;
    }
    if (other != nullptr) {
      Step& step = plan.steps[*other];
      if (step.action != entry.action) {
        plan.conflicts.push_back({path, step.findings.front(), entry.finding});
      } else if (step.findings.back() != entry.finding) {
        step.findings.push_back(entry.finding);
      }
      continue;
    }
    if (is_refinement) {
      refined.emplace(std::pair(path, kind), plan.steps.size());
    } else {
      primary.emplace(path, plan.steps.size());
    }
    plan.steps.push_back({std::move(entry.action), std::move(entry.expect), {entry.finding}});
  }
  entries_.clear();
  std::set<RelPath> conflicting;
  for (const PlanConflict& conflict : plan.conflicts) {
    conflicting.insert(conflict.path);
  }
  std::erase_if(plan.steps, [&](const Step& step) { return conflicting.contains(action_path(step.action)); });
  for (Step& step : plan.steps) {
    std::sort(step.findings.begin(), step.findings.end());
  }
  return plan;
}

}  // namespace dfsck
