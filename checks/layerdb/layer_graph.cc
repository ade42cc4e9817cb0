// Invariant: parents exist and end at a base layer, no two owners claim one directory, and every layer is used.
#include <algorithm>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// moby layer/layer_store.go:maxLayerDepth
constexpr size_t kMaxLayerDepth = 125;

std::string owner_words(const DirOwner& owner) {
  switch (owner.kind) {
    case DirOwner::Kind::Layer: return "layer " + owner.name;
    case DirOwner::Kind::Writable: return "container " + owner.name;
    case DirOwner::Kind::Init: return "the init layer of container " + owner.name;
    case DirOwner::Kind::Removing: return "the removal " + owner.name;
    case DirOwner::Kind::Build: return "the build cache";
    case DirOwner::Kind::Duplicate: return "a copy of layer " + owner.name;
  }
  return "";
}

Subject owner_subject(const DirOwner& owner) {
  return {owner.kind == DirOwner::Kind::Layer ? SubjectKind::Layer : SubjectKind::Container, owner.name};
}

// One walk for all: each layer is passed once, whatever the number of layers that stand on it.
void check_parents(const CheckInput& input, FindingSink& sink) {
  const LayerStore& store = input.model.layers;
  std::vector<size_t> depth(store.layers.size(), 0);  // 0: not known yet
  for (size_t i = 0; i < store.layers.size(); ++i) {
    // Up to a layer whose depth is known, then back; more steps than the limit allows mean a circle or a tower.
    std::vector<size_t> path;
    size_t below = 0;
    std::optional<ChainId> next = store.layers[i].id;
    while (next && path.size() <= kMaxLayerDepth) {
      const Layer* layer = store.find(*next);
      if (layer == nullptr) {
        break;
      }
      const auto at = static_cast<size_t>(layer - store.layers.data());
      if (depth[at] > 0) {
        below = depth[at];
        break;
      }
      path.push_back(at);
      // What is proven goes before what the file says; only where nothing is proven can a chain run in a circle.
      next = input.derived.layers[at].parent_known ? input.derived.layers[at].parent : layer->parent_id;
    }
    for (size_t n = 0; n < path.size(); ++n) {
      depth[path[n]] = below + path.size() - n;
    }
    const Layer& layer = store.layers[i];
    const Subject subject{SubjectKind::Layer, layer.id.text()};
    if (depth[i] > kMaxLayerDepth) {
      Finding& finding = sink.add(problem::layer_chain_too_deep, subject, layer.path);
      finding.args["layer"] = layer.id.text();
      finding.args["limit"] = std::to_string(kMaxLayerDepth);
    }
    const LayerTruth& truth = input.derived.layers[i];
    const std::optional<ChainId>& parent = truth.parent_known ? truth.parent : layer.parent_id;
    // A directory that could not be listed holds layers that were not seen.
    if (parent && store.find(*parent) == nullptr && store.layers_complete) {
      Finding& finding = sink.add(problem::layer_parent_dangling, subject, layer.path / "parent");
      finding.args["layer"] = layer.id.text();
      finding.args["parent"] = parent->text();
      if (const Layer* misnamed = input.derived.find_misnamed(input.model, *parent); misnamed != nullptr) {
        finding.cause = Subject{SubjectKind::Layer, misnamed->id.text()};
      }
    }
  }
}

bool is_verified(const CheckInput& input, const DirOwner& owner) {
  const std::optional<ChainId> id = owner.kind == DirOwner::Kind::Layer ? ChainId::parse(owner.name) : std::nullopt;
  const Layer* layer = id ? input.model.layers.find(*id) : nullptr;
  const size_t number = layer != nullptr ? static_cast<size_t>(layer - input.model.layers.layers.data()) : SIZE_MAX;
  return number < input.content.layers.size() && input.content.layers[number].state == LayerVerdict::State::Verified;
}

// A full check has told which layer it is, if that can be told (core/content/layers/shared_dirs.h); then nobody shares
// it now. What each advice comes to: only contents tell whose a directory is, and where they do not, nothing is written
// by guess. Both owners would lose their files when one of them is removed.
std::string shared_advice(const CheckInput& input, const CacheId& dir, const std::vector<const DirOwner*>& owners) {
  const auto is_layer = [](const DirOwner* owner) { return owner->kind == DirOwner::Kind::Layer; };
  if (input.model.overlay.find(dir) == nullptr) {
    return "The directory is not there either. Load or pull the images again.";
  }
  if (std::none_of(owners.begin(), owners.end(), is_layer)) {
    return "Nothing proves whose files these are. Start none of them, keep a copy of the directory, then make the "
           "containers anew.";
  }
  if (input.level != Level::Full) {
    return "Check without --quick or --structure: the contents decide whose directory it is.";
  }
  const auto verified = [&](const DirOwner* owner) { return is_verified(input, *owner); };
  const auto right = std::find_if(owners.begin(), owners.end(), verified);
  if (right == owners.end()) {
    return "Its files are not exactly those of any of them. Name copies of the images with --from, or load or pull "
           "them "
           "again under another data root.";
  }
  if (std::count_if(owners.begin(), owners.end(), verified) > 1) {
    return "Its files are right for more than one of them, and its lower file does not decide. Load or pull the images "
           "again under another data root.";
  }
  return "Its files are those of " + owner_words(**right) + ", byte for byte. Make the container anew.";
}

// Layers and containers must not share a directory. The build cache and an unfinished removal may well name one that
// a layer has taken over.
void check_shared(const CheckInput& input, const RelPath& path, const CacheId& id, const DirTruth& truth,
                  FindingSink& sink) {
  std::vector<const DirOwner*> owners;
  for (const DirOwner& owner : truth.owners) {
    if (owner.kind != DirOwner::Kind::Build && owner.kind != DirOwner::Kind::Removing) {
      owners.push_back(&owner);
    }
  }
  if (owners.size() < 2) {
    return;
  }
  Finding& finding = sink.add(problem::layer_cache_id_shared, {SubjectKind::OverlayDir, id.text()}, path);
  finding.args["dir"] = id.text();
  for (const DirOwner* owner : owners) {
    finding.args["owners"] += (owner == owners.front() ? "" : " and ") + owner_words(*owner);
    finding.hits.push_back(owner_subject(*owner));
  }
  finding.args["remedy"] = shared_advice(input, id, owners);
}

}  // namespace

void check_layer_graph(const CheckInput& input, FindingSink& sink) {
  check_parents(input, sink);
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const OverlayDir& dir = input.model.overlay.dirs[i];
    check_shared(input, dir.path, dir.id, input.derived.dirs[i], sink);
  }
  for (const auto& [id, truth] : input.derived.missing_dirs) {
    check_shared(input, input.model.overlay.path / id.text(), id, truth, sink);
  }
  for (size_t i = 0; i < input.derived.layers.size(); ++i) {
    const Layer& layer = input.model.layers.layers[i];
    // Left by pulls and loads that were cut off: layers are registered one by one, the image's config
    // comes last. A later pull adopts them, no prune removes them. Layers that do not load have a
    // finding of their own and may belong to an image that is hidden because of it.
    if (!input.derived.layers[i].used && input.derived.users_complete && layer.loads()) {
      Finding& finding = sink.add(problem::layer_unreferenced, {SubjectKind::Layer, layer.id.text()}, layer.path);
      finding.args["layer"] = layer.id.text();
      finding.args["size"] = human_bytes(layer.size_value.value_or(0));
    }
    const LayerVerdict* verdict = i < input.content.layers.size() ? &input.content.layers[i] : nullptr;
    // The daemon counts in two ways, by the files of what it unpacks and by the headers of what
    // BuildKit made. A number that fits neither is wrong, and is only ever shown.
    if (verdict != nullptr && layer.size_value && verdict->state == LayerVerdict::State::Verified &&
        *layer.size_value != verdict->tree_bytes && *layer.size_value != verdict->header_bytes) {
      Finding& finding =
          sink.add(problem::layer_size_differs, {SubjectKind::Layer, layer.id.text()}, layer.path / "size");
      finding.args["layer"] = layer.id.text();
      finding.args["found"] = std::to_string(*layer.size_value);
      finding.args["expected"] = std::to_string(verdict->tree_bytes);
    }
  }
}

}  // namespace dfsck
