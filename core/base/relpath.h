// A path below a data root, as checked bytes.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace dfsck {

// A sequence of one or more path components below some root, or the root itself. No component is empty,
// "." or "..", none holds '/' or NUL: joining a RelPath to a directory cannot leave that directory (symbolic
// links apart, which core/fs never follows). Bytes are kept as they are on disk.
class RelPath {
 public:
  RelPath() = default;  // the root itself
  // From a literal of ours; asserts that it is well formed.
  RelPath(const char* literal);  // NOLINT: implicit on purpose

  static std::optional<RelPath> parse(std::string_view bytes);
  static bool is_component(std::string_view name);

  // Appends a component, or several with '/' between them. Asserts that they are well formed: names from disk must
  // have been checked (Dir::list gives only good ones).
  RelPath operator/(std::string_view tail) const;
  RelPath joined(const RelPath& tail) const;

  bool is_root() const { return bytes_.empty(); }
  RelPath parent() const;
  std::string_view name() const;  // last component; empty for the root
  const std::string& bytes() const { return bytes_; }
  std::string text() const;                      // escaped for printing; "." for the root
  bool is_below(const RelPath& ancestor) const;  // a proper descendant
  bool is_at_or_below(const RelPath& top) const { return *this == top || is_below(top); }

  friend auto operator<=>(const RelPath&, const RelPath&) = default;

 private:
  std::string bytes_;
};

}  // namespace dfsck
