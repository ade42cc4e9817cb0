// Lexical resolution; nothing here looks at a disk.
#include "core/donor/member_name.h"

#include "core/base/text.h"

namespace dfsck {
namespace {

// A link may go up and down again within the archive ("../<id>/layer.tar" of docker save); a member's own name with
// ".." in it is made by no honest tool.
enum class Upwards { Refused, Allowed };

std::optional<RelPath> resolve(RelPath from, std::string_view text, Upwards upwards) {
  if (text.empty() || text.front() == '/') {
    return std::nullopt;
  }
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    if (part == "..") {
      // Above the top there is only the host.
      if (upwards == Upwards::Refused || from.is_root()) {
        return std::nullopt;
      }
      from = from.parent();
    } else if (RelPath::is_component(part)) {
      from = from / part;
    } else {
      return std::nullopt;
    }
  }
  return from;
}

}  // namespace

std::optional<RelPath> member_name(std::string_view name) { return resolve({}, name, Upwards::Refused); }

std::optional<RelPath> link_target(const RelPath& link, std::string_view target) {
  return resolve(link.parent(), target, Upwards::Allowed);
}

}  // namespace dfsck
