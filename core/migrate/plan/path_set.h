// Sets of paths below a root, to be asked about everything that is met.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace dfsck {

using PathSet = std::set<std::string, std::less<>>;  // bytes, relative to the root

// The member that the path is, or lies in; the innermost one. Empty where there is none.
inline std::string_view innermost(const PathSet& paths, std::string_view path) {
  if (paths.empty()) {
    return {};
  }
  for (;;) {
    if (const auto found = paths.find(path); found != paths.end()) {
      return *found;
    }
    const size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
      return {};
    }
    path = path.substr(0, slash);
  }
}

}  // namespace dfsck
