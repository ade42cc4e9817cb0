// Walking from broken things to what the user knows: images by their chains, containers by their mounts.
#include "checks/impact.h"

#include "core/base/escape.h"

namespace dfsck {

// Chains that were derived and not those on disk: a damaged "parent" file must not hide whom a layer's damage hits.
Impact::Impact(const Model& model, const Derived& derived) : model_(model), derived_(derived) {
  for (size_t i = 0; i < model.images.images.size(); ++i) {
    const Image& image = model.images.images[i];
    image_by_id_.emplace(image.id.text(), i);
    for (const ChainId& chain : image.chain) {
      images_of_layer_[chain.text()].push_back(i);
    }
  }
  for (const Reference& reference : model.images.references.references) {
    if (reference.image) {
      tags_of_image_[reference.image->text()].push_back(escaped(reference.name));
    }
  }
  for (size_t i = 0; i < model.containers.containers.size(); ++i) {
    const Container& container = model.containers.containers[i];
    if (container.image) {
      containers_of_image_[container.image->text()].push_back(i);
    }
    for (const Container::MountPoint& mount : container.mount_points) {
      if (mount.type == "volume") {
        containers_of_volume_[escaped(mount.name)].push_back(i);
      }
    }
    for (const Container::NetworkUse& network : container.networks) {
      containers_of_network_[network.id].push_back(i);
    }
    // Through the mount and not through the image: a container stays on its layers
    // when its image is removed or tagged anew.
    const Mount* mount = model.layers.find_mount(container.name_on_disk);
    if (mount == nullptr) {
      continue;
    }
    std::optional<ChainId> next = derived.mounts[static_cast<size_t>(mount - model.layers.mounts.data())].parent;
    for (size_t depth = 0; next && depth <= kMaxDepth; ++depth) {
      containers_of_layer_[next->text()].push_back(i);
      const LayerTruth* layer = derived.find_layer(model, *next);
      next = layer != nullptr ? layer->parent : std::nullopt;
    }
  }
}

void Impact::add_image(const std::string& id, Hit& hit) const {
  if (const auto image = image_by_id_.find(id); image != image_by_id_.end()) {
    hit.images.insert(image->second);
  }
}

void Impact::add_container(const std::string& id, Hit& hit) const {
  if (const Container* container = model_.containers.find(id); container != nullptr) {
    hit.containers.insert(static_cast<size_t>(container - model_.containers.containers.data()));
  }
}

void Impact::add_layer(const std::string& chain, Hit& hit) const {
  if (const auto images = images_of_layer_.find(chain); images != images_of_layer_.end()) {
    hit.images.insert(images->second.begin(), images->second.end());
  }
  if (const auto containers = containers_of_layer_.find(chain); containers != containers_of_layer_.end()) {
    hit.containers.insert(containers->second.begin(), containers->second.end());
  }
}

void Impact::add_dir(const CacheId& id, Hit& hit) const {
  const DirTruth* truth = derived_.find_dir(model_, id);
  if (truth == nullptr) {
    return;
  }
  for (const DirOwner& owner : truth->owners) {
    if (owner.kind == DirOwner::Kind::Layer) {
      add_layer(owner.name, hit);
    } else if (owner.kind == DirOwner::Kind::Writable || owner.kind == DirOwner::Kind::Init) {
      add_container(owner.name, hit);
    }
  }
}

void Impact::add(const Subject& subject, Hit& hit) const {
  switch (subject.kind) {
    case SubjectKind::Layer: add_layer(subject.id, hit); break;
    case SubjectKind::Image: {
      add_image(subject.id, hit);
      if (const auto used = containers_of_image_.find(subject.id); used != containers_of_image_.end()) {
        hit.containers.insert(used->second.begin(), used->second.end());
      }
      break;
    }
    case SubjectKind::Container:
    case SubjectKind::Mount: add_container(subject.id, hit); break;
    case SubjectKind::OverlayDir:
      if (const std::optional<CacheId> id = CacheId::parse(subject.id); id) {
        add_dir(*id, hit);
      }
      break;
    case SubjectKind::Volume:
      if (const auto used = containers_of_volume_.find(subject.id); used != containers_of_volume_.end()) {
        hit.containers.insert(used->second.begin(), used->second.end());
      }
      break;
    case SubjectKind::Network:
      if (const auto used = containers_of_network_.find(subject.id); used != containers_of_network_.end()) {
        hit.containers.insert(used->second.begin(), used->second.end());
      }
      break;
    case SubjectKind::Root:
    case SubjectKind::Link:
    case SubjectKind::Tag:
    case SubjectKind::Database:
    case SubjectKind::BuildCache:
    case SubjectKind::File: break;  // what hangs on these is named by the finding's `hits`, if anything is
  }
}

Affected Impact::of(const std::vector<Subject>& subjects) const {
  Hit hit;
  for (const Subject& subject : subjects) {
    add(subject, hit);
  }
  Affected affected;
  std::set<std::string> tags;
  for (const size_t image : hit.images) {
    const std::string id = model_.images.images[image].id.text();
    affected.images.push_back(id);
    if (const auto named = tags_of_image_.find(id); named != tags_of_image_.end()) {
      tags.insert(named->second.begin(), named->second.end());
    }
  }
  // Of all images that are hit; users know these by name, and the ids are for programs.
  affected.tags.assign(tags.begin(), tags.end());
  for (const size_t container : hit.containers) {
    affected.containers.push_back(escaped(model_.containers.containers[container].name_on_disk));
  }
  return affected;
}

}  // namespace dfsck
