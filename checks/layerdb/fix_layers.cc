// Repairs of layerdb: files that the chain ID proves are written again, what nobody uses is moved aside.
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/layer_chain.h"
#include "checks/overlay2/fix_overlay.h"
#include "core/content/tree/tree_size.h"

namespace dfsck {
namespace {

constexpr uint32_t kLayerFileMode = 0644;  // filestore.go: files of a write-set, which itself becomes the entry
constexpr uint32_t kLayerDirMode = 0700;

const Layer* layer_of(const CheckInput& input, const Finding& finding) {
  const std::optional<ChainId> id = ChainId::parse(finding.subject.id);
  return id ? input.model.layers.find(*id) : nullptr;
}

// Writes only what is proven; a file for which nothing is known is left as it is, and its own finding says so.
class EntryWriter {
 public:
  EntryWriter(const CheckInput& input, const Layer& layer, size_t index, PlanBuilder& plan)
      : input_(input),
        layer_(layer),
        truth_(*input.derived.find_layer(input.model, layer.id)),
        index_(index),
        plan_(plan) {}

  void directory() {
    if (!layer_.is_directory) {
      plan_.add(index_, stage::kLayers, MakeDir{layer_.path, daemon_owner(input_.model, kLayerDirMode)},
                expect_now(input_.root, layer_.path));
    }
  }
  void diff() {
    if (truth_.diff) {
      write("diff", truth_.diff->text());
    }
  }
  void parent() {
    if (truth_.parent_known && truth_.parent) {
      write("parent", truth_.parent->text());
    } else if (truth_.parent_known && !layer_.parent.absent()) {
      // A base layer has no such file. An empty one would not do: the daemon takes it for a digest and refuses it.
      const RelPath path = layer_.path / "parent";
      plan_.add(index_, stage::kLayers, Quarantine{path}, expect_now(input_.root, path));
    }
  }
  void cache_id() {
    if (truth_.cache) {
      write("cache-id", truth_.cache->text());
    }
  }
  // The daemon's own rule for layers that it unpacks: the sizes of everything below diff/ that is no directory.
  // Layers of BuildKit are counted by the sizes in tar-split instead. The daemon only shows the number,
  // and no image depends on it, so either rule is good enough to load.
  void size() {
    if (!truth_.cache) {
      return;
    }
    const Result<uint64_t> bytes = tree_size(input_.root, input_.model.overlay.path / truth_.cache->text() / "diff");
    if (bytes) {
      write("size", std::to_string(*bytes));
    }
  }

 private:
  void write(const char* name, std::string bytes) {
    const RelPath path = layer_.path / name;
    plan_.add(index_, stage::kLayers, WriteFile{path, std::move(bytes), daemon_owner(input_.model, kLayerFileMode)},
              expect_now(input_.root, path));
  }

  const CheckInput& input_;
  const Layer& layer_;
  const LayerTruth& truth_;
  size_t index_;
  PlanBuilder& plan_;
};

}  // namespace

// Of the last stage, behind everything that repairs: garbage can be the evidence for a repair.
void fix_quarantine_path(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kGarbage, Quarantine{finding.path}, expect_now(input.root, finding.path));
}

void fix_rebuild_layer_entry(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Layer* layer = layer_of(input, finding);
  if (layer == nullptr) {
    return;
  }
  EntryWriter writer(input, *layer, index, plan);
  // Each finding writes its own file alone. What one has proven says nothing about another file of the entry.
  const bool all = finding.problem == problem::layer_entry_empty;
  if (all) {
    writer.directory();
  }
  if (all || finding.problem == problem::layer_diff_bad || finding.problem == problem::layer_diff_wrong) {
    writer.diff();
  }
  if (all || finding.problem == problem::layer_parent_bad || finding.problem == problem::layer_parent_missing) {
    writer.parent();
  }
  if (all || finding.problem == problem::layer_size_bad) {
    writer.size();
  }
  if (all || finding.problem == problem::layer_cache_id_bad || finding.problem == problem::layer_dir_of_another) {
    writer.cache_id();
  }
}

void fix_rename_layer_entry(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Layer* layer = layer_of(input, finding);
  const LayerTruth* truth = layer != nullptr ? input.derived.find_layer(input.model, layer->id) : nullptr;
  if (truth != nullptr && truth->right_name) {
    plan.add(index, stage::kLayers, Rename{layer->path, layer->path.parent() / truth->right_name->hex()},
             expect_now(input.root, layer->path));
  }
}

namespace {

void quarantine_layer(const CheckInput& input, const Layer& layer, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kGarbage, Quarantine{layer.path}, expect_now(input.root, layer.path));
  // By what is proven, not by its cache-id: that may name another layer's.
  const std::optional<CacheId>& cache = input.derived.find_layer(input.model, layer.id)->cache;
  const DirTruth* dir = cache ? input.derived.find_dir(input.model, *cache) : nullptr;
  // A directory that the build cache or another layer names stays.
  if (dir != nullptr && dir->owners.size() == 1) {
    quarantine_dir_and_link(input, *cache, index, plan);
  }
}

}  // namespace

// Entry, directory and short link together: a daemon that found the entry without its directory would
// call the layer present and let every pull skip it.
void fix_quarantine_layer(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  if (const Layer* layer = layer_of(input, finding); layer != nullptr) {
    quarantine_layer(input, *layer, index, plan);
  }
}

// A daemon that has the layers above takes those that it pulls for new ones and fails to register them: "file exists".
void fix_set_layer_aside(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Layer* lost = layer_of(input, finding);
  for (size_t i = 0; lost != nullptr && i < input.model.layers.layers.size(); ++i) {
    const Layer& layer = input.model.layers.layers[i];
    if (stands_on(input, layer.id, lost->id)) {
      quarantine_layer(input, layer, index, plan);
    }
  }
}

// What the daemon's own cleanup would do at the next clean stop, but with the possibility to take it
// back, and only where it is certain that nobody needs the directory.
void fix_quarantine_removing(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kGarbage, Quarantine{finding.path}, expect_now(input.root, finding.path));
  for (const RemovingLayer& removing : input.model.layers.removing) {
    const DirTruth* dir = removing.cache ? input.derived.find_dir(input.model, *removing.cache) : nullptr;
    // What nobody else needs; where somebody does, this is another finding.
    if (removing.path == finding.path && dir != nullptr && !dir->live && !dir->has_children) {
      quarantine_dir_and_link(input, *removing.cache, index, plan);
    }
  }
}

// The entry alone: without it the daemon deletes nothing, and it still tells what was to be removed.
void fix_defuse_removing(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  plan.add(index, stage::kUrgent, Quarantine{finding.path}, expect_now(input.root, finding.path));
}

}  // namespace dfsck
