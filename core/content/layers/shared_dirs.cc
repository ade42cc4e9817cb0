// The claims on each shared directory, and the search for what the losers own.
#include "core/content/layers/shared_dirs.h"

#include <algorithm>
#include <set>

#include "core/content/layers/verify_layers.h"
#include "core/model/derive/unowned.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

bool names_one_twice(const std::vector<Layer>& layers) {
  std::set<CacheId> seen;
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return layer.cache && !seen.insert(*layer.cache).second; });
}

// cache-id is the one link from a layer to its tree that nothing else repeats. If two layers name one directory, a
// copied or overwritten cache-id is the cause, and the files say whose it is.
class Court {
 public:
  Court(const Root& root, const Model& model, unsigned jobs, const Cancel& cancel, Progress& progress)
      : root_(root), model_(model), derived_(derive(model)), jobs_(jobs), cancel_(cancel), progress_(progress) {}

  Rulings rule() {
    for (size_t i = 0; i < derived_.dirs.size() && !cancel_.requested(); ++i) {
      const std::vector<size_t> claims = claims_on(derived_.dirs[i]);
      const std::optional<size_t> keeper = claims.size() > 1 ? keeper_of(i, claims) : std::nullopt;
      for (const size_t layer : keeper ? claims : std::vector<size_t>{}) {
        if (layer != *keeper) {
          losers_.push_back({layer, model_.layers.layers[*keeper].id, std::nullopt});
        }
      }
    }
    for (Ruling& loser : losers_) {
      loser.own = own_dir_of(loser.layer);
    }
    return cancel_.requested() ? Rulings{} : std::move(losers_);
  }

 private:
  std::vector<size_t> claims_on(const DirTruth& dir) const {
    std::vector<size_t> layers;
    for (const DirOwner& owner : dir.owners) {
      const std::optional<ChainId> id = owner.kind == DirOwner::Kind::Layer ? ChainId::parse(owner.name) : std::nullopt;
      if (const Layer* layer = id ? model_.layers.find(*id) : nullptr; layer != nullptr) {
        layers.push_back(static_cast<size_t>(layer - model_.layers.layers.data()));
      }
    }
    return layers;
  }

  std::optional<size_t> keeper_of(size_t dir, const std::vector<size_t>& claims) const {
    const std::vector<size_t> proven = only(claims, [&](size_t layer) { return is_tree_of(layer, dir); });
    // Several layers may be proven by one tree: those without a byte of content have tars that no tree can contradict.
    // Their place in the chain tells them apart, or nothing does.
    const std::vector<size_t> fitting =
        proven.size() == 1 ? proven : only(proven, [&](size_t layer) { return stands_right(layer, dir); });
    return fitting.size() == 1 ? std::optional(fitting.front()) : std::nullopt;
  }

  // Whatever nobody owns is tried, by names first. Where nothing is proven, a directory in the right place with all the
  // right names is the layer's too: damaged, which the check of contents then names.
  std::optional<CacheId> own_dir_of(size_t layer) {
    // Only what nobody owns can be the loser's, and no init layer and no writable layer of a container, whose contents
    // have no witness.
    std::vector<size_t> open;
    for (size_t i = 0; i < derived_.dirs.size(); ++i) {
      const OverlayDir& dir = model_.overlay.dirs[i];
      if (derived_.dirs[i].owners.empty() && dir.diff.exists && dir.id.form() != CacheId::Form::Init &&
          !is_lost_writable(derived_, dir.id) && !given_.contains(i)) {
        open.push_back(i);
      }
    }
    // By names and sizes before bytes: the cheap test leaves few candidates for the dear one.
    const std::vector<size_t> like = only(open, [&](size_t dir) { return has_names_of(layer, dir); });
    const std::vector<size_t> proven = only(like, [&](size_t dir) { return is_tree_of(layer, dir); });
    const std::vector<size_t> fitting =
        only(proven.empty() ? like : proven, [&](size_t dir) { return stands_right(layer, dir); });
    // Trees without bytes are soon alike: there the place in the chain has to say which.
    const bool decided_by_files = fitting.empty() && proven.size() == 1 && has_bytes(layer, proven.front());
    const std::vector<size_t>& chosen = decided_by_files ? proven : fitting;
    if (chosen.size() != 1) {
      return std::nullopt;
    }
    given_.insert(chosen.front());
    return model_.overlay.dirs[chosen.front()].id;
  }

  // Verified by the digest, all of its bytes: nothing less says that a tree is this layer's and no other's.
  bool is_tree_of(size_t layer, size_t dir) const {
    return look(layer, dir, Depth::Full).state == LayerVerdict::State::Verified;
  }

  bool has_names_of(size_t layer, size_t dir) const {
    const LayerVerdict verdict = look(layer, dir, Depth::Headers);
    return verdict.state == LayerVerdict::State::HeadersMatch ||
           (verdict.state == LayerVerdict::State::Damaged &&
            std::none_of(verdict.issues.begin(), verdict.issues.end(), [](const Issue& issue) {
              return issue.kind == IssueKind::Missing || issue.kind == IssueKind::Extra ||
                     issue.kind == IssueKind::WrongType || issue.kind == IssueKind::Unreadable;
            }));
  }

  bool has_bytes(size_t layer, size_t dir) const { return look(layer, dir, Depth::Headers).header_bytes > 0; }

  LayerVerdict look(size_t layer, size_t dir, Depth depth) const {
    const std::optional<LayerInput> input = layer_input_in(model_, derived_, layer, model_.overlay.dirs[dir].id);
    return input && !input->tree_lost ? verify_layer(root_, *input, depth, cancel_, progress_) : LayerVerdict{};
  }

  // The directory's own chain begins with what the layer stands on.
  bool stands_right(size_t layer, size_t dir) const {
    const LayerTruth& truth = derived_.layers[layer];
    const FileState& lower = model_.overlay.dirs[dir].lower;
    if (!truth.parent_known) {
      return false;
    }
    if (!truth.parent) {
      return lower.absent();
    }
    const LayerTruth* parent = derived_.find_layer(model_, *truth.parent);
    const DirTruth* below = parent != nullptr && parent->cache ? derived_.find_dir(model_, *parent->cache) : nullptr;
    if (below == nullptr || !below->link || !lower.present()) {
      return false;
    }
    // The first piece of `lower` is the parent's short link (getLower of the overlay2 driver puts it in front).
    return lower.bytes.substr(0, lower.bytes.find(':')) == "l/" + below->link->text();
  }

  // Those of `all` for which it holds, in their order.
  template <typename Holds>
  std::vector<size_t> only(const std::vector<size_t>& all, const Holds& holds) const {
    // Not std::vector<bool>, whose neighbours share a byte that two threads would write.
    std::vector<char> held(all.size(), 0);
    for_each_index(all.size(), jobs_, cancel_, [&](size_t i) { held[i] = holds(all[i]) ? 1 : 0; });
    std::vector<size_t> chosen;
    for (size_t i = 0; i < all.size(); ++i) {
      if (held[i] != 0) {
        chosen.push_back(all[i]);
      }
    }
    return chosen;
  }

  const Root& root_;
  const Model& model_;
  const Derived derived_;
  unsigned jobs_;
  const Cancel& cancel_;
  Progress& progress_;
  Rulings losers_;
  std::set<size_t> given_;  // directories that were found to be a loser's
};

}  // namespace

Rulings judge_shared_dirs(const Root& root, const Model& model, unsigned jobs, const Cancel& cancel,
                          Progress& progress) {
  return model.driver_covered && names_one_twice(model.layers.layers)
             ? Court(root, model, jobs, cancel, progress).rule()
             : Rulings{};
}

}  // namespace dfsck
