// Verifying all layers of a root: what to compare with what, in which order.
#include "core/content/layers/verify_layers.h"

#include <algorithm>

#include "core/base/unread.h"
#include "core/content/layers/lost_tree.h"
#include "core/content/layers/unread_layers.h"
#include "core/run/shared_work.h"

namespace dfsck {
namespace {

// Deep enough for the deepest chain that a daemon makes.
void find_lowers(const Model& model, const Derived& derived, const CacheId& dir, LayerInput& input) {
  const DirTruth* at = derived.find_dir(model, dir);
  while (at != nullptr && at->parent_known && at->parent && input.lower_diffs.size() < kMaxDepth) {
    input.lower_diffs.push_back(model.overlay.path / at->parent->text() / "diff");
    at = derived.find_dir(model, *at->parent);
  }
  // Known only if the chain was followed down to a layer that is known to have no parent. A chain that breaks off, or
  // goes round in a circle up to the limit, proves nothing about what a container sees.
  input.lowers_known = at != nullptr && at->parent_known && !at->parent;
}

OverlayMarks marks_of(const Model& model) {
  if (model.driver != "overlay2" || !model.owners.known) {
    return OverlayMarks::Any;
  }
  return model.owners.in_namespace ? OverlayMarks::User : OverlayMarks::Trusted;
}

// The layer's tree in the directory `cache`, which may be its own or a second one.
LayerInput input_in(const Model& model, const Derived& derived, size_t i, const CacheId& cache) {
  const Layer& layer = model.layers.layers[i];
  const OverlayDir* dir = model.overlay.find(cache);
  LayerInput input;
  input.tar_split = layer.path / "tar-split.json.gz";
  input.diff_dir = model.overlay.path / cache.text() / "diff";
  input.tree_lost = dir == nullptr || !dir->diff.exists || !dir->diff.stat.is_dir();
  input.diff = derived.layers[i].diff ? derived.layers[i].diff : layer.diff_id;
  // The name of the directory tells who made it: BuildKit's snapshots have ids of 25 characters and are registered as
  // they are.
  input.provenance = cache.form() == CacheId::Form::BuildKit ? Provenance::RawUpper : Provenance::Unpacked;
  input.owners = model.owners;
  input.marks = marks_of(model);
  find_lowers(model, derived, cache, input);
  return input;
}

// A layer's second directory, on which other layers stand, is held against the same tar-split: containers see its bytes
// too.
std::vector<DuplicateDirectory> find_duplicates(const Model& model, const Derived& derived) {
  std::vector<DuplicateDirectory> duplicates;
  for (size_t i = 0; i < derived.dirs.size(); ++i) {
    for (const DirOwner& owner : derived.dirs[i].owners) {
      const std::optional<ChainId> chain =
          owner.kind == DirOwner::Kind::Duplicate ? ChainId::parse(owner.name) : std::nullopt;
      if (const Layer* layer = chain ? model.layers.find(*chain) : nullptr; layer != nullptr) {
        duplicates.push_back({static_cast<size_t>(layer - model.layers.layers.data()), i, {}});
      }
    }
  }
  return duplicates;
}

}  // namespace

std::optional<LayerInput> tree_input(const Model& model, const Derived& derived, size_t i) {
  const std::optional<CacheId>& cache = derived.layers[i].cache;
  return cache && model.driver_covered ? std::optional(input_in(model, derived, i, *cache)) : std::nullopt;
}

std::optional<LayerInput> layer_input(const Model& model, const Derived& derived, size_t i) {
  const std::optional<CacheId>& cache = derived.layers[i].cache;
  return cache && model.driver_covered ? layer_input_in(model, derived, i, *cache) : std::nullopt;
}

std::optional<LayerInput> layer_input_in(const Model& model, const Derived& derived, size_t i, const CacheId& dir) {
  const FileState& tar_split = model.layers.layers[i].tar_split;
  return tar_split.present() && tar_split.size > 0 ? std::optional(input_in(model, derived, i, dir)) : std::nullopt;
}

ContentResults verify_layers(const Root& root, const Model& model, const Derived& derived,
                             const std::set<ChainId>* chosen, Depth depth, unsigned jobs, const Cancel& cancel,
                             Progress& progress) {
  const std::vector<Layer>& layers = model.layers.layers;
  ContentResults results;
  results.layers.resize(layers.size());
  results.duplicates = find_duplicates(model, derived);
  struct Item {
    size_t layer;
    DuplicateDirectory* duplicate;  // null: the layer's own directory
  };
  std::vector<Item> order;
  uint64_t expected = 0;
  const auto add = [&](size_t layer, DuplicateDirectory* duplicate) {
    if (chosen == nullptr || chosen->count(layers[layer].id) > 0) {
      order.push_back({layer, duplicate});
      expected += layers[layer].size_value.value_or(0);
    }
  };
  for (size_t i = 0; i < layers.size(); ++i) {
    add(i, nullptr);
  }
  for (DuplicateDirectory& duplicate : results.duplicates) {
    add(duplicate.layer, &duplicate);
  }
  // tar-split grows with the number of files, `size` with their bytes: both cost time.
  // The longest first: with them at the end one thread would work alone while the others have nothing left.
  const auto cost = [&](const Item& item) {
    return layers[item.layer].size_value.value_or(0) + layers[item.layer].tar_split.size * 64;
  };
  std::stable_sort(order.begin(), order.end(), [&](const Item& a, const Item& b) { return cost(a) > cost(b); });

  progress.items_done = 0;
  progress.items_total = order.size();
  progress.bytes_done = 0;
  progress.bytes_total = depth == Depth::Full ? expected : 0;
  progress.phase = Progress::Phase::Content;
  const size_t unread = unread_so_far();
  for_each_shared(order.size(), jobs, cancel, [&](size_t n, SharedWork& work) {
    const auto [i, duplicate] = order[n];
    const std::optional<LayerInput> input =
        duplicate != nullptr ? layer_input_in(model, derived, i, model.overlay.dirs[duplicate->dir].id)
                             : layer_input(model, derived, i);
    if (input && duplicate != nullptr) {
      duplicate->verdict = verify_layer(root, *input, depth, cancel, progress, {&work, nullptr});
    } else if (input) {
      results.layers[i] = input->tree_lost ? verify_lost_tree(root, *input)
                                           : verify_layer(root, *input, depth, cancel, progress, {&work, nullptr});
    }
    progress.add_items(1);
  });
  // After all layers: code that can do without goes on when it is refused something, so here is asked what was not
  // seen, and verdicts that depended on it are set aside.
  set_aside_unread(root, model, derived, unread, results);
  return results;
}

}  // namespace dfsck
