// RelPath: validation at the border, plain string work inside.
#include "core/base/relpath.h"

#include <cassert>

#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/text.h"

namespace dfsck {

// The border of the whole program: a name from an archive, a database or a link's text that passes here cannot climb. A
// name may well be no UTF-8: file systems do not care, and neither do tar headers.
bool RelPath::is_component(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

RelPath::RelPath(const char* literal) {
  const std::optional<RelPath> path = parse(literal);
  assert(path.has_value());
  bytes_ = path->bytes_;
}

std::optional<RelPath> RelPath::parse(std::string_view bytes) {
  for (const std::string_view component : split(bytes, '/')) {
    if (!is_component(component)) {
      return std::nullopt;
    }
  }
  RelPath path;
  path.bytes_ = bytes;
  return path;
}

RelPath RelPath::operator/(std::string_view tail) const {
  const std::optional<RelPath> path = parse(tail);
  assert(path.has_value());
  return joined(*path);
}

RelPath RelPath::joined(const RelPath& tail) const {
  if (is_root() || tail.is_root()) {
    return is_root() ? tail : *this;
  }
  RelPath path = *this;
  path.bytes_ += '/';
  path.bytes_ += tail.bytes_;
  return path;
}

RelPath RelPath::parent() const {
  RelPath path;
  path.bytes_ = parent_path(bytes_);
  return path;
}

std::string_view RelPath::name() const { return last_name(bytes_); }

std::string RelPath::text() const { return is_root() ? "." : escaped(bytes_); }

// With the separator, so that `l` is not above `link`.
bool RelPath::is_below(const RelPath& ancestor) const {
  return ancestor.is_root() ? !is_root()
                            : bytes_.size() > ancestor.bytes_.size() && bytes_.starts_with(ancestor.bytes_) &&
                                  bytes_[ancestor.bytes_.size()] == '/';
}

}  // namespace dfsck
