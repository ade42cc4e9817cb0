// The steps of derive(), in the order in which they run. Internal to core/model.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/model/derive/derive.h"

namespace dfsck::deriving {

// Which directory a short link leads to: by overlay2/l, else by the link file that carries the id.
class LinkMap {
 public:
  explicit LinkMap(const OverlayStore& overlay);
  std::optional<CacheId> resolve(const LinkId& link) const;
  // The directory behind the n-th piece ("l/<LINK>") of a lower file.
  std::optional<CacheId> piece(const OverlayDir& dir, size_t n) const;
  // The same for all pieces of the file, in their order.
  std::vector<std::optional<CacheId>> pieces(const OverlayDir& dir) const;

 private:
  std::optional<CacheId> behind(std::string_view piece) const;

  std::map<LinkId, CacheId> by_link_;
};

// The link id in a piece of a lower file; nothing for a malformed piece.
std::optional<LinkId> link_of_piece(std::string_view piece);

// diff and parent of every layer, by image configs, chain algebra and the chains of overlay2.
void derive_layer_identity(const Model& model, const LinkMap& links, Derived& derived);
// What the mounts of containers and builds refer to.
void derive_mounts(const Model& model, const LinkMap& links, Derived& derived);
// Owners of directories; cache-ids that are lost or ruled wrong; whether orphans can be told.
void derive_owners(const Model& model, const LinkMap& links, const Rulings& rulings, Derived& derived);
// Second directories of layers, which BuildKit made and another layer stands on.
void derive_duplicates(const Model& model, const LinkMap& links, Derived& derived);
// On which directory each one stands.
void derive_parents(const Model& model, const LinkMap& links, Derived& derived);
// Link ids, by what link files, short links and lower chains say together.
void derive_links(const Model& model, Derived& derived);
// Expected lower files.
void derive_lowers(const Model& model, Derived& derived);
// What is in use: layers by images, mounts and builds; directories by anything owned.
void derive_use(const Model& model, const LinkMap& links, Derived& derived);

}  // namespace dfsck::deriving
