// Which of the repairs that a check offers are made: by their class, or by asking.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "checks/report.h"

namespace dfsck {

// Whether a mode makes repairs of this class without asking. Nothing in the modes DryRun and Ask.
bool makes_repairs_of(Mode mode, Safety safety);

// Why a mode leaves a finding whose repair is planned: "its repair is of class clean, which --preen does not make".
std::string reason_to_skip(Mode mode, Safety safety);

// Findings whose repairs share a step and so cannot be chosen apart from each other; ascending indices into the
// report's findings. Tags are an exception: repositories.json is written as the choice wants it.
using RepairGroup = std::vector<size_t>;

// All findings with a planned repair, in groups, in the order of their first.
std::vector<RepairGroup> repair_groups(const RootReport& report);

// What a person says to the groups of one look at a root.
struct Answers {
  std::vector<bool> chosen;  // like the groups
  bool quit = false;         // ask no more: what is chosen is still made
};
using AskAbout = std::function<Answers(const RootReport& report, const std::vector<RepairGroup>& groups)>;

}  // namespace dfsck
