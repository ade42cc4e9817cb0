// Which thing of a root is meant by what a person typed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

struct Target {
  enum class Kind {
    Image,      // id: "sha256:...", whether or not its config is there
    Layer,      // id: chain ID, whether or not layerdb has it
    Container,  // id: name of its directory or of its mount
    Directory,  // id: name in overlay2, whether or not it is there
    Link,       // id: name in overlay2/l, whether or not it is there
    Volume,     // id: name
    Network,    // id
    Tag,        // id: a name in repositories.json that leads to no image id
    LayerFile,  // id: name in overlay2; path: below its diff/
    File,       // path: anything else, below the root
  };
  Kind kind = Kind::File;
  std::string id;  // raw
  RelPath path;
  friend auto operator<=>(const Target&, const Target&) = default;
};

std::string_view target_kind_name(Target::Kind kind);  // "image"

// A spelling that means this target and nothing else, escaped: for lists of candidates.
std::string handle_of(const Model& model, const Target& target);
// "image app:1", escaped: what it is, for such lists.
std::string words_for(const Model& model, const Target& target);

inline constexpr size_t kShortestPrefix = 4;  // of an id

// All targets that `text` may mean as a name or an id: whole ones if there are any, else those that it begins. Names
// are those of images, containers, volumes, networks and short links; ids those of images, layers (chain ID, diff ID,
// digest of the compressed layer), containers and networks, and of directories of overlay2, which stand for the layer
// or container that they belong to. Sorted, each once.
std::vector<Target> targets_named(const Model& model, const Derived& derived, std::string_view text);

// The same among images alone, whatever else has such a name.
std::vector<Target> images_named(const Model& model, std::string_view text);

// Whether there is a short link of that name, or something that names one.
bool is_known_link(const Model& model, const LinkId& link);

// All names that could have been meant, escaped: for "did you mean".
std::vector<std::string> known_names(const Model& model);

}  // namespace dfsck
