// What the parts of `show` look at: one root, what was read of it and what that means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/show/description.h"
#include "core/fs/root.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

struct ShowView {
  const Root& root;
  RelPath prefix;  // of this root below the one that was named: "100000.100000", or the root itself
  const Model& model;
  const Derived& derived;

  ShownPlace place(const RelPath& path, std::string what) const { return {prefix.joined(path), std::move(what)}; }
};

// --- relations; ids and names as in the model, not escaped ---

// Names of the image, sorted.
std::vector<std::string> names_of_image(const Model& model, std::string_view id);
// The layers from the base up to and with `top`, as far as they are known.
std::vector<ChainId> stack_up_to(const ShowView& view, const std::optional<ChainId>& top);
// The layers that a container (or a build) stands on.
std::vector<ChainId> stack_of_mount(const ShowView& view, std::string_view mount);
const MountTruth* find_mount_truth(const ShowView& view, std::string_view mount);
// The directory that holds the layer's files, if that is known.
std::optional<CacheId> dir_of_layer(const ShowView& view, const ChainId& chain);

// --- things in lists; escaped ---

ShownThing image_thing(const ShowView& view, std::string role, const std::string& id);
ShownThing layer_thing(const ShowView& view, std::string role, const ChainId& chain);
ShownThing container_thing(const ShowView& view, std::string role, const std::string& id);
ShownThing dir_thing(const ShowView& view, std::string role, const std::string& id);
// The directories whose `lower` names the link, each with the place in it: "place 2 of lower of".
std::vector<ShownThing> naming_things(const ShowView& view, std::string_view link);
// "layer 1 of 3", ... base first.
std::vector<ShownThing> stack_things(const ShowView& view, const std::vector<ChainId>& stack);

}  // namespace dfsck
