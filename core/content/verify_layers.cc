// Verifying all layers of a root: what to compare with what, in which order.
#include "core/content/verify_layers.h"

#include <algorithm>

#include "core/content/lost_tree.h"
#include "core/run/shared_work.h"

namespace dfsck {
namespace {

// Deep enough for the deepest chain that a daemon makes.
std::vector<RelPath> diffs_below(const Model& model, const Derived& derived, const CacheId& dir) {
  std::vector<RelPath> below;
  const DirTruth* at = derived.find_dir(model, dir);
  while (at != nullptr && at->parent && below.size() < kMaxDepth) {
    below.push_back(model.overlay.path / at->parent->text() / "diff");
    at = derived.find_dir(model, *at->parent);
  }
  return below;
}

}  // namespace

std::optional<LayerInput> tree_input(const Model& model, const Derived& derived, size_t i) {
  const Layer& layer = model.layers.layers[i];
  const LayerTruth& truth = derived.layers[i];
  if (!truth.cache || !model.driver_covered) {
    return std::nullopt;
  }
  const OverlayDir* dir = model.overlay.find(*truth.cache);
  LayerInput input;
  input.tar_split = layer.path / "tar-split.json.gz";
  input.diff_dir = model.overlay.path / truth.cache->text() / "diff";
  input.tree_lost = dir == nullptr || !dir->diff.exists || !dir->diff.stat.is_dir();
  input.diff = truth.diff ? truth.diff : layer.diff_id;
  input.provenance = truth.cache->form() == CacheId::Form::BuildKit ? Provenance::RawUpper : Provenance::Unpacked;
  input.ids = {model.uid_base, model.gid_base};
  if (model.uid_base != 0 || model.gid_base != 0) {
    input.compare = CompareBy::Meaning;
    input.lower_diffs = diffs_below(model, derived, *truth.cache);
  }
  return input;
}

std::optional<LayerInput> layer_input(const Model& model, const Derived& derived, size_t i) {
  const FileState& tar_split = model.layers.layers[i].tar_split;
  return tar_split.present() && tar_split.size > 0 ? tree_input(model, derived, i) : std::nullopt;
}

ContentResults verify_layers(const Root& root, const Model& model, const Derived& derived,
                             const std::set<ChainId>* chosen, Depth depth, unsigned jobs, const Cancel& cancel,
                             Progress& progress) {
  const std::vector<Layer>& layers = model.layers.layers;
  ContentResults results;
  results.layers.resize(layers.size());
  std::vector<size_t> order;
  uint64_t expected = 0;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (chosen == nullptr || chosen->count(layers[i].id) > 0) {
      order.push_back(i);
      expected += layers[i].size_value.value_or(0);
    }
  }
  // tar-split grows with the number of files, `size` with their bytes: both cost time.
  const auto cost = [&](size_t i) { return layers[i].size_value.value_or(0) + layers[i].tar_split.size * 64; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost(a) > cost(b); });

  progress.items_done = 0;
  progress.items_total = order.size();
  progress.bytes_done = 0;
  progress.bytes_total = depth == Depth::Full ? expected : 0;
  progress.phase = Progress::Phase::Content;
  for_each_shared(order.size(), jobs, cancel, [&](size_t n, SharedWork& work) {
    const size_t i = order[n];
    if (const std::optional<LayerInput> input = layer_input(model, derived, i); input) {
      results.layers[i] = input->tree_lost ? verify_lost_tree(root, *input)
                                           : verify_layer(root, *input, depth, cancel, progress, {&work, nullptr});
    }
    progress.add_items(1);
  });
  return results;
}

}  // namespace dfsck
