// Pure: looks at nothing but the header.
#include "core/load/member.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/escape.h"
#include "core/content/tree/whiteout_names.h"
#include "core/donor/member_name.h"

namespace dfsck {
namespace {

constexpr size_t kMemberShown = 100;
constexpr size_t kMaxName = 4095;  // PATH_MAX without its end
constexpr size_t kMaxComponent = 255;
constexpr uint64_t kMaxId = UINT32_MAX - 1;  // the last one means "none" to the kernel
// Such an attribute in a tar would speak to the kernel's overlay and not to programs: a redirect, for one, makes a
// directory show another's contents.
constexpr std::string_view kOverlayAttribute = "trusted.overlay.";

bool has_long_component(std::string_view path) {
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > kMaxComponent) {
      return true;
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return false;
}

// What is wrong with a header whatever its type is, in words behind the name; empty if nothing is.
// Sparse files of GNU tar are refused since a tar-split cannot give them back: the daemon itself would write another
// stream than it has read.
std::string general_problem(const TarHeader& header) {
  if (header.name.size() > kMaxName || has_long_component(header.name)) {
    return "has a name that is too long";
  }
  if (header.uid > kMaxId || header.gid > kMaxId) {
    return "belongs to an impossible user or group";
  }
  if (header.is_sparse) {
    return "is a sparse file";
  }
  for (const auto& [name, value] : header.xattrs) {
    if (name.starts_with(kOverlayAttribute)) {
      return "has an attribute of overlay itself, " + escaped_excerpt(name, kMemberShown);
    }
  }
  return "";
}

// The layer's own directory, as some tars spell it.
bool is_top(std::string_view name) {
  return !name.empty() && name.find_first_not_of("/.") == std::string_view::npos &&
         name.find("..") == std::string_view::npos;
}

}  // namespace

std::string shown_member(const std::string& name) { return "\"" + escaped_excerpt(name, kMemberShown) + "\""; }

// Whoever made the archive chooses every name in it, so a name is judged before anything is opened by it: no absolute
// ones, no "..", no links to outside, no types that the daemon does not unpack.
Result<LayerMember> judge_member(const TarHeader& header, const std::string& where) {
  const auto refuse = [&](const std::string& why) {
    return format_error("read layer", where, shown_member(header.name) + " " + why);
  };
  LayerMember member;
  if (header.is_global()) {
    return member;
  }
  if (const std::string problem = general_problem(header); !problem.empty()) {
    return refuse(problem);
  }
  if (is_top(header.name)) {
    return header.file_type() == S_IFDIR ? Result<LayerMember>(member) : refuse("is no directory");
  }
  const std::optional<RelPath> path = member_name(header.name);
  if (!path || path->is_root()) {
    return refuse("is no name of something in a layer: it is absolute, leads upwards or is empty");
  }
  member.path = *path;
  // Whiteouts are told by name alone, whatever type the entry has (moby pkg/archive/whiteouts.go).
  const std::string_view base = path->name();
  if (base == kOpaqueName) {
    member.kind = LayerMember::Kind::Opaque;
    member.path = path->parent();
    return member;
  }
  if (base.starts_with(kWhiteoutPrefix)) {
    const std::string_view hidden = base.substr(kWhiteoutPrefix.size());
    if (!RelPath::is_component(hidden)) {
      return refuse("is a whiteout of nothing");
    }
    member.kind = LayerMember::Kind::Whiteout;
    member.path = path->parent() / hidden;
    return member;
  }
  if (header.is_hard_link()) {
    const std::optional<RelPath> target = member_name(header.link_name);
    if (!target || target->is_root()) {
      return refuse("is a hard link to " + shown_member(header.link_name) + ", outside of the layer");
    }
    // The target is a name of the tar, relative to the layer's top, and must come before.
    member.kind = LayerMember::Kind::HardLink;
    member.target = *target;
    return member;
  }
  switch (header.file_type()) {
    case S_IFDIR: member.kind = LayerMember::Kind::Directory; break;
    case S_IFREG: member.kind = LayerMember::Kind::File; break;
    case S_IFLNK: member.kind = LayerMember::Kind::Symlink; break;
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO: member.kind = LayerMember::Kind::Node; break;
    default: return refuse("is of a type that no daemon unpacks");
  }
  if (member.kind == LayerMember::Kind::Symlink && (header.link_name.empty() || header.link_name.size() > kMaxName)) {
    return refuse("is a symbolic link to nowhere");
  }
  return member;
}

}  // namespace dfsck
