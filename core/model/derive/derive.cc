// The order in which the truth about a root is worked out: each step builds on what the earlier ones proved.
#include "core/model/derive/derive.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/model/derive/steps.h"

namespace dfsck {
namespace deriving {

// Names from disk can collide or contradict each other; the first of two link files keeps the id here,
// links.cc decides properly.
LinkMap::LinkMap(const OverlayStore& overlay) {
  for (const OverlayDir& dir : overlay.dirs) {
    if (dir.link_id) {
      by_link_.try_emplace(*dir.link_id, dir.id);
    }
  }
  // A short link outranks a link file: it is what a mount would follow.
  for (const ShortLink& link : overlay.links) {
    if (link.id && link.points_to) {
      by_link_.insert_or_assign(*link.id, *link.points_to);
    }
  }
}

std::optional<CacheId> LinkMap::resolve(const LinkId& link) const {
  const auto found = by_link_.find(link);
  return found != by_link_.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<LinkId> link_of_piece(std::string_view piece) {
  return piece.starts_with("l/") ? LinkId::parse(piece.substr(2)) : std::nullopt;
}

std::optional<CacheId> LinkMap::piece(const OverlayDir& dir, size_t n) const {
  const auto texts = split(dir.lower.bytes, ':');
  return dir.lower.present() && n < texts.size() ? behind(texts[n]) : std::nullopt;
}

std::vector<std::optional<CacheId>> LinkMap::pieces(const OverlayDir& dir) const {
  std::vector<std::optional<CacheId>> found;
  if (dir.lower.present()) {
    for (const std::string_view text : split(dir.lower.bytes, ':')) {
      found.push_back(behind(text));
    }
  }
  return found;
}

std::optional<CacheId> LinkMap::behind(std::string_view piece) const {
  const std::optional<LinkId> link = link_of_piece(piece);
  return link ? resolve(*link) : std::nullopt;
}

}  // namespace deriving

namespace {

// Of a Derived that may be changed and of one that may not alike.
template <typename AnyDerived>
auto dir_in(AnyDerived& derived, const Model& model, const CacheId& id) -> decltype(derived.dirs.data()) {
  if (const OverlayDir* dir = model.overlay.find(id); dir != nullptr) {
    return &derived.dirs[static_cast<size_t>(dir - model.overlay.dirs.data())];
  }
  const auto missing = derived.missing_dirs.find(id);
  return missing != derived.missing_dirs.end() ? &missing->second : nullptr;
}

template <typename AnyDerived>
auto layer_in(AnyDerived& derived, const Model& model, const ChainId& id) -> decltype(derived.layers.data()) {
  const Layer* layer = model.layers.find(id);
  return layer != nullptr ? &derived.layers[static_cast<size_t>(layer - model.layers.layers.data())] : nullptr;
}

}  // namespace

DirTruth* Derived::find_dir(const Model& model, const CacheId& id) { return dir_in(*this, model, id); }
const DirTruth* Derived::find_dir(const Model& model, const CacheId& id) const { return dir_in(*this, model, id); }

LayerTruth* Derived::find_layer(const Model& model, const ChainId& id) { return layer_in(*this, model, id); }
const LayerTruth* Derived::find_layer(const Model& model, const ChainId& id) const {
  return layer_in(*this, model, id);
}

const Layer* Derived::find_misnamed(const Model& model, const ChainId& right_name) const {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const LayerTruth& truth) { return truth.right_name == right_name; });
  return found != layers.end() ? &model.layers.layers[static_cast<size_t>(found - layers.begin())] : nullptr;
}

// Each step relies on those before it. What a layer is comes from image configs and the entries themselves; who owns a
// directory, from layers, mounts and builds; on which directory one stands, from its owner. Link ids are voted on with
// that known, and lower texts are made of both. What is in use is asked last, by what is right and by what is there.
Derived derive(const Model& model, const Rulings& rulings) {
  Derived derived;
  derived.layers.resize(model.layers.layers.size());
  derived.mounts.resize(model.layers.mounts.size());
  derived.dirs.resize(model.overlay.dirs.size());
  const deriving::LinkMap links(model.overlay);
  deriving::derive_layer_identity(model, links, derived);
  deriving::derive_mounts(model, links, derived);
  deriving::derive_owners(model, links, rulings, derived);
  deriving::derive_duplicates(model, links, derived);
  deriving::derive_parents(model, links, derived);
  deriving::derive_links(model, derived);
  deriving::derive_lowers(model, derived);
  deriving::derive_use(model, links, derived);
  return derived;
}

}  // namespace dfsck
