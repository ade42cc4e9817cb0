// Names and ids against everything in a model that has one.
#include "core/model/derive/named_target.h"

#include <algorithm>
#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/model/reference_name.h"

namespace dfsck {
namespace {

constexpr std::string_view kDigestPrefix = "sha256:";

// Collects what the text may mean.
class Matches {
 public:
  explicit Matches(std::string_view text) : text_(text), id_(text) {
    is_digest_ = id_.starts_with(kDigestPrefix);
    if (is_digest_) {
      id_.remove_prefix(kDigestPrefix.size());
    }
  }

  std::string_view text() const { return text_; }
  void add_exact(Target target) { exact_.insert(std::move(target)); }
  void add_begun(Target target) { begun_.insert(std::move(target)); }

  void try_name(std::string_view name, const Target& target) {
    if (name == text_ && !name.empty()) {
      exact_.insert(target);
    }
  }
  // An id that is written with "sha256:" or without.
  void try_digest(std::string_view hex, const Target& target) { try_text(hex, target); }
  // An id that is never written so.
  void try_id(std::string_view id, const Target& target) {
    if (!is_digest_) {
      try_text(id, target);
    }
  }

  // Whole names win over beginnings: else nobody could name a container whose name begins another's id.
  std::vector<Target> take() {
    const std::set<Target>& best = exact_.empty() ? begun_ : exact_;
    return {best.begin(), best.end()};
  }

 private:
  void try_text(std::string_view id, const Target& target) {
    if (id == id_) {
      exact_.insert(target);
    } else if (id_.size() >= kShortestPrefix && id.starts_with(id_)) {
      begun_.insert(target);
    }
  }

  std::string_view text_, id_;
  bool is_digest_ = false;
  std::set<Target> exact_, begun_;
};

Target target(Target::Kind kind, std::string id) { return {kind, std::move(id), {}}; }

// A repository without a tag means "latest" to Docker, and so it does here if there is one; else everything of that
// repository is meant, which the caller may find ambiguous.
void match_image_names(const Model& model, Matches& matches) {
  const std::optional<ReferenceName> typed = parse_reference_name(matches.text());
  for (const Reference& reference : model.images.references.references) {
    const Target meant = reference.image ? target(Target::Kind::Image, reference.image->text())
                                         : target(Target::Kind::Tag, reference.name);
    if (reference.name == matches.text() || (typed && reference.name == typed->key())) {
      matches.add_exact(meant);
    } else if (typed && typed->tag.empty() && typed->digest.empty() && reference.repository == typed->name) {
      matches.add_begun(meant);
    }
  }
}

// Also images that are only spoken of, by a tag, metadata or a container: a person who asks about them has their id
// from somewhere.
void match_images(const Model& model, Matches& matches) {
  std::set<ImageId> ids = model.images.missing();
  for (const Image& image : model.images.images) {
    ids.insert(image.id);
  }
  for (const Container& container : model.containers.containers) {
    if (container.image) {
      ids.insert(*container.image);
    }
  }
  for (const ImageId& id : ids) {
    matches.try_digest(id.hex(), target(Target::Kind::Image, id.text()));
  }
}

// By chain ID, by diff ID and by the digest of the compressed layer that a registry shows: a person has whichever the
// tool at hand printed.
void match_layers(const Model& model, const Derived& derived, Matches& matches) {
  std::map<ChainId, std::optional<DiffId>> layers;
  for (size_t i = 0; i < model.layers.layers.size(); ++i) {
    layers[model.layers.layers[i].id] = derived.layers[i].diff;
  }
  for (const Image& image : model.images.images) {
    for (size_t i = 0; i < image.chain.size(); ++i) {
      layers.try_emplace(image.chain[i], image.diff_ids[i]);  // needed, but not there
    }
  }
  std::multimap<DiffId, std::string_view> blobs;
  for (const DistributionEntry& entry : model.images.diffid_by_digest) {
    if (entry.diff) {
      blobs.emplace(*entry.diff, entry.key);
    }
  }
  for (const auto& [chain, diff] : layers) {
    const Target layer = target(Target::Kind::Layer, chain.text());
    matches.try_digest(chain.hex(), layer);
    if (diff) {
      matches.try_digest(diff->hex(), layer);
      const auto [first, last] = blobs.equal_range(*diff);
      std::for_each(first, last, [&](const auto& blob) { matches.try_digest(blob.second, layer); });
    }
  }
}

// A directory of overlay2 by itself stands for whom it belongs to.
Target owner_of_dir(const std::string& id, const DirTruth& truth) {
  std::set<Target> owners;
  for (const DirOwner& owner : truth.owners) {
    switch (owner.kind) {
      case DirOwner::Kind::Layer: owners.insert(target(Target::Kind::Layer, owner.name)); break;
      case DirOwner::Kind::Writable:
      case DirOwner::Kind::Init: owners.insert(target(Target::Kind::Container, owner.name)); break;
      case DirOwner::Kind::Removing:
      case DirOwner::Kind::Duplicate:
      case DirOwner::Kind::Build: break;  // the build cache shares directories with layers
    }
  }
  return owners.size() == 1 ? *owners.begin() : target(Target::Kind::Directory, id);
}

void match_directories(const Model& model, const Derived& derived, Matches& matches) {
  for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
    const std::string& id = model.overlay.dirs[i].id.text();
    matches.try_id(id, owner_of_dir(id, derived.dirs[i]));
  }
  for (const auto& [id, truth] : derived.missing_dirs) {
    matches.try_id(id.text(), owner_of_dir(id.text(), truth));
  }
}

void match_links(const Model& model, Matches& matches) {
  const std::optional<LinkId> link = LinkId::parse(matches.text());
  if (link && is_known_link(model, *link)) {
    matches.add_exact(target(Target::Kind::Link, link->text()));
  }
}

// An entry of layerdb/mounts is a container even if its directory is gone, and may be all that is left of it.
void match_containers(const Model& model, Matches& matches) {
  for (const Container& container : model.containers.containers) {
    const Target meant = target(Target::Kind::Container, container.name_on_disk);
    matches.try_id(container.name_on_disk, meant);
    matches.try_name(container.name, meant);
    if (matches.text() == "/" + container.name) {
      matches.add_exact(meant);
    }
  }
  for (const Mount& mount : model.layers.mounts) {
    matches.try_id(mount.name, target(Target::Kind::Container, mount.name));
  }
}

std::set<std::string> volume_names(const Model& model) {
  std::set<std::string> names;
  for (const Volume& volume : model.volumes.volumes) {
    names.insert(volume.name);
  }
  for (const VolumeRecord& record : model.volumes.records) {
    names.insert(record.name);
  }
  for (const Container& container : model.containers.containers) {
    for (const Container::MountPoint& mount : container.mount_points) {
      if (mount.type == "volume" && !mount.name.empty()) {
        names.insert(mount.name);
      }
    }
  }
  return names;
}

void match_volumes(const Model& model, Matches& matches) {
  for (const std::string& name : volume_names(model)) {
    const Target meant = target(Target::Kind::Volume, name);
    if (is_hex64(name)) {  // nobody types the whole name of an anonymous volume
      matches.try_id(name, meant);
    } else {
      matches.try_name(name, meant);
    }
  }
}

void match_networks(const Model& model, Matches& matches) {
  for (const NetworkRecord& record : model.networks.records) {
    if (record.kind == "network") {
      matches.try_id(record.id, target(Target::Kind::Network, record.id));
      matches.try_name(record.name, target(Target::Kind::Network, record.id));
    }
  }
  for (const Container& container : model.containers.containers) {
    for (const Container::NetworkUse& use : container.networks) {
      if (!use.id.empty() && !model.networks.has_network(use.id)) {
        matches.try_id(use.id, target(Target::Kind::Network, use.id));
        matches.try_name(use.name, target(Target::Kind::Network, use.id));
      }
    }
  }
}

const NetworkRecord* find_network(const Model& model, const std::string& id) {
  return model.networks.find("network/" + id);
}

std::string first_name_of_image(const Model& model, const std::string& id) {
  for (const Reference& reference : model.images.references.references) {
    if (reference.image && reference.image->text() == id) {
      return reference.name;
    }
  }
  return id;
}

}  // namespace

std::string_view target_kind_name(Target::Kind kind) {
  switch (kind) {
    case Target::Kind::Image: return "image";
    case Target::Kind::Layer: return "layer";
    case Target::Kind::Container: return "container";
    case Target::Kind::Directory: return "directory";
    case Target::Kind::Link: return "link";
    case Target::Kind::Volume: return "volume";
    case Target::Kind::Network: return "network";
    case Target::Kind::Tag: return "tag";
    case Target::Kind::LayerFile:
    case Target::Kind::File: return "file";
  }
  return "";
}

// Also a name that only some lower file remembers: that is the link whose loss is to be explained.
bool is_known_link(const Model& model, const LinkId& link) {
  const auto knows = [&](const OverlayDir& dir) {
    return dir.link_id == link || (dir.lower.present() && dir.lower.bytes.find(link.text()) != std::string::npos);
  };
  return model.overlay.find_link(link.text()) != nullptr ||
         std::any_of(model.overlay.dirs.begin(), model.overlay.dirs.end(), knows);
}

// Names of the different kinds overlap freely, so each is spelt in the one form that no other kind has.
std::string handle_of(const Model& model, const Target& target) {
  switch (target.kind) {
    case Target::Kind::Volume: return escaped("volumes/" + target.id);
    case Target::Kind::Directory: return escaped((model.overlay.path / target.id).bytes());
    case Target::Kind::Link: return escaped("l/" + target.id);
    case Target::Kind::LayerFile: return escaped((model.overlay.path / target.id / "diff").joined(target.path).bytes());
    case Target::Kind::File: return escaped("./" + target.path.bytes());
    case Target::Kind::Image:
    case Target::Kind::Layer:
    case Target::Kind::Container:
    case Target::Kind::Network:
    case Target::Kind::Tag: break;
  }
  return escaped(target.id);
}

std::string words_for(const Model& model, const Target& target) {
  std::string name = target.id;
  if (target.kind == Target::Kind::Image) {
    name = first_name_of_image(model, target.id);
  } else if (target.kind == Target::Kind::Container) {
    const Container* container = model.containers.find(target.id);
    name = container != nullptr && !container->name.empty() ? container->name : target.id;
  } else if (target.kind == Target::Kind::Network) {
    const NetworkRecord* record = find_network(model, target.id);
    name = record != nullptr ? record->name : target.id;
  } else if (target.kind == Target::Kind::LayerFile || target.kind == Target::Kind::File) {
    name = target.path.bytes();
  }
  return std::string(target_kind_name(target.kind)) + " " + escaped(name);
}

std::vector<Target> targets_named(const Model& model, const Derived& derived, std::string_view text) {
  Matches matches(text);
  match_image_names(model, matches);
  match_images(model, matches);
  match_layers(model, derived, matches);
  match_directories(model, derived, matches);
  match_links(model, matches);
  match_containers(model, matches);
  match_volumes(model, matches);
  match_networks(model, matches);
  return matches.take();
}

std::vector<Target> images_named(const Model& model, std::string_view text) {
  Matches matches(text);
  match_image_names(model, matches);
  match_images(model, matches);
  return matches.take();
}

std::vector<std::string> known_names(const Model& model) {
  std::set<std::string> names;
  for (const Reference& reference : model.images.references.references) {
    names.insert(escaped(reference.name));
    names.insert(escaped(reference.repository));
  }
  for (const Container& container : model.containers.containers) {
    names.insert(escaped(container.name));
  }
  for (const std::string& name : volume_names(model)) {
    names.insert(escaped(name));
  }
  for (const NetworkRecord& record : model.networks.records) {
    names.insert(escaped(record.name));
  }
  names.erase("");
  return {names.begin(), names.end()};
}

}  // namespace dfsck
