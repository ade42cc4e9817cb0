// Groups are the connected parts of a graph: two passes over the steps, one that notes who changes what, one that looks
// up what each step needs.
#include "core/plan/step_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>

#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// Why groups at all: where one step fails, the repairs that have nothing to do with it shall still be made, and those
// that do must not be left half done.
class Grouping {
 public:
  Grouping(const std::vector<Step>& steps, const Causes& causes)
      : steps_(steps), causes_(causes), parents_(steps.size()) {
    std::iota(parents_.begin(), parents_.end(), size_t{0});
  }

  std::vector<StepGroup> make() {
    for (size_t i = 0; i < steps_.size(); ++i) {
      note_changes(i);
    }
    for (size_t i = 0; i < steps_.size(); ++i) {
      join_needs(i);
    }
    std::vector<StepGroup> groups(steps_.size());
    for (size_t i = 0; i < steps_.size(); ++i) {
      groups[i] = {find(i), needs_of(i)};
    }
    return groups;
  }

 private:
  template <typename Map, typename Key>
  void note(Map& map, const Key& key, size_t step) {
    const auto [known, added] = map.try_emplace(key, step);
    if (!added) {
      join(known->second, step);
    }
  }

  // Two findings that change one object are in one group even if their steps could be told apart: to take one back
  // would give the object a state that neither has seen.
  void note_changes(size_t number) {
    const Step& step = steps_[number];
    for (const size_t finding : step.findings) {
      note(findings_, finding, number);
    }
    const RelPath& path = action_path(step.action);
    if (!is_attribute_step(step.action)) {
      note(names_, path.bytes(), number);
      if (const auto* rename = std::get_if<Rename>(&step.action); rename != nullptr) {
        note(names_, rename->to.bytes(), number);
      }
      return;
    }
    note(attributes_, path.bytes(), number);
    if (traits_of(step.action).attribute == Attribute::Time) {
      note(times_, path.bytes(), number);
    }
    if (step.expect.inode != 0) {
      note(inodes_, step.expect.inode, number);  // one file may have several names
    }
  }

  // Only steps that come to be taken back matter here: a step below a name that another makes or moves has no place
  // without it, and a step that changes names in a directory would spoil the time that another sets on it.
  void join_needs(size_t number) {
    const Action& action = steps_[number].action;
    const RelPath& path = action_path(action);
    join_names_on(path, number);
    if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr) {
      join_names_on(link->target, number);
    }
    if (is_attribute_step(action)) {
      return;
    }
    join_with(attributes_, path.bytes(), number);
    join_with(times_, path.parent().bytes(), number);
    if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
      join_names_on(rename->to, number);
      join_with(times_, rename->to.parent().bytes(), number);
    }
  }

  // With every step that changes the name or one of the directories above it.
  void join_names_on(const RelPath& path, size_t number) {
    for (RelPath at = path; !at.is_root(); at = at.parent()) {
      join_with(names_, at.bytes(), number);
    }
  }

  template <typename Map, typename Key>
  void join_with(const Map& map, const Key& key, size_t number) {
    if (const auto known = map.find(key); known != map.end()) {
      join(known->second, number);
    }
  }

  // The cause's repair must succeed for this one to be right, but not the reverse: so these are not one group.
  std::vector<size_t> needs_of(size_t number) {
    std::set<size_t> needs;
    for (const size_t finding : steps_[number].findings) {
      if (const std::optional<size_t> step = step_of_cause(finding); step && find(*step) != find(number)) {
        needs.insert(find(*step));
      }
    }
    return {needs.begin(), needs.end()};
  }

  // A step for the nearest of the finding's causes that has any.
  // Findings without steps lie between; the number of hops is bounded, since a cycle among causes must not hang a
  // repair.
  std::optional<size_t> step_of_cause(size_t finding) const {
    auto cause = causes_.find(finding);
    for (size_t hops = 0; cause != causes_.end() && hops < causes_.size(); ++hops) {
      if (const auto known = findings_.find(cause->second); known != findings_.end()) {
        return known->second;
      }
      cause = causes_.find(cause->second);
    }
    return std::nullopt;
  }

  size_t find(size_t i) {
    while (parents_[i] != i) {
      parents_[i] = parents_[parents_[i]];
      i = parents_[i];
    }
    return i;
  }

  // The smaller number stays the representative, so a group is named by its first step.
  void join(size_t one, size_t other) {
    const size_t a = find(one);
    const size_t b = find(other);
    parents_[std::max(a, b)] = std::min(a, b);
  }

  const std::vector<Step>& steps_;
  const Causes& causes_;
  std::vector<size_t> parents_;
  // Who does it, by a step of the group.
  std::map<size_t, size_t> findings_;
  std::map<std::string, size_t> names_;
  std::map<std::string, size_t> attributes_;
  std::map<std::string, size_t> times_;
  std::map<uint64_t, size_t> inodes_;
};

}  // namespace

std::vector<StepGroup> step_groups(const std::vector<Step>& steps, const Causes& causes) {
  return Grouping(steps, causes).make();
}

// Steps of a group come one after the other or apart; equal neighbours are skipped to keep the list short,
// dependents() takes care of the rest.
void GroupIndex::add(const StepGroup& group) {
  members_[group.number].push_back(size_++);
  for (const size_t needed : group.needs) {
    std::vector<size_t>& all = needed_by_[needed];
    if (all.empty() || all.back() != group.number) {
      all.push_back(group.number);
    }
  }
}

std::vector<size_t> GroupIndex::dependents(size_t group) const {
  std::set<size_t> found{group};
  std::vector<size_t> pending{group};
  while (!pending.empty()) {
    const auto known = needed_by_.find(pending.back());
    pending.pop_back();
    if (known == needed_by_.end()) {
      continue;
    }
    for (const size_t dependent : known->second) {
      if (found.insert(dependent).second) {
        pending.push_back(dependent);
      }
    }
  }
  found.erase(group);
  return {found.begin(), found.end()};
}

}  // namespace dfsck
