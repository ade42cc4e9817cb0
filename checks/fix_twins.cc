// Leaving a damaged second directory of a layer: what stands on it is made to stand on the layer's own.
#include <algorithm>
#include <set>

#include "checks/fix_overlay.h"
#include "checks/fixes.h"
#include "checks/layer_twins.h"
#include "checks/planner.h"
#include "core/base/text.h"
#include "core/model/derive_steps.h"

namespace dfsck {
namespace {

class Leaving {
 public:
  Leaving(const CheckInput& input, const TwinVerdict& twin, size_t index, PlanBuilder& plan)
      : input_(input), links_(input.model.overlay), twin_(twin), index_(index), plan_(plan) {
    for (const TwinVerdict& other : input.content.twins) {
      if (other.is_damaged() && is_replaceable(input, other)) {
        leaving_.insert(dir_of(other).id);
      }
    }
  }

  void add() {
    const std::optional<std::string> chain = own_chain();
    if (!chain || !leaving_.contains(dir_of(twin_).id)) {
      return;
    }
    for (const StandsOn& above : standing_on(input_, dir_of(twin_).id)) {
      if (first_left(above.dir) == above.place && !is_left(above.dir)) {
        rewrite(above, *chain);
      }
    }
    quarantine_unused();
  }

 private:
  const OverlayDir& dir_of(const TwinVerdict& twin) const { return input_.model.overlay.dirs[twin.dir]; }
  bool is_left(size_t dir) const { return leaving_.contains(input_.model.overlay.dirs[dir].id); }

  // What is made on the layer's own directory has as its chain.
  std::optional<std::string> own_chain() const {
    const std::optional<CacheId>& own = input_.derived.layers[twin_.layer].cache;
    const DirTruth* truth = own ? input_.derived.find_dir(input_.model, *own) : nullptr;
    if (truth == nullptr || !truth->link || !truth->parent_known || (truth->parent && !truth->lower)) {
      return std::nullopt;
    }
    return "l/" + truth->link->text() + (truth->lower ? ":" + *truth->lower : "");
  }

  // Where in its chain the first directory is that is to be left. From there on the chain is written anew.
  std::optional<size_t> first_left(size_t dir) const {
    const std::vector<std::optional<CacheId>> chain = links_.pieces(input_.model.overlay.dirs[dir]);
    const auto found = std::find_if(chain.begin(), chain.end(),
                                    [&](const std::optional<CacheId>& id) { return id && leaving_.contains(*id); });
    return found != chain.end() ? std::optional(static_cast<size_t>(found - chain.begin())) : std::nullopt;
  }

  // A chain that is wrong is mended for itself, and the rest in the next run.
  bool is_right(size_t dir) const {
    return input_.derived.dirs[dir].lower == input_.model.overlay.dirs[dir].lower.bytes;
  }

  void rewrite(const StandsOn& above, const std::string& own_chain) {
    const OverlayDir& dir = input_.model.overlay.dirs[above.dir];
    if (!is_right(above.dir)) {
      return;
    }
    std::string lower;
    const std::vector<std::string_view> pieces = split(dir.lower.bytes, ':');
    for (size_t i = 0; i < above.place; ++i) {
      lower += std::string(pieces[i]) + ":";
    }
    const RelPath path = dir.path / "lower";
    plan_.add(index_, stage::kLower, WriteFile{path, lower + own_chain, Ownership{0, 0, 0644}},
              expect_now(input_.root, path));
  }

  // The directory, and those below it that only it, and what stands on it, were standing on.
  void quarantine_unused() {
    const OverlayDir& left = dir_of(twin_);
    std::vector<std::optional<CacheId>> candidates = links_.pieces(left);
    candidates.push_back(left.id);
    for (const TwinVerdict& other : input_.content.twins) {
      const CacheId& id = dir_of(other).id;
      const bool is_only_twin = input_.derived.dirs[other.dir].owners.size() == 1;
      if (is_only_twin && std::count(candidates.begin(), candidates.end(), id) > 0 && !is_used(id) &&
          (id == left.id || (!leaving_.contains(id) && is_first_above(id)))) {
        quarantine_dir_and_link(input_, id, index_, plan_);
      }
    }
  }

  // Whether something will still have the directory in its chain.
  bool is_used(const CacheId& id) const {
    const std::vector<StandsOn> all = standing_on(input_, id);
    return std::any_of(all.begin(), all.end(), [&](const StandsOn& above) {
      const std::optional<size_t> first = first_left(above.dir);
      return !is_left(above.dir) && (!is_right(above.dir) || !first || *first > above.place);
    });
  }

  // Of several that are left and have it below them, one moves it: the first by name.
  bool is_first_above(const CacheId& id) const {
    return std::none_of(leaving_.begin(), leaving_.find(dir_of(twin_).id), [&](const CacheId& other) {
      const OverlayDir* dir = input_.model.overlay.find(other);
      const std::vector<std::optional<CacheId>> chain = links_.pieces(*dir);
      return std::count(chain.begin(), chain.end(), id) > 0;
    });
  }

  const CheckInput& input_;
  const deriving::LinkMap links_;
  const TwinVerdict& twin_;
  const size_t index_;
  PlanBuilder& plan_;
  std::set<CacheId> leaving_;  // all that are damaged and can be replaced
};

}  // namespace

void fix_leave_twin(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  for (const TwinVerdict& twin : input.content.twins) {
    if (input.model.overlay.dirs[twin.dir].id.text() == finding.subject.id) {
      Leaving(input, twin, index, plan).add();
    }
  }
}

}  // namespace dfsck
