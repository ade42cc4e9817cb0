// Paths as plain text, with a slash between two parts: those in a layer's directory, and the host's own. Paths below a
// root are RelPaths.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

// "a/b" of "a/b/c"; nothing of a path without a slash, and of one right below "/".
inline std::string_view parent_path(std::string_view path) {
  const size_t slash = path.rfind('/');
  return path.substr(0, slash == std::string_view::npos ? 0 : slash);
}

// "c" of "a/b/c" and of "c".
inline std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// `directory` empty: the directory from which paths are counted.
inline std::string path_in(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : std::string(directory) + "/" + std::string(name);
}

// By parts and not by text: /a2 is not below /a.
inline bool is_at_or_below(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || top.ends_with('/') || path[top.size()] == '/');
}

}  // namespace dfsck
