// Invariant: every entry of layerdb holds files that the daemon can load and that hash to the entry's name.
// Written by moby layer/filestore.go; loaded by layer/layer_store.go:loadLayer, which hides every failure at debug
// level. Does not look at the layer's directory; that is overlay_dirs.cc and layer_content.cc.
#include "checks/checks.h"
#include "checks/content_advice.h"
#include "checks/input.h"

namespace dfsck {
namespace {

Subject subject_of(const Layer& layer) { return {SubjectKind::Layer, layer.id.text()}; }

bool judged(const FileState& file) { return file.kind != FileState::Kind::Unreadable; }

// Nothing in the entry helps the daemon: what an interrupted registration or a filesystem check leaves.
// Even an empty directory of the layer's name is in the way: Go's rename refuses a target that exists, so each
// pull extracts the whole layer and then fails with "file exists" (moby pkg/ioutils/fswriters.go:Commit).
bool holds_nothing(const Layer& layer) {
  return !layer.diff_id && !layer.size_value && (layer.cache_text.empty() || layer.cache_id.zero_filled()) &&
         !layer.parent_id && judged(layer.diff) && judged(layer.size) && judged(layer.cache_id) && judged(layer.parent);
}

class LayerdbEntry {
 public:
  LayerdbEntry(const CheckInput& input, size_t number, FindingSink& sink)
      : layer_(input.model.layers.layers[number]),
        truth_(input.derived.layers[number]),
        dir_(truth_.cache ? input.model.overlay.find(*truth_.cache) : nullptr),
        content_(input.content),
        number_(number),
        sink_(sink) {}

  void check() {
    if (!layer_.is_directory || holds_nothing(layer_)) {
      check_empty();
      return;
    }
    check_diff();
    check_parent();
    check_size();
    check_cache_id();
    check_descriptor();
    check_tar_split();
  }

 private:
  Finding& add(ProblemId problem, RelPath path) {
    Finding& finding = sink_.add(problem, subject_of(layer_), std::move(path));
    finding.args["layer"] = layer_.id.text();
    return finding;
  }

  void lost(const char* file, std::string state) {
    Finding& finding = add(problem::layer_file_lost, layer_.path / file);
    finding.args["file"] = file;
    finding.args["state"] = std::move(state);
  }

  // The chain ID is in the name. An image config that leads to it gives diff and parent, and a directory
  // whose chain and content fit gives the cache-id: with all three the entry can be written again as it
  // was. Otherwise moving it aside is all that can be done, and lets a pull bring the layer.
  void check_empty() {
    const bool provable = truth_.diff && truth_.parent_known && truth_.cache && dir_ != nullptr && dir_->diff.exists;
    Finding& finding = add(provable ? problem::layer_entry_empty : problem::layer_entry_lost, layer_.path);
    finding.args["state"] = !layer_.is_directory ? "no directory"
                            : layer_.is_empty    ? "an empty directory"
                                                 : "without a single file that can be read";
    if (provable) {
      check_tar_split();
    }
  }

  // The entry's name is the hash of parent and diff, so a wrong one is known as wrong even where nothing
  // else is left. Which of the two files lies is decided by the images that need a layer of either name.
  void check_diff() {
    if (!judged(layer_.diff)) {
      return;
    }
    if (!layer_.diff_id) {
      if (truth_.diff) {
        add(problem::layer_diff_bad, layer_.path / "diff").args["state"] = layer_.diff.problem();
      } else {
        lost("diff", layer_.diff.problem());
      }
    } else if (truth_.right_name) {
      Finding& finding = add(problem::layer_misnamed, layer_.path);
      finding.args["right"] = truth_.right_name->text();
      finding.hits = {{SubjectKind::Layer, truth_.right_name->text()}};
    } else if (!truth_.diff) {
      lost("diff", "in contradiction to the layer's chain ID");
    } else if (truth_.diff != layer_.diff_id) {
      add(problem::layer_diff_wrong, layer_.path / "diff").args["found"] = layer_.diff_id->text();
    }
  }

  // A missing file is the worst of them, for nothing shows it: the daemon loads the layer as a base layer and
  // counts one user too few for the layer below, and a later rmi of another image deletes that while it is in use.
  void check_parent() {
    if (!judged(layer_.parent) || (truth_.parent_known && truth_.parent == layer_.parent_id && good_form())) {
      return;
    }
    if (!truth_.parent_known) {
      if (!layer_.parent.absent() && !layer_.parent_id) {
        lost("parent", layer_.parent.problem());
      }
    } else if (layer_.parent.absent()) {
      add(problem::layer_parent_missing, layer_.path / "parent");
    } else {
      add(problem::layer_parent_bad, layer_.path / "parent").args["state"] =
          !layer_.parent_id ? layer_.parent.problem()
          : truth_.parent   ? "naming another layer (" + layer_.parent_id->text() + ")"
                            : "there, although this is a base layer";
    }
  }

  // A base layer has no file at all; an empty one stops the daemon as much as a wrong one.
  bool good_form() const { return layer_.parent_id.has_value() == !layer_.parent.absent(); }

  // The number is parsed strictly: a newline behind it, as an editor leaves it, is enough to
  // hide the layer and all that stand on it.
  void check_size() {
    if (!judged(layer_.size) || layer_.size_value) {
      return;
    }
    if (dir_ != nullptr && dir_->diff.exists) {
      add(problem::layer_size_bad, layer_.path / "size").args["state"] = layer_.size.problem();
    } else {
      lost("size", layer_.size.problem());
    }
  }

  // The daemon reads the name when it loads the layer and does not look whether there is such a
  // directory: one that is gone shows in docker save first.
  void check_cache_id() {
    if (!judged(layer_.cache_id) || (layer_.cache && truth_.cache == layer_.cache)) {
      return;
    }
    if (truth_.keeper) {
      check_taken_dir();
    } else if (truth_.cache) {
      add(problem::layer_cache_id_bad, layer_.path / "cache-id").args["state"] =
          layer_.cache ? "naming another directory (" + layer_.cache->text() + ")" : layer_.cache_id.problem();
    } else {
      lost("cache-id", layer_.cache_id.problem());
    }
  }

  // The layer can have a directory again: one that was found, or one that is made again under a new name.
  void check_taken_dir() {
    const bool can_have_one = dir_ != nullptr || content_.can_restore_tree(number_);
    Finding& finding =
        add(can_have_one ? problem::layer_dir_of_another : problem::layer_dir_taken, layer_.path / "cache-id");
    finding.args["dir"] = layer_.cache_text;
    finding.args["keeper"] = truth_.keeper->text();
    finding.args["own"] = truth_.cache->text();
    finding.args["proof"] = truth_.cache_proof;
    finding.args["remedy"] = bytes_advice(content_, number_);
  }

  // Daemons on Linux never write one, but read it, and refuse the layer if it does not parse.
  void check_descriptor() {
    if (layer_.descriptor_bad && judged(layer_.descriptor)) {
      add(problem::layer_descriptor_bad, layer_.path / "descriptor.json").args["state"] = layer_.descriptor.problem();
    }
  }

  // Written through a compressor whose errors at the end are dropped: on a full disk a layer is
  // registered with an empty or cut-off file, while all others of the entry are right.
  void check_tar_split() {
    const FileState& file = layer_.tar_split;
    const bool unusable =
        file.absent() || file.kind == FileState::Kind::WrongType || (file.present() && file.size == 0);
    // One that could be made again is a finding of the content's check.
    if (unusable && content_.find_reference(number_) == nullptr) {
      Finding& finding = add(problem::layer_tar_split_missing, layer_.path / "tar-split.json.gz");
      finding.args["state"] = file.problem();
      finding.args["remedy"] = reference_advice(content_, number_);
    }
  }

  const Layer& layer_;
  const LayerTruth& truth_;
  const OverlayDir* dir_;
  const ContentResults& content_;
  size_t number_;
  FindingSink& sink_;
};

}  // namespace

void check_layer_entries(const CheckInput& input, FindingSink& sink) {
  const LayerStore& store = input.model.layers;
  for (size_t i = 0; i < store.layers.size(); ++i) {
    LayerdbEntry(input, i, sink).check();
  }
  for (const RelPath& path : store.foreign_layers) {
    sink.add(problem::layer_entry_foreign, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
}

}  // namespace dfsck
