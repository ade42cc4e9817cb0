// One look-up in one tree, from the top directory down.
#include "core/content/shadow.h"

#include <cerrno>

#include "core/base/path_text.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/content/attributes.h"
#include "core/content/tree/whiteout_names.h"

namespace dfsck {
namespace {

bool is_there(const Dir& dir, const std::string& name) { return dir.stat(name).operator bool(); }

// By attribute, or as fuse-overlayfs without the right to set attributes does it.
bool is_opaque(const Dir& dir) {
  const ObjectPlace self{dir.fd(), ".", dir.fd()};
  XattrNames names;
  return (names.read(self) == 0 && opaque_mark(self, names)) || is_there(dir, std::string(kOpaqueName));
}

}  // namespace

Result<Shadow> shadow_of(const Root& root, const RelPath& tree, std::string_view path) {
  ASSIGN_OR_RETURN(Dir dir, root.open_dir(tree));
  const std::vector<std::string_view> parts = split(path, '/');
  // Kept and not given at once: below an opaque directory the tree may still have a name of its own, which then is what
  // is seen.
  Shadow unless_there;  // what hides the name if the tree has none of its own
  std::string at;
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::string name(parts[i]);
    const bool last = i + 1 == parts.size();
    at = path_in(at, name);
    const Result<FileStat> stat = dir.stat(name);
    if (!stat && !stat.error().is_io(ENOENT)) {
      return stat.error();
    }
    if ((stat && stat->is_whiteout()) || (!stat && is_there(dir, std::string(kWhiteoutPrefix) + name))) {
      return Shadow{Shadow::Kind::Whiteout, at};
    }
    if (!stat) {
      return unless_there;
    }
    // A file in the place of a directory on the way hides all that the layers below have under it.
    if (!stat->is_dir()) {
      return Shadow{last ? Shadow::Kind::Replaced : Shadow::Kind::Blocked, last ? "" : at};
    }
    ASSIGN_OR_RETURN(dir, dir.open_dir(name));
    if (is_opaque(dir)) {
      unless_there = Shadow{Shadow::Kind::Opaque, at};
    }
  }
  return unless_there.hides() ? unless_there : Shadow{Shadow::Kind::Merged, ""};
}

}  // namespace dfsck
