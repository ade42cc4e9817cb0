// What a layer tree on top does to a name of the layers below it, as the kernel's overlay (and fuse-overlayfs) has it.
#pragma once

#include <string>
#include <string_view>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"

namespace dfsck {

struct Shadow {
  enum class Kind {
    None,      // the name shines through
    Replaced,  // the tree has an object of this name
    Merged,    // the tree has a directory of this name, through which what lies below is seen
    Whiteout,  // `at`, the name itself or a directory above it, is deleted
    Opaque,    // the directory `at` hides everything below it
    Blocked,   // `at`, which was a directory, is something else
  };
  Kind kind = Kind::None;
  std::string at;  // bytes, relative to the tree; of Whiteout, Opaque and Blocked

  bool hides() const { return kind != Kind::None && kind != Kind::Merged; }
};

// `tree` is the diff/ of the layer on top, `path` a cleaned path relative to it. Never follows a link. Io errors where
// the tree cannot be looked into.
Result<Shadow> shadow_of(const Root& root, const RelPath& tree, std::string_view path);

}  // namespace dfsck
