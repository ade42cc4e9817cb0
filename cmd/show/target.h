// Which thing of a root lies at a path.
#pragma once

#include <optional>

#include "core/fs/root.h"
#include "core/model/derive/named_target.h"

namespace dfsck {

// What lies at a path below the root; nothing where nothing does and nothing should.
std::optional<Target> target_at(const Root& root, const Model& model, const Derived& derived, const RelPath& path);
// The nearest thing with an id that `path` is a part of.
std::optional<Target> owner_of_path(const Model& model, const Derived& derived, const RelPath& path);

}  // namespace dfsck
