// Verifying all layers: what each is compared with, and in which order they are taken.
#include "core/content/verify_layers.h"

#include <algorithm>
#include <atomic>
#include <numeric>

#include "core/run/parallel.h"

namespace dfsck {
namespace {

// diff/ of everything that this directory stands on, nearest first.
std::vector<RelPath> lowers_of(const Model& model, const Derived& derived, const CacheId& cache) {
  std::vector<RelPath> lowers;
  const DirTruth* dir = derived.find_dir(model, cache);
  while (dir != nullptr && dir->parent && lowers.size() < kMaxDepth) {
    lowers.push_back(model.overlay.path / dir->parent->text() / "diff");
    dir = derived.find_dir(model, *dir->parent);
  }
  return lowers;
}

// Where the daemon itself runs in a user namespace, or where overlays are made by fuse-overlayfs, layers may have been
// unpacked through a mount.
bool may_be_unpacked_through_mount(const Model& model) { return model.uid_base != 0 || model.driver != "overlay2"; }

std::optional<LayerInput> input_for(const Model& model, const Derived& derived, const Layer& layer,
                                    const LayerTruth& truth) {
  const OverlayDir* dir = truth.cache ? model.overlay.find(*truth.cache) : nullptr;
  if (dir == nullptr || !dir->diff.exists) {
    return std::nullopt;
  }
  LayerInput input;
  input.tar_split = layer.path / "tar-split.json.gz";
  input.diff_dir = dir->path / "diff";
  input.diff = truth.diff;
  input.provenance = dir->id.form() == CacheId::Form::BuildKit ? Provenance::RawUpper : Provenance::Unpacked;
  input.ids = {model.uid_base, model.gid_base};
  if (may_be_unpacked_through_mount(model)) {
    input.compare = CompareBy::Meaning;
    input.lower_diffs = lowers_of(model, derived, *truth.cache);
  }
  return input;
}

// Layers by falling recorded size; where that is unknown they are taken for large.
std::vector<size_t> longest_first(const Model& model) {
  std::vector<size_t> order(model.layers.layers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const auto size = [&](size_t i) { return model.layers.layers[i].size_value.value_or(~uint64_t{0}); };
    return size(a) > size(b);
  });
  return order;
}

}  // namespace

ContentResults verify_layers(const Root& root, const Model& model, const Derived& derived, Depth depth, unsigned jobs,
                             const Cancel& cancel, Progress& progress) {
  const std::vector<Layer>& layers = model.layers.layers;
  ContentResults results;
  results.layers.resize(layers.size());
  progress.phase = Progress::Phase::Content;
  progress.items_done = 0;
  progress.items_total = layers.size();
  progress.bytes_done = 0;
  progress.bytes_total = 0;
  for (const Layer& layer : layers) {
    progress.bytes_total += depth == Depth::Full ? layer.size_value.value_or(0) : 0;
  }
  const std::vector<size_t> order = longest_first(model);
  for_each_index(order.size(), jobs, cancel, [&](size_t n) {
    const size_t i = order[n];
    if (const std::optional<LayerInput> input = input_for(model, derived, layers[i], derived.layers[i])) {
      results.layers[i] = verify_layer(root, *input, depth, cancel, progress);
    }
    progress.add_items(1);
  });
  return results;
}

}  // namespace dfsck
