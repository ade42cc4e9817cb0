// By path: what is at the mount point or below it belongs to the other filesystem.
#include "core/content/layers/mounted_over.h"

#include <string_view>
#include <vector>

#include "core/base/path_text.h"
#include "core/base/text.h"
#include "core/content/layers/hidden.h"

namespace dfsck {
namespace {

bool is_within(std::string_view path, std::string_view base) { return base.empty() || is_at_or_below(path, base); }

// What would have to be moved with the mount in it is not touched either.
bool concerns(const Issue& issue, const std::string& mount) {
  const bool takes_all = issue.kind == IssueKind::Extra || issue.kind == IssueKind::WrongType;
  return is_within(issue.path, mount) || (takes_all && is_within(mount, issue.path));
}

}  // namespace

std::optional<InsideLayer> inside_layer(const Model& model, const Boundary& boundary) {
  const bool is_mount = boundary.kind == Boundary::Kind::Mount || boundary.kind == Boundary::Kind::Bind;
  if (!is_mount || !model.driver_covered || !boundary.path.is_below(model.overlay.path)) {
    return std::nullopt;
  }
  const std::string below = boundary.path.bytes().substr(model.overlay.path.bytes().size() + 1);
  const std::vector<std::string_view> parts = split(below, '/');
  if (parts.size() < 2 || parts[1] != "diff") {
    return std::nullopt;
  }
  const size_t head = parts[0].size() + 1 + parts[1].size();
  return InsideLayer{std::string(parts[0]), parts.size() == 2 ? "" : below.substr(head + 1)};
}

bool take_back_below(const std::string& path, LayerVerdict& verdict) {
  const size_t taken_back = std::erase_if(verdict.issues, [&](const Issue& issue) { return concerns(issue, path); });
  if (taken_back == 0) {
    return false;
  }
  // If the mount is on diff/ itself, all that was found was the other filesystem's, those beyond the limit as well.
  verdict.issues_dropped = path.empty() ? 0 : verdict.issues_dropped;
  settle_as_incomplete(verdict);
  return true;
}

}  // namespace dfsck
