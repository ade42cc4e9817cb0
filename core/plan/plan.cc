// Putting steps in order: levels first, then by path, creations before what refines them, hard links after their targets.
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

bool refines(const Action& action) { return rank(action) > 0; }

bool is_hard_link(const Action& action) { return std::holds_alternative<MakeHardLink>(action); }

std::string refinement_key(const Action& action) {
  const auto* xattr = std::get_if<SetXattr>(&action);
  return xattr != nullptr ? xattr->name : std::string();
}

}  // namespace

void PlanBuilder::add(size_t finding, int stage, Action action, Expect expect) {
  entries_.push_back({stage, finding, std::move(action), std::move(expect)});
}

Plan PlanBuilder::finish() {
  const auto key = [](const Entry& entry) {
    return std::tuple(entry.stage, is_hard_link(entry.action), std::string_view(action_path(entry.action).bytes()),
                      rank(entry.action), refinement_key(entry.action), describe(entry.action), entry.finding);
  };
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) { return key(a) < key(b); });

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
      if (describe(step.action) != describe(entry.action)) {
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
  for (const PlanConflict& conflict : plan.conflicts) {
    std::erase_if(plan.steps, [&](const Step& step) { return action_path(step.action) == conflict.path; });
  }
  for (Step& step : plan.steps) {
    std::sort(step.findings.begin(), step.findings.end());
  }
  return plan;
}

}  // namespace dfsck
