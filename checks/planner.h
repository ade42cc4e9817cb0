// From findings to a plan, and what fixes need to write one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "checks/input.h"
#include "core/plan/expect.h"
#include "core/plan/plan.h"

namespace dfsck {

// In which order the levels of a root are mended: what others are judged by comes first.
namespace stage {
inline constexpr int kUrgent = 0;  // what a daemon would destroy things by
inline constexpr int kDatabases = 10;
inline constexpr int kImages = 20;
inline constexpr int kLayers = 30;
inline constexpr int kLinks = 40;
inline constexpr int kLower = 50;
inline constexpr int kDirs = 60;
inline constexpr int kContent = 70;
inline constexpr int kMounts = 80;
inline constexpr int kContainers = 90;
inline constexpr int kReferences = 100;
inline constexpr int kVolumes = 110;
inline constexpr int kSwarm = 115;
inline constexpr int kGarbage = 120;
}  // namespace stage

// The owner that the daemon gives to what it makes: root of its containers to layer trees, its own root to all else, and to
// the directory around a tree root with the group of its containers' root.
Ownership layer_owner(const Model& model, uint32_t mode);
Ownership layer_home_owner(const Model& model, uint32_t mode);
Ownership daemon_owner(const Model& model, uint32_t mode);
// A symbolic link with its owner; its mode is of no meaning.
void add_symlink(const CheckInput& input, int stage, const WriteSymlink& link, Ownership owner, size_t index,
                 PlanBuilder& plan);

// Lets the fix of each finding of `chosen` (indices into `findings`) add its steps. The steps' `findings` are indices
// into `findings` as well.
Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings, const std::vector<size_t>& chosen);
// The plan of a choice, without the repairs that cannot be made together with the others or at this place (what they would
// write into does not exist): `left_out` says why for each of those findings.
struct SettledPlan {
  Plan plan;  // `conflicts` are those that were left out; with groups that follow the findings' causes
  std::map<size_t, std::string> left_out;
};
SettledPlan settle_plan(const CheckInput& input, const std::vector<Finding>& findings, std::vector<size_t> chosen);
// The plan for all of them.
Plan make_plan(const CheckInput& input, const std::vector<Finding>& findings);

}  // namespace dfsck
