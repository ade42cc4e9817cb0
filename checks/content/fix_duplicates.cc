// Leaving a damaged second directory of a layer: what stands on it is made to stand on the layer's own.
#include <algorithm>
#include <set>

#include "checks/content/layer_duplicates.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/overlay2/fix_overlay.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Chains may have several damaged directories. They are left together: whoever wants one of them left gets the steps
// for all that share a chain with it, and equal steps of several findings are one step of the plan.
class Leaving {
 public:
  Leaving(const CheckInput& input, size_t index, PlanBuilder& plan)
      : input_(input), chains_(chains_of(input)), index_(index), plan_(plan) {}

  void add(const DuplicateDirectory& duplicate) {
    if (!can_be_left(duplicate)) {
      return;
    }
    leaving_.insert(dir_of(duplicate).id);
    while (take_along()) {
    }
    for (size_t i = 0; i < input_.model.overlay.dirs.size(); ++i) {
      if (const std::optional<size_t> place = first_left(i); place && !is_left(i) && is_right(i)) {
        rewrite(i, *place);
      }
    }
    // With nothing on it any more it would be found as an orphan in the next run; it goes with its reason now.
    quarantine_unused();
  }

 private:
  const OverlayDir& dir_of(const DuplicateDirectory& duplicate) const {
    return input_.model.overlay.dirs[duplicate.dir];
  }
  bool is_left(size_t dir) const { return leaving_.contains(input_.model.overlay.dirs[dir].id); }
  // A chain that is wrong is repaired for itself, and the rest in the next run.
  bool is_right(size_t dir) const {
    return input_.derived.dirs[dir].lower == input_.model.overlay.dirs[dir].lower.bytes;
  }

  // What the build cache still names, it will build on, whatever stands on it.
  bool is_only_duplicate(const DuplicateDirectory& duplicate) const {
    return input_.derived.dirs[duplicate.dir].owners.size() == 1;
  }
  bool can_be_left(const DuplicateDirectory& duplicate) const {
    return duplicate.is_damaged() && is_replaceable(input_, duplicate) && is_only_duplicate(duplicate) &&
           own_chain(duplicate);
  }

  // What is made on the layer's own directory has this as its chain.
  std::optional<std::string> own_chain(const DuplicateDirectory& duplicate) const {
    const std::optional<CacheId>& own = input_.derived.layers[duplicate.layer].cache;
    const DirTruth* truth = own ? input_.derived.find_dir(input_.model, *own) : nullptr;
    if (truth == nullptr || !truth->link || !truth->parent_known || (truth->parent && !truth->lower)) {
      return std::nullopt;
    }
    return "l/" + truth->link->text() + (truth->lower ? ":" + *truth->lower : "");
  }

  // Adds those that stand in one chain with one that is there already. False where there are none.
  bool take_along() {
    const size_t before = leaving_.size();
    for (const DuplicateDirectory& duplicate : input_.content.duplicates) {
      if (!can_be_left(duplicate) || leaving_.contains(dir_of(duplicate).id)) {
        continue;
      }
      const std::vector<StandsOn> above = standing_on(chains_, dir_of(duplicate).id);
      if (std::any_of(above.begin(), above.end(),
                      [&](const StandsOn& on) { return is_left(on.dir) || first_left(on.dir); })) {
        leaving_.insert(dir_of(duplicate).id);
      }
    }
    return leaving_.size() > before;
  }

  // Where in its chain the first directory is that is to be left. From there on the chain is written anew.
  std::optional<size_t> first_left(size_t dir) const {
    const std::vector<std::optional<CacheId>>& chain = chains_[dir];
    const auto found = std::find_if(chain.begin(), chain.end(),
                                    [&](const std::optional<CacheId>& id) { return id && leaving_.contains(*id); });
    return found != chain.end() ? std::optional(static_cast<size_t>(found - chain.begin())) : std::nullopt;
  }

  void rewrite(size_t number, size_t place) {
    const OverlayDir& dir = input_.model.overlay.dirs[number];
    const auto duplicate =
        std::find_if(input_.content.duplicates.begin(), input_.content.duplicates.end(),
                     [&](const DuplicateDirectory& other) { return dir_of(other).id == chains_[number][place]; });
    std::string lower;
    const std::vector<std::string_view> pieces = split(dir.lower.bytes, ':');
    for (size_t i = 0; i < place; ++i) {
      lower += std::string(pieces[i]) + ":";
    }
    // The head of the chain stays as it is: whatever stands above the damaged directory is right.
    const RelPath path = dir.path / "lower";
    plan_.add(index_, stage::kLower, WriteFile{path, lower + *own_chain(*duplicate), daemon_owner(input_.model, 0644)},
              expect_now(input_.root, path));
  }

  // Second directories that nothing stands on any more, damaged or not.
  void quarantine_unused() {
    for (const DuplicateDirectory& duplicate : input_.content.duplicates) {
      const CacheId& id = dir_of(duplicate).id;
      const std::vector<StandsOn> all = standing_on(chains_, id);
      const auto is_touched = [&](const StandsOn& above) { return is_left(above.dir) || first_left(above.dir); };
      const auto still_stands = [&](const StandsOn& above) {
        const std::optional<size_t> first = first_left(above.dir);
        return !is_left(above.dir) && (!first || !is_right(above.dir) || *first > above.place);
      };
      if (is_only_duplicate(duplicate) && std::any_of(all.begin(), all.end(), is_touched) &&
          std::none_of(all.begin(), all.end(), still_stands)) {
        quarantine_dir_and_link(input_, id, index_, plan_);
      }
    }
  }

  const CheckInput& input_;
  const Chains chains_;
  const size_t index_;
  PlanBuilder& plan_;
  std::set<CacheId> leaving_;
};

}  // namespace

void fix_leave_duplicate(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  for (const DuplicateDirectory& duplicate : input.content.duplicates) {
    if (input.model.overlay.dirs[duplicate.dir].id.text() == finding.subject.id) {
      Leaving(input, index, plan).add(duplicate);
    }
  }
}

}  // namespace dfsck
