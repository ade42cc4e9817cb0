// Absolute paths become paths of the root again.
#include "core/fs/root_unread.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/unread.h"
#include "core/fs/area_links.h"

namespace dfsck {
namespace {

std::optional<RelPath> path_in(const Root& root, const std::string& absolute) {
  const std::string top = root.path() == "/" ? "/" : root.path() + "/";
  if (absolute == root.path()) {
    return RelPath();
  }
  // What was refused is noted by /proc's path of the descriptor, where the areas behind links have paths of their own.
  return absolute.starts_with(top) ? RelPath::parse(absolute.substr(top.size())) : root.area_links().below(absolute);
}

}  // namespace

std::vector<RootUnread> unread_in(const Root& root, size_t from) {
  std::vector<RootUnread> found;
  for (Unread& unread : unread_below("/", from)) {
    if (std::optional<RelPath> path = path_in(root, unread.path)) {
      found.push_back({std::move(*path), std::move(unread.op), unread.code});
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  const auto same = [](const auto& a, const auto& b) { return a.path == b.path; };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

}  // namespace dfsck
