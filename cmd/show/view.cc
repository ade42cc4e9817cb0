// Who belongs to whom, looked up in the model: linear, since `show` asks only a few times.
#include "cmd/show/view.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

std::vector<std::string> escaped_all(std::vector<std::string> texts) {
  for (std::string& text : texts) {
    text = escaped(text);
  }
  return texts;
}

// Number of the piece of `dir`'s lower that names the link, from 1; 0 if none does.
// Counted from the top: the nearest layer is the first.
size_t place_in_lower(const OverlayDir& dir, std::string_view link) {
  if (!dir.lower.present()) {
    return 0;
  }
  const std::vector<std::string_view> pieces = split(dir.lower.bytes, ':');
  const auto names = [&](std::string_view piece) { return piece.starts_with("l/") && piece.substr(2) == link; };
  const auto found = std::find_if(pieces.begin(), pieces.end(), names);
  return found == pieces.end() ? 0 : static_cast<size_t>(found - pieces.begin()) + 1;
}

}  // namespace

std::vector<std::string> names_of_image(const Model& model, std::string_view id) {
  std::vector<std::string> names;
  for (const Reference& reference : model.images.references.references) {
    if (reference.image && reference.image->text() == id) {
      names.push_back(reference.name);
    }
  }
  return names;
}

// By what is derived, so that a damaged "parent" does not end the stack. Bounded, because
// without proof a chain may run in a circle.
std::vector<ChainId> stack_up_to(const ShowView& view, const std::optional<ChainId>& top) {
  std::vector<ChainId> stack;
  for (std::optional<ChainId> next = top; next && stack.size() < kMaxDepth;) {
    stack.push_back(*next);
    const LayerTruth* truth = view.derived.find_layer(view.model, *next);
    next = truth != nullptr ? truth->parent : std::nullopt;
  }
  std::reverse(stack.begin(), stack.end());
  return stack;
}

const MountTruth* find_mount_truth(const ShowView& view, std::string_view mount) {
  const Mount* found = view.model.layers.find_mount(mount);
  return found == nullptr ? nullptr
                          : &view.derived.mounts[static_cast<size_t>(found - view.model.layers.mounts.data())];
}

std::vector<ChainId> stack_of_mount(const ShowView& view, std::string_view mount) {
  const MountTruth* truth = find_mount_truth(view, mount);
  return stack_up_to(view, truth != nullptr ? truth->parent : std::nullopt);
}

std::optional<CacheId> dir_of_layer(const ShowView& view, const ChainId& chain) {
  const LayerTruth* truth = view.derived.find_layer(view.model, chain);
  return truth != nullptr ? truth->cache : std::nullopt;
}

// Also for an image that is not here: whoever names it is shown what it names.
ShownThing image_thing(const ShowView& view, std::string role, const std::string& id) {
  const std::optional<ImageId> parsed = ImageId::parse(id);
  const Image* image = parsed ? view.model.images.find(*parsed) : nullptr;
  ShownThing thing{std::move(role), "image", escaped(id), escaped_all(names_of_image(view.model, id)), {}};
  const std::string note = image == nullptr ? "missing" : image->problem.empty() ? image->unusable : image->problem;
  return std::move(thing).with("note", note);
}

ShownThing layer_thing(const ShowView& view, std::string role, const ChainId& chain) {
  ShownThing thing{std::move(role), "layer", chain.text(), {}, {}};
  const Layer* layer = view.model.layers.find(chain);
  const LayerTruth* truth = view.derived.find_layer(view.model, chain);
  if (layer == nullptr || truth == nullptr) {
    return std::move(thing).with("note", "missing");
  }
  const bool dir_is_there = truth->cache && view.model.overlay.find(*truth->cache) != nullptr;
  return std::move(thing)
      .with("diff", truth->diff ? truth->diff->text() : "")
      .with("directory", truth->cache ? truth->cache->text() : "")
      .with("size", layer->size_value ? human_bytes(*layer->size_value) : "")
      .with("note", truth->cache && !dir_is_there && view.model.driver_covered ? "its directory is missing" : "");
}

ShownThing container_thing(const ShowView& view, std::string role, const std::string& id) {
  const Container* container = view.model.containers.find(id);
  ShownThing thing{std::move(role), "container", escaped(id), {}, {}};
  if (container == nullptr) {
    const Mount* mount = view.model.layers.find_mount(id);
    return std::move(thing).with("note", mount != nullptr && mount->of_build ? "of a build" : "has no configuration");
  }
  if (!container->name.empty()) {
    thing.names.push_back(escaped(container->name));
  }
  return std::move(thing)
      .with("image", escaped(container->image_name))
      .with("note", container->dead      ? "being removed"
                    : container->running ? "recorded as running"
                                         : "");
}

ShownThing dir_thing(const ShowView& view, std::string role, const std::string& id) {
  ShownThing thing{std::move(role), "directory", escaped(id), {}, {}};
  const std::optional<CacheId> parsed = CacheId::parse(id);
  const DirTruth* truth = parsed ? view.derived.find_dir(view.model, *parsed) : nullptr;
  for (const DirOwner& owner : truth != nullptr ? truth->owners : std::vector<DirOwner>{}) {
    const bool of_layer = owner.kind == DirOwner::Kind::Layer || owner.kind == DirOwner::Kind::Removing ||
                          owner.kind == DirOwner::Kind::Duplicate;
    const Container* container = view.model.containers.find(owner.name);
    const bool named = container != nullptr && !container->name.empty();
    thing.facts.push_back({of_layer                              ? "layer"
                           : owner.kind == DirOwner::Kind::Build ? "build cache"
                                                                 : "container",
                           escaped(named ? container->name : owner.name)});
  }
  return std::move(thing).with("note", view.model.overlay.find(id) == nullptr ? "missing" : "");
}

std::vector<ShownThing> naming_things(const ShowView& view, std::string_view link) {
  std::vector<ShownThing> things;
  for (const OverlayDir& dir : view.model.overlay.dirs) {
    if (const size_t place = place_in_lower(dir, link); place > 0) {
      things.push_back(dir_thing(view, "place " + std::to_string(place) + " of lower of", dir.id.text()));
    }
  }
  return things;
}

std::vector<ShownThing> stack_things(const ShowView& view, const std::vector<ChainId>& stack) {
  std::vector<ShownThing> things;
  for (size_t i = 0; i < stack.size(); ++i) {
    things.push_back(
        layer_thing(view, "layer " + std::to_string(i + 1) + " of " + std::to_string(stack.size()), stack[i]));
  }
  return things;
}

}  // namespace dfsck
