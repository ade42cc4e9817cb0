// Which steps of a plan stand and fall together, and which groups of steps need others.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "core/plan/plan.h"

namespace dfsck {

// For findings the one that explains them.
using Causes = std::map<size_t, size_t>;

// For each step its group. Steps are in one group where one finding asked for them, where they change the same object,
// where one works below a name that the other changes, or where one sets the time of a directory in which the other
// changes names. A group needs another where the finding behind it follows from the other's finding (or from what
// follows from it): what it would do is right only if the other succeeds. Otherwise what one group does makes no
// difference to another: if a step fails, they can go on.
std::vector<StepGroup> step_groups(const std::vector<Step>& steps, const Causes& causes = {});

// Looks groups up by number.
class GroupIndex {
 public:
  // Of the next step.
  void add(const StepGroup& group);
  size_t size() const { return size_; }

  // The numbers of the group's steps, ascending.
  const std::vector<size_t>& members(size_t group) { return members_[group]; }
  // The groups that need it, and those that need these, ascending; without itself.
  std::vector<size_t> dependents(size_t group) const;

 private:
  size_t size_ = 0;
  std::map<size_t, std::vector<size_t>> members_;
  std::map<size_t, std::vector<size_t>> needed_by_;
};

}  // namespace dfsck
