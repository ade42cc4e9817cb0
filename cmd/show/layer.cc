// A layer of the image store: its entry in layerdb, its directory, and everything that stands on it.
#include "cmd/show/describe.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Those with names first: they are what somebody wants to know; the others may be hundreds.
enum class Images { Named, Nameless };

void add_images(const ShowView& view, const ChainId& chain, Images which, std::vector<ShownThing>& things) {
  for (const Image& image : view.model.images.images) {
    const auto at = std::find(image.chain.begin(), image.chain.end(), chain);
    const bool named = !names_of_image(view.model, image.id.text()).empty();
    if (at != image.chain.end() && named == (which == Images::Named)) {
      things.push_back(image_thing(view,
                                   "layer " + std::to_string(at - image.chain.begin() + 1) + " of " +
                                       std::to_string(image.chain.size()) + " of image",
                                   image.id.text()));
    }
  }
}

// Containers hold layers by themselves, whether their image is still there or not.
void add_mounts(const ShowView& view, const ChainId& chain, std::vector<ShownThing>& things) {
  for (const Mount& mount : view.model.layers.mounts) {
    const std::vector<ChainId> stack = stack_of_mount(view, mount.name);
    if (std::find(stack.begin(), stack.end(), chain) != stack.end()) {
      things.push_back(container_thing(view, mount.of_build ? "below build step" : "below container", mount.name));
    }
  }
}

// By what is derived: a damaged "parent" file hides nobody.
void add_upper_layers(const ShowView& view, const ChainId& chain, std::vector<ShownThing>& things) {
  for (size_t i = 0; i < view.model.layers.layers.size(); ++i) {
    if (view.derived.layers[i].parent == chain) {
      things.push_back(layer_thing(view, "upper layer", view.model.layers.layers[i].id));
    }
  }
}

// The build cache holds a layer too, and keeps it when all images are gone.
void add_build_records(const ShowView& view, const ChainId& chain, std::vector<ShownThing>& things) {
  for (const BuildSnapshot& snapshot : view.model.build_cache.snapshots) {
    if (snapshot.chain == chain || ChainId::parse(snapshot.key) == chain) {
      things.push_back({"build cache record", "build-cache", escaped(snapshot.key), {}, {}});
    }
  }
}

// Where a layer came from: the digest by which a registry still has it.
void add_blobs(const Model& model, const DiffId& diff, std::vector<ShownThing>& things) {
  for (const DistributionEntry& entry : model.images.v2metadata_by_diffid) {
    if (entry.key != diff.hex()) {
      continue;
    }
    for (const DistributionEntry::Source& source : entry.sources) {
      things.push_back(ShownThing{"pulled or pushed as", "blob", source.digest.text(), {}, {}}.with(
          "repository", escaped(source.repository)));
    }
  }
}

// An entry whose removal was cut off too: its cache-id may name the same directory.
void add_places(const ShowView& view, const Layer* layer, const LayerTruth* truth, Description& description) {
  if (layer != nullptr) {
    description.places.push_back(view.place(layer->path, "its entry in layerdb"));
  }
  for (const RemovingLayer& removing : view.model.layers.removing) {
    if (removing.id.text() == description.id) {
      description.places.push_back(view.place(removing.path, "an entry whose removal has begun"));
    }
  }
  const OverlayDir* dir = truth != nullptr && truth->cache ? view.model.overlay.find(*truth->cache) : nullptr;
  if (dir != nullptr) {
    description.places.push_back(view.place(dir->path, "its files, in diff/"));
    if (dir->link_id) {
      description.places.push_back(view.place(view.model.overlay.path / "l" / dir->link_id->text(), "its short link"));
    }
  }
}

}  // namespace

Description describe_layer(const ShowView& view, const ChainId& chain) {
  Description description;
  description.kind = "layer";
  description.id = chain.text();
  const Layer* layer = view.model.layers.find(chain);
  const LayerTruth* truth = view.derived.find_layer(view.model, chain);
  description.fact("chain id", chain.text());
  const std::vector<ChainId> stack = stack_up_to(view, chain);
  std::optional<DiffId> diff = truth != nullptr ? truth->diff : std::nullopt;
  // An image lists the DiffIDs of its layers, so one that is gone from layerdb can still be named
  // and looked for in a registry or an archive.
  for (const Image& image : view.model.images.images) {  // what they say of a layer that is missing
    const auto at = std::find(image.chain.begin(), image.chain.end(), chain);
    if (!diff && at != image.chain.end()) {
      diff = image.diff_ids[static_cast<size_t>(at - image.chain.begin())];
    }
  }
  description.fact("diff id", diff ? diff->text() : "not known");
  if (layer == nullptr) {
    description.fact("note", "layerdb has no entry for it");
  } else {
    description.fact("cache-id", truth->cache ? truth->cache->text() : "not known");
    description.fact("cache-id proven by", layer->cache != truth->cache ? truth->cache_proof : "");
    description.fact("size", layer->size_value ? human_bytes(*layer->size_value) : "not known");
    description.fact("position", std::to_string(stack.size()) + " from the base");
    description.fact("tar-split",
                     layer->tar_split.present() ? human_bytes(layer->tar_split.size) : layer->tar_split.problem());
  }
  add_places(view, layer, truth, description);
  std::vector<ShownThing> above;
  add_images(view, chain, Images::Named, above);
  add_mounts(view, chain, above);
  add_upper_layers(view, chain, above);
  add_images(view, chain, Images::Nameless, above);
  add_build_records(view, chain, above);
  std::vector<ShownThing> below;
  for (size_t i = 0; i + 1 < stack.size(); ++i) {
    below.push_back(layer_thing(view, i + 2 == stack.size() ? "parent layer" : "layer below it", stack[i]));
  }
  if (truth != nullptr && truth->cache) {
    below.push_back(dir_thing(view, "directory", truth->cache->text()));
    if (const DirTruth* dir = view.derived.find_dir(view.model, *truth->cache); dir != nullptr && dir->link) {
      below.push_back({"short link", "link", dir->link->text(), {}, {}});
      const std::vector<ShownThing> naming = naming_things(view, dir->link->text());
      above.insert(above.end(), naming.begin(), naming.end());
    }
  }
  if (diff) {
    add_blobs(view.model, *diff, below);
  }
  description.lists = {used_by(std::move(above)), uses(std::move(below))};
  return description;
}

}  // namespace dfsck
