// From the object upwards, to the first that can be seen.
#include "core/model/out_of_sight.h"

#include <cerrno>
#include <string_view>

namespace dfsck {
namespace {

// "<id>/diff/..." below the driver's directory.
bool is_in_tree(const RelPath& overlay, const RelPath& path) {
  if (!path.is_below(overlay)) {
    return false;
  }
  const std::string_view below = std::string_view(path.bytes()).substr(overlay.bytes().size() + 1);
  const size_t slash = below.find('/');
  return slash != std::string_view::npos && below.substr(slash).starts_with("/diff/");
}

}  // namespace

// In a user namespace even its root may not enter directories of users that the namespace does not have. What lies
// below them is not missing and not damaged: it is not for this process to see.
bool is_out_of_sight(const Root& root, const RootOwners& owners, const RelPath& overlay, const RelPath& path) {
  if (!owners.hides_ids) {
    return false;
  }
  for (RelPath at = path; is_in_tree(overlay, at); at = at.parent()) {
    const Result<FileStat> stat = root.stat(at);
    if (stat) {
      return owners.is_hidden(stat->uid, stat->gid);
    }
    if (!stat.error().is_io(EACCES)) {
      return false;
    }
  }
  return false;
}

}  // namespace dfsck
