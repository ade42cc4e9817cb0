// Paths below a root: which of its things lies there.
#include <algorithm>
#include <cerrno>
#include <span>

#include "cmd/show/target.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

using Parts = std::vector<std::string_view>;

// The number of leading parts that are those of `path`; 0 if they are not.
// By parts and not by text: overlay2x is no part of overlay2.
size_t parts_of(const RelPath& path, const Parts& parts) {
  const Parts wanted = split(path.bytes(), '/');
  if (path.is_root() || parts.size() < wanted.size()) {
    return 0;
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (parts[i] != wanted[i]) {
      return 0;
    }
  }
  return wanted.size();
}

// A thing that a path leads to or into.
struct PathStep {
  Target target;
  size_t length = 0;  // number of parts that lead to it
};

// A directory that is missing is known if somebody names it, and a path to it is what error messages have.
std::optional<PathStep> in_overlay(const Model& model, const Derived& derived, const Parts& parts, size_t at) {
  if (parts.size() <= at) {
    return std::nullopt;
  }
  if (parts[at] == "l") {
    const std::optional<LinkId> link = parts.size() > at + 1 ? LinkId::parse(parts[at + 1]) : std::nullopt;
    return link && is_known_link(model, *link)
               ? std::optional(PathStep{{Target::Kind::Link, std::string(parts[at + 1]), {}}, at + 2})
               : std::nullopt;
  }
  const std::optional<CacheId> id = CacheId::parse(parts[at]);
  if (!id || derived.find_dir(model, *id) == nullptr) {
    return std::nullopt;
  }
  return PathStep{{Target::Kind::Directory, id->text(), {}}, at + 1};
}

bool is_known_image(const Model& model, const ImageId& id) {
  const std::vector<ImageMetadata>& metadata = model.images.metadata;
  return model.images.find(id) != nullptr ||
         std::any_of(metadata.begin(), metadata.end(), [&](const ImageMetadata& entry) { return entry.id == id; });
}

// layerdb and imagedb name things by hex alone; which digest it is follows from the place.
std::optional<PathStep> in_image_store(const Model& model, const Parts& parts, size_t at) {
  if (parts.size() < at + 3) {
    return std::nullopt;
  }
  const std::string_view area = parts[at];
  const std::string_view kind = parts[at + 1];
  const size_t name = area == "layerdb" ? at + 2 : at + 3;
  if (parts.size() <= name) {
    return std::nullopt;
  }
  const std::string text(parts[name]);
  if (area == "layerdb" && kind == "sha256") {
    const std::optional<ChainId> chain = ChainId::from_hex(text);
    return chain && model.layers.find(*chain) != nullptr
               ? std::optional(PathStep{{Target::Kind::Layer, chain->text(), {}}, name + 1})
               : std::nullopt;
  }
  if (area == "layerdb" && kind == "mounts") {
    return model.layers.find_mount(text) != nullptr
               ? std::optional(PathStep{{Target::Kind::Container, text, {}}, name + 1})
               : std::nullopt;
  }
  if (area == "imagedb" && (kind == "content" || kind == "metadata") && parts[at + 2] == "sha256") {
    const std::optional<ImageId> image = ImageId::from_hex(text);
    return image && is_known_image(model, *image)
               ? std::optional(PathStep{{Target::Kind::Image, image->text(), {}}, name + 1})
               : std::nullopt;
  }
  return std::nullopt;
}

// By names and not by the disk, so that paths work that lead to what is lost.
std::optional<PathStep> first_step(const Model& model, const Derived& derived, const Parts& parts) {
  if (const size_t at = parts_of(model.overlay.path, parts); at > 0) {
    return in_overlay(model, derived, parts, at);
  }
  if (const size_t at = parts_of(model.image_path, parts); at > 0) {
    return in_image_store(model, parts, at);
  }
  if (parts.size() < 2) {
    return std::nullopt;
  }
  const std::string name(parts[1]);
  if (parts[0] == "containers" && model.containers.find(name) != nullptr) {
    return PathStep{{Target::Kind::Container, name, {}}, 2};
  }
  if (parts[0] == "volumes" && model.volumes.find(name) != nullptr) {
    return PathStep{{Target::Kind::Volume, name, {}}, 2};
  }
  return std::nullopt;
}

// The directory that a short link stands for, by itself or by the directory that claims it.
// A lost short link is no reason not to find the file behind it.
std::optional<CacheId> behind_link(const Model& model, const std::string& link) {
  const ShortLink* found = model.overlay.find_link(link);
  if (found != nullptr && found->points_to) {
    return found->points_to;
  }
  for (const OverlayDir& dir : model.overlay.dirs) {
    if (dir.link_id && dir.link_id->text() == link) {
      return dir.id;
    }
  }
  return std::nullopt;
}

// A path that may not be looked at is not said to lead nowhere.
std::optional<Target> any_file(const Root& root, const RelPath& path) {
  const Result<FileStat> stat = root.stat(path);
  return stat || !(stat.error().is_io(ENOENT) || stat.error().is_io(ENOTDIR) || stat.error().is_io(ELOOP))
             ? std::optional(Target{Target::Kind::File, "", path})
             : std::nullopt;
}

}  // namespace

// A path into a layer's files is told apart from one to its directory: the first is looked up in tar-split.
std::optional<Target> target_at(const Root& root, const Model& model, const Derived& derived, const RelPath& path) {
  const Parts parts = split(path.bytes(), '/');
  const std::optional<PathStep> step = path.is_root() ? std::nullopt : first_step(model, derived, parts);
  if (!step) {
    return any_file(root, path);
  }
  if (step->length == parts.size()) {
    return step->target;
  }
  const std::string rest = joined(std::span(parts).subspan(step->length), "/");
  if (step->target.kind == Target::Kind::Link) {
    const std::optional<CacheId> dir = behind_link(model, step->target.id);
    const std::optional<RelPath> inside = RelPath::parse(rest);
    return dir && inside ? std::optional(Target{Target::Kind::LayerFile, dir->text(), *inside}) : std::nullopt;
  }
  if (step->target.kind == Target::Kind::Directory && parts[step->length] == "diff" &&
      step->length + 1 < parts.size()) {
    return Target{Target::Kind::LayerFile, step->target.id,
                  *RelPath::parse(joined(std::span(parts).subspan(step->length + 1), "/"))};
  }
  return any_file(root, path);
}

std::optional<Target> owner_of_path(const Model& model, const Derived& derived, const RelPath& path) {
  const std::optional<PathStep> step =
      path.is_root() ? std::nullopt : first_step(model, derived, split(path.bytes(), '/'));
  return step ? std::optional(step->target) : std::nullopt;
}

}  // namespace dfsck
