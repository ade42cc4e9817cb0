// From the model of a root to what matters for loading.
#include "core/load/target.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/lock.h"

namespace dfsck {
namespace {

Error refuse(const Root& root, const std::string& why) { return format_error("load into", escaped(root.path()), why); }

// What was refused, or not to be had, if it was not damage.
std::string reason_of(const Model& model) {
  if (model.failures.empty()) {
    return "";
  }
  const ScanFailure& failure = model.failures.front();
  return " (" + failure.op + " " + failure.path.text() + ": " + errno_text(failure.code) + ")";
}

// What mkfs and we make of our own accord does not count.
// An empty directory becomes a root; anything else that is no root of Docker's is refused, so that nothing is loaded
// into somebody's home.
Result<bool> is_empty(const Root& root) {
  ASSIGN_OR_RETURN(const Dir top, root.open_dir(RelPath()));
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, top.list());
  return std::all_of(entries.begin(), entries.end(),
                     [](const DirEntry& entry) { return entry.name == kOwnDirectory || entry.name == "lost+found"; });
}

// What keeps a daemon, or a layer on top of it, from using the layer; empty if nothing does.
// Stricter than the daemon, which loads an entry without a look at its directory: a new layer that stood on a broken
// one would be born broken, and look like the archive's fault.
std::string why_unusable(const Model& model, const Derived& derived, const Layer& layer, const LayerTruth& truth) {
  if (!layer.loads() || !layer.cache || layer.diff_id != truth.diff || layer.parent_id != truth.parent) {
    return "its entry in layerdb is damaged";
  }
  const OverlayDir* dir = model.overlay.find(*layer.cache);
  if (dir == nullptr || !dir->diff.exists || !S_ISDIR(dir->diff.stat.mode)) {
    return "its directory overlay2/" + layer.cache->text() + " is missing";
  }
  const DirTruth* should = derived.find_dir(model, *layer.cache);
  const bool lower_right =
      should != nullptr && should->lower.value_or("") == (dir->lower.present() ? dir->lower.bytes : "");
  const ShortLink* link = dir->link_id ? model.overlay.find_link(dir->link_id->text()) : nullptr;
  if (!lower_right || should->link != dir->link_id || link == nullptr ||
      link->target != "../" + dir->id.text() + "/diff") {
    return "the links of its directory overlay2/" + layer.cache->text() + " are damaged";
  }
  return layer.tar_split.present() ? "" : "its tar-split.json.gz is damaged";
}

// Derived without any look at contents: what is asked here is whether a new child could be mounted on the layer,
// which its links and files tell.
void add_layers(const Model& model, LoadTarget& target) {
  const Derived derived = derive(model);
  for (size_t i = 0; i < model.layers.layers.size(); ++i) {
    const Layer& layer = model.layers.layers[i];
    std::string problem = why_unusable(model, derived, layer, derived.layers[i]);
    if (!problem.empty()) {
      target.broken.emplace(layer.id, std::move(problem));
      continue;
    }
    const OverlayDir& dir = *model.overlay.find(*layer.cache);
    target.layers.emplace(layer.id, RegisteredLayer{dir.id, *dir.link_id, dir.lower.present() ? dir.lower.bytes : "",
                                                    dir.committed.exists});
  }
}

}  // namespace

Result<LoadTarget> read_load_target(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress) {
  LoadTarget target;
  ASSIGN_OR_RETURN(const bool empty, is_empty(root));
  if (empty) {
    Model top;
    scan_root_entries(root, top);
    scan_owners(root, top);
    target.owners = top.owners;
    return target;
  }
  Result<Model> model = scan(root, jobs, cancel, progress);
  if (!model) {
    Error error = model.error();
    error.op = "load into";
    return error;
  }
  if (cancel.requested()) {
    return cancelled_error("load into", escaped(root.path()), "cancelled");
  }
  // The upper directory of a remapped daemon has no images of its own; what is loaded there no daemon would ever
  // show.
  if (model->driver.empty() && !model->entries.remapped_roots.empty()) {
    return refuse(root, "its daemon keeps images in a directory of a user namespace: name that, " +
                            escaped(root.path()) + "/" + model->entries.remapped_roots.front());
  }
  if (model->driver != "overlay2") {
    return refuse(root, "its storage driver is " + (model->driver.empty() ? "unknown" : escaped(model->driver)) +
                            "; only overlay2 can be loaded into");
  }
  if (!model->driver_covered) {
    return refuse(root, "what is in overlay2 cannot be told" + reason_of(*model) + "; check it first: docker-fsck");
  }
  // repositories.json is written as a whole, so tags that could not be read would be lost by it; and what could not
  // be read may be what is to be loaded.
  if (!model->images.references.problem.empty() || !model->layers.layers_complete || !model->images.complete) {
    return refuse(root, "what it has already cannot be read" + reason_of(*model) + "; check it first: docker-fsck");
  }
  if (!model->owners.known) {
    return refuse(root, "it is not known whom its files should belong to: " + model->owners.doubt);
  }
  target.owners = model->owners;
  target.image_path = model->image_path;
  target.tags = kept_tags(*model, {});
  add_layers(*model, target);
  target.model = std::move(*model);
  return target;
}

}  // namespace dfsck
