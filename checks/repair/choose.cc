// Classes and groups.
#include "checks/repair/choose.h"

#include <algorithm>
#include <numeric>

namespace dfsck {
namespace {

// The representative of `i` among merged indices.
size_t find_set(std::vector<size_t>& parents, size_t i) {
  while (parents[i] != i) {
    parents[i] = parents[parents[i]];
    i = parents[i];
  }
  return i;
}

}  // namespace

// The only place where a class becomes a decision: what a mode does can be told from the table alone,
// without looking at any fix. Ask is false here because there a person decides, whatever the class.
bool makes_repairs_of(Mode mode, Safety safety) {
  switch (mode) {
    case Mode::Preen: return safety == Safety::Safe;
    case Mode::Yes: return safety != Safety::None;
    case Mode::DryRun:
    case Mode::Ask: return false;
  }
  return false;
}

std::string reason_to_skip(Mode mode, Safety safety) {
  // With --yes every class is made, so what is left then was not left for its class.
  if (mode == Mode::Preen && !makes_repairs_of(mode, safety)) {
    return "its repair is of class " + std::string(safety_name(safety)) + ", which --preen does not make";
  }
  return mode == Mode::Ask ? "you did not say yes" : "";
}

std::vector<RepairGroup> repair_groups(const RootReport& report) {
  std::vector<size_t> parents(report.findings.size());
  std::iota(parents.begin(), parents.end(), size_t{0});
  for (const Step& step : report.plan.steps) {
    // Every dropped tag asks for this file to be written, each with all the choices that were made. If
    // it tied them together, one question would stand for all tags of the root.
    if (action_path(step.action).name() == "repositories.json") {
      continue;
    }
    for (const size_t finding : step.findings) {
      const size_t a = find_set(parents, step.findings.front());
      const size_t b = find_set(parents, finding);
      parents[std::max(a, b)] = std::min(a, b);
    }
  }
  std::vector<std::vector<size_t>> members(report.findings.size());
  for (size_t i = 0; i < report.findings.size(); ++i) {
    if (report.findings[i].has_repair()) {
      members[find_set(parents, i)].push_back(i);
    }
  }
  std::erase_if(members, [](const RepairGroup& group) { return group.empty(); });
  return members;
}

}  // namespace dfsck
