// By the place alone: what was once kept somewhere stays known when the area is no longer a filesystem of its own.
#include "core/fs/own_directory.h"

namespace dfsck {

bool may_have_own_directory(const RelPath& directory) {
  return directory.parent().is_root() || directory.parent() == RelPath("image");
}

}  // namespace dfsck
