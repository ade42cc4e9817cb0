// What a removal has come to, also where it failed on its way.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/fs/dir.h"

namespace dfsck {

struct Removed {
  uint64_t bytes = 0;     // freed
  bool anything = false;  // whether any name is gone or has been moved
};

// As remove_tree of core/fs/write/writer.h. What it adds to `removed` holds after an error as well.
Result<void> remove_tree(const Dir& parent, const std::string& name, Removed& removed);

}  // namespace dfsck
