// All but payload bytes is in the tar headers that tar-split keeps.
#include "checks/content/entry_fixer.h"

#include <algorithm>
#include <cerrno>

#include "checks/fix_steps.h"
#include "core/base/path_text.h"
#include "core/codec/override_stat.h"
#include "core/codec/posix_acl.h"
#include "core/content/bytes/same_bytes.h"

namespace dfsck {
namespace {

// Attributes that only a layer's tar can have put there; others belong to the kernel or to the host's policy.
// Only these are taken away where the tar has none. An SELinux label is the host's, origin and impure
// are notes of the kernel's overlay, and neither makes a layer's content wrong.
bool is_from_tar(const std::string& name) {
  return name == "security.capability" || name == "trusted.overlay.opaque" || name == "user.overlay.opaque" ||
         is_posix_acl(name) || (name.starts_with("user.") && !name.starts_with("user.overlay."));
}

}  // namespace

// Whom the map of the root does not tell, what is there does.
std::optional<Ownership> EntryFixer::owner() const {
  const uint32_t mode = entry_.mode & 07777;
  if (entry_.owner_known) {
    return Ownership{entry_.uid, entry_.gid, mode};
  }
  const Result<FileStat> now = input_.root.stat(path_);
  return now ? std::optional(Ownership{now->uid, now->gid, mode}) : std::nullopt;
}

// File first, then what hangs on it: a new owner clears capabilities, and any change of the file sets its time,
// so the time comes last. Names of the same inode follow, since they can only be made of a file that is there.
void EntryFixer::restore(const Remedy& remedy) {
  const std::optional<Ownership> wanted = owner();
  if (!has_place() || !wanted) {
    return;
  }
  add(RestoreFile{path_, remedy.origin, entry_.size, entry_.crc64, *wanted});
  set_xattrs();
  add(SetMtime{path_, entry_.mtime.seconds, entry_.mtime.nanoseconds});
  const std::optional<RelPath> diff = tree();
  for (const RelPath& link : remedy.links) {
    const RelPath path = diff->joined(link);
    plan_.add(index_, stage::kContent, MakeHardLink{path, path_}, expect_now(input_.root, path));
  }
}

void EntryFixer::fix() {
  switch (issue_.kind) {
    case IssueKind::Missing:
    case IssueKind::WrongType:
    case IssueKind::LinkTarget:
    case IssueKind::WhiteoutLost:
    case IssueKind::DeviceNumber: make(); break;
    case IssueKind::OwnerMode: fix_owner_and_mode(); break;
    case IssueKind::Xattr:
      set_xattrs();
      drop_xattrs();
      break;
    case IssueKind::OpaqueLost: set_xattrs(); break;
    case IssueKind::HardLinkSplit: link(); break;
    default: break;
  }
}

// fuse-overlayfs keeps the owner that a container sees in an attribute where it may not set the real
// one. Then the attribute is what the container sees, and the real owner is right as it is.
void EntryFixer::fix_owner_and_mode() {
  const auto on_disk = input_.root.xattrs(path_);
  for (const char* name : kOverrideXattrs) {
    const auto found = on_disk ? on_disk->find(name) : std::map<std::string, std::string>::const_iterator();
    const auto instead = on_disk && found != on_disk->end() ? parse_override_stat(found->second) : std::nullopt;
    if (instead) {
      const OverrideStat right{entry_.container_uid, entry_.container_gid, entry_.mode & 07777, instead->type};
      add(SetXattr{path_, name, right.text()});
      return;
    }
  }
  if (const std::optional<Ownership> wanted = owner(); wanted) {
    add(SetOwnership{path_, *wanted});
    set_xattrs();  // a change of owner clears capabilities
  }
}

void EntryFixer::add(Action action) {
  const Expect expect = expect_now(input_.root, path_);
  plan_.add(index_, stage::kContent, std::move(action), expect);
}

// A parent that is missing, or something else than a directory, is made by a step of its own if the tar has it.
bool EntryFixer::has_place() const {
  const Result<FileStat> parent = input_.root.stat(path_.parent());
  if (parent && parent->is_dir()) {
    return true;
  }
  const auto& issues = input_.content.layers[layer_].issues;
  const std::string_view above = parent_path(issue_.path);
  const auto found = std::lower_bound(issues.begin(), issues.end(), above,
                                      [](const Issue& issue, std::string_view path) { return issue.path < path; });
  return (!parent && parent.error().is_io(ENOENT)) ||
         (found != issues.end() && found->path == above && found->kind == IssueKind::WrongType &&
          S_ISDIR(found->expected->mode));
}

// diff/ of the layer.
std::optional<RelPath> EntryFixer::tree() const {
  const std::string& whole = path_.bytes();
  return RelPath::parse(std::string_view(whole).substr(0, whole.size() - issue_.path.size() - 1));
}

void EntryFixer::make() {
  if (!has_place()) {
    return;
  }
  if (entry_.is_hard_link) {
    link();
    return;
  }
  const std::optional<Ownership> wanted = owner();
  if (!wanted) {
    return;
  }
  switch (entry_.mode & S_IFMT) {
    case S_IFDIR: add(MakeDir{path_, *wanted}); break;
    case S_IFREG: add(WriteFile{path_, "", *wanted}); break;
    case S_IFLNK:
      add(WriteSymlink{path_, entry_.link_target});
      add(SetOwnership{path_, *wanted});
      break;
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO: add(MakeNode{path_, entry_.mode & S_IFMT, entry_.rdev_major, entry_.rdev_minor, *wanted}); break;
    default: return;
  }
  set_xattrs();
  // A whiteout has no time of its own in the tar: the daemon makes it with mknod and sets none.
  const bool whiteout = S_ISCHR(entry_.mode) && entry_.rdev_major == 0 && entry_.rdev_minor == 0;
  if (!whiteout) {
    add(SetMtime{path_, entry_.mtime.seconds, entry_.mtime.nanoseconds});
  }
}

void EntryFixer::set_xattrs() {
  for (const auto& [name, value] : entry_.xattrs) {
    add(SetXattr{path_, name, value});
  }
}

// An attribute more is as visible in a container as one less: a capability that nobody gave.
void EntryFixer::drop_xattrs() {
  const auto on_disk = input_.root.xattrs(path_);
  if (!on_disk) {
    return;
  }
  for (const auto& [name, value] : *on_disk) {
    const bool wanted = std::any_of(entry_.xattrs.begin(), entry_.xattrs.end(),
                                    [&name = name](const auto& xattr) { return xattr.first == name; });
    if (is_from_tar(name) && !wanted) {
      add(SetXattr{path_, name, std::nullopt});
    }
  }
}

// A file whose bytes are lost cannot be linked to.
bool EntryFixer::will_be_there(const RelPath& inside, const RelPath& path) const {
  if (input_.root.stat(path)) {
    return true;
  }
  const auto& issues = input_.content.layers[layer_].issues;
  const auto found =
      std::lower_bound(issues.begin(), issues.end(), inside.bytes(),
                       [](const Issue& issue, const std::string& wanted) { return issue.path < wanted; });
  return found != issues.end() && found->path == inside.bytes() && found->expected &&
         (!lacks_bytes(*found) ||
          input_.content.find_remedy(layer_, static_cast<size_t>(found - issues.begin())) != nullptr);
}

// Only where there is nothing yet, or a copy with the same bytes.
void EntryFixer::link() {
  const std::optional<RelPath> inside = RelPath::parse(entry_.link_target);
  const std::optional<RelPath> diff = tree();
  if (!inside || !diff) {
    return;
  }
  const RelPath target = diff->joined(*inside);
  // A copy that differs is not replaced: which of the two has the right bytes is another finding's to say.
  if (issue_.kind == IssueKind::Missing ? will_be_there(*inside, target) : same_bytes(input_.root, path_, target)) {
    add(MakeHardLink{path_, target});
  }
}

}  // namespace dfsck
