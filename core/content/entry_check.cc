// EntryCheck: the simulation of moby pkg/archive/archive.go:Unpack, header by header, against what is on disk.
#include "core/content/entry_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/content/attributes.h"
#include "core/content/expected.h"
#include "core/content/tree/whiteout_names.h"
#include "core/fs/dir.h"

namespace dfsck {
namespace {

// No object of that name can be there.
bool is_absence(int error) { return says_absent(error) || error == ENAMETOOLONG; }

std::string a_type(uint32_t mode) { return "a " + std::string(type_name(mode)); }

std::string device_text(unsigned major, unsigned minor) { return std::to_string(major) + ":" + std::to_string(minor); }

}  // namespace

struct EntryCheck::Object {
  int error = 0;
  struct ::stat raw {};
  ObjectPlace at{};  // its name is that of the last look_up
  uint64_t place = 0;

  IssueLog::Anchor anchor() const { return {place, raw.st_ino, {}}; }
};

EntryCheck::EntryCheck(int tree, const LayerInput& input, Depth depth, MergedView& merged_view, IssueLog& log)
    : input_(input), depth_(depth), merged_view_(merged_view), log_(log), cursor_(tree), link_cursor_(tree) {}

EntryCheck::Payload EntryCheck::check(const LayerEntry& entry) {
  const std::string_view base = entry.base();
  if (entry.path.empty()) {
    return {};  // the tree's own directory: the daemon leaves it as it is
  }
  if (base.starts_with(kWhiteoutPrefix)) {
    if (base == kOpaqueName) {
      check_opaque(entry);
    } else {
      check_whiteout(entry, base.substr(kWhiteoutPrefix.size()));
    }
    // The daemon would look for a file of that name to read back, and there is none.
    return Payload{.lost = entry.header.size > 0, .file = {}};
  }
  if (entry.header.is_hard_link()) {
    check_hard_link(entry);
    return {};
  }
  if (entry.header.file_type() == 0) {
    if (unverifiable_.empty()) {
      unverifiable_ = escaped(entry.path) + " is of a type that the daemon does not unpack";
    }
    return Payload{.lost = true, .file = {}};
  }
  return check_object(entry);
}

bool EntryCheck::was_kept_from(int error, std::string_view operation, std::string_view path) {
  if (error == 0 || is_absence(error) || speaks_of_disk(error)) {
    return false;
  }
  if (!failure_) {
    const std::string where = input_.diff_dir.text() + (path.empty() ? "" : "/" + escaped(path));
    failure_ = Error{Error::Kind::Io, error, std::string(operation), where, {}};
  }
  return true;
}

void EntryCheck::add(IssueKind kind, const LayerEntry& entry, std::string detail, IssueLog::Anchor anchor) {
  Issue issue;
  issue.kind = kind;
  issue.path = entry.path;
  issue.detail = std::move(detail);
  issue.expected = expected_of(entry, input_);
  log_.add(std::move(issue), std::move(anchor));
}

bool EntryCheck::enter_parent(const LayerEntry& entry) {
  if (cursor_.enter(entry.parent())) {
    return true;
  }
  const int error = cursor_.error();
  if ((error != ENOENT && error != ENOTDIR) || (absent_error_ == error && absent_parent_ == entry.parent())) {
    return false;
  }
  const std::optional<std::string> elsewhere = merged_view_.resolve_directory(entry.parent());
  if (elsewhere && *elsewhere != entry.parent() && cursor_.enter(*elsewhere)) {
    return true;
  }
  absent_parent_ = entry.parent();
  absent_error_ = error;
  return false;
}

// It is, or lies below, a directory that we may not look into because its owner is none of our user namespace.
bool EntryCheck::is_out_of_sight(int error, std::string_view path) {
  if (error != EACCES || hidden_dirs_.empty()) {
    return false;
  }
  for (std::string_view at = path; !at.empty(); at = parent_path(at)) {
    if (hidden_dirs_.contains(at)) {
      out_of_sight_ = true;
      return true;
    }
  }
  return false;
}

EntryCheck::Object EntryCheck::look_up(const TreeCursor& cursor, std::string_view name) {
  name_.assign(name);
  Object object;
  object.at = {cursor.fd(), name_.c_str()};
  object.place = name_hash(cursor.inode(), name);
  object.error = patient::fstatat(cursor.fd(), name_.c_str(), &object.raw, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  if (object.error != 0) {
    object.raw = {};
  }
  return object;
}

void EntryCheck::report_absent(const LayerEntry& entry, int error, uint64_t place) {
  if (is_out_of_sight(error, entry.path) || was_kept_from(error, "read", entry.path)) {
    return;
  }
  if (entry.header.is_device() && input_.owners.in_namespace && error == ENOENT) {
    return;  // the daemon may not make it, and goes on without
  }
  if (is_absence(error)) {
    // A file stands where a directory should be. If a later header puts something there, what was missing below it was
    // rightly gone (overrule_below).
    has_blocked_paths_ = has_blocked_paths_ || error == ENOTDIR;
    add(IssueKind::Missing, entry, "is missing", {place, 0, {}});
    return;
  }
  Issue issue;
  issue.kind = IssueKind::Unreadable;
  issue.path = entry.path;
  issue.detail = errno_text(error);
  issue.expected = expected_of(entry, input_);
  issue.code = error;
  log_.add(std::move(issue), {place, 0, {}});
}

void EntryCheck::check_whiteout(const LayerEntry& entry, std::string_view hidden) {
  const std::string path = path_in(entry.parent(), hidden);
  const bool entered = enter_parent(entry);
  const Object object = entered ? look_up(cursor_, hidden) : Object{.error = cursor_.error()};
  if (entered) {
    explained_.push_back(object.place);
  }
  // Who owns a whiteout is of no meaning: often it was made by the kernel.
  const bool is_there = object.error == 0 && is_whiteout(object.raw);
  if (is_there || is_out_of_sight(object.error, path) || was_kept_from(object.error, "look at", path) ||
      merged_view_.is_hidden(path)) {
    return;
  }
  Issue issue;
  issue.path = path;
  issue.expected = expected_whiteout(entry, input_);
  issue.kind = IssueKind::WhiteoutLost;
  issue.detail = object.error == 0 ? "there is " + a_type(object.raw.st_mode) + " in its place"
                 : entered && look_up(cursor_, entry.base()).error == 0
                     ? "it is a file named " + escaped(entry.base()) + " instead"
                     : "it is missing";
  log_.add(std::move(issue), object.anchor());
}

void EntryCheck::check_opaque(const LayerEntry& entry) {
  const std::string path(entry.parent());
  merged_view_.note_opaque(path);
  std::string detail = "its directory is missing";
  const bool there = enter_parent(entry);
  if (there) {
    const ObjectPlace self{cursor_.fd(), "."};
    const int error = xattrs_.read(self);
    if (is_out_of_sight(error, path) || was_kept_from(error, "list attributes of", path)) {
      return;
    }
    if (error == 0 && opaque_mark(self, xattrs_, input_.marks)) {
      // By inode, since the directory's own header may have named it by another path.
      opaque_[cursor_.inode()] = std::nullopt;
      shows_marks_ = true;
      return;
    }
    if (error != 0) {
      return;  // not ours to see
    }
    detail = "has lost its opaque mark";
  } else if (is_out_of_sight(cursor_.error(), entry.path) || was_kept_from(cursor_.error(), "open", path)) {
    return;
  }
  // Without the mark, but whiteouts for each name of the layers below do the same (the naive path writes them so).
  if (merged_view_.hides_lowers(path)) {
    return;
  }
  // The kernel shows trusted.* to nobody without CAP_SYS_ADMIN in the initial namespace. Then "no mark" means "not
  // shown".
  if (there && input_.marks != OverlayMarks::User && !sees_trusted_xattrs()) {
    lacks_sight_ = true;
    return;
  }
  Issue issue;
  issue.kind = IssueKind::OpaqueLost;
  issue.path = path;
  issue.detail = std::move(detail);
  issue.expected.emplace();
  issue.expected->name = entry.name;
  issue.expected->mode = S_IFDIR;
  issue.expected->xattrs = {{input_.owners.opaque_xattr(), "y"}};
  log_.add(std::move(issue), {});
}

EntryCheck::Payload EntryCheck::check_object(const LayerEntry& entry) {
  Payload payload;
  payload.lost = entry.header.size > 0;
  if (!enter_parent(entry)) {
    report_absent(entry, cursor_.error(), 0);
    return payload;
  }
  Object object = look_up(cursor_, entry.base());
  if (!log_.empty()) {
    // A second header of this name: what the first one found wrong may be what the second one asks for.
    log_.overrule_place(object.place);
  }
  if (object.error != 0) {
    report_absent(entry, object.error, object.place);
    return payload;
  }
  explained_.push_back(object.place);
  const uint32_t type = object.raw.st_mode & S_IFMT;
  if (!S_ISDIR(type)) {
    tree_bytes_ += static_cast<uint64_t>(object.raw.st_size);
    if (has_blocked_paths_) {
      log_.overrule_below(entry.path);
    }
  }
  if (type != entry.header.file_type()) {
    add(IssueKind::WrongType, entry, "is " + a_type(type) + ", should be " + a_type(entry.header.file_type()),
        object.anchor());
    return payload;
  }
  if (S_ISREG(type)) {
    payload = check_file(entry, object);
  } else if (S_ISLNK(type)) {
    check_link_target(entry, object);
  } else if ((S_ISCHR(type) || S_ISBLK(type)) &&
             object.raw.st_rdev != makedev(entry.header.device_major, entry.header.device_minor)) {
    add(IssueKind::DeviceNumber, entry,
        "is device " + device_text(major(object.raw.st_rdev), minor(object.raw.st_rdev)) + ", should be " +
            device_text(entry.header.device_major, entry.header.device_minor),
        object.anchor());
  }
  object.at.open_fd = payload.file.get();
  check_metadata(entry, object, entry.path);
  return payload;
}

EntryCheck::Payload EntryCheck::check_file(const LayerEntry& entry, Object& object) {
  Payload payload;
  payload.place = object.place;
  const auto size = static_cast<uint64_t>(object.raw.st_size);
  if (size != entry.size) {
    const IssueKind kind = size == 0 ? IssueKind::Emptied : size < entry.size ? IssueKind::Short : IssueKind::Long;
    add(kind, entry, "is " + std::to_string(size) + " bytes, should be " + std::to_string(entry.size), object.anchor());
    payload.lost = true;
    return payload;
  }
  if (depth_ == Depth::Full && size > 0) {
    payload.file = open_for_reading(object.at.dir, object.at.name);
    payload.dir = object.at.dir;
    if (!payload.file) {
      payload.lost = true;
      if (errno == EACCES && input_.owners.is_hidden(object.raw.st_uid, object.raw.st_gid)) {
        out_of_sight_ = true;
      } else {
        report_absent(entry, errno, object.place);
      }
    }
  }
  return payload;
}

void EntryCheck::check_link_target(const LayerEntry& entry, const Object& object) {
  std::array<char, 4097> target;  // links are shorter than PATH_MAX
  const ssize_t length = patient::readlinkat(object.at.dir, object.at.name, target.data(), target.size());
  if (length < 0) {
    report_absent(entry, errno, object.place);
    return;
  }
  const std::string_view found(target.data(), static_cast<size_t>(length));
  if (found != entry.header.link_name) {
    add(IssueKind::LinkTarget, entry,
        "points to \"" + escaped_excerpt(found, 200) + "\", should point to \"" +
            escaped_excerpt(entry.header.link_name, 200) + "\"",
        object.anchor());
  }
}

void EntryCheck::check_metadata(const LayerEntry& entry, const Object& object, const std::string& path) {
  const int error = xattrs_.read(object.at);
  check_owner_and_mode(entry, object, path);
  if (error != 0) {
    report_absent(entry, error, object.place);
  } else {
    check_xattrs(entry, object, path);
  }
}

void EntryCheck::check_owner_and_mode(const LayerEntry& entry, const Object& object, const std::string& path) {
  const auto report = [&](IssueKind kind, std::string detail) {
    Issue issue;
    issue.kind = kind;
    issue.path = path;
    issue.detail = std::move(detail);
    issue.expected = expected_of(entry, input_);
    issue.expected->mode = (object.raw.st_mode & S_IFMT) | entry.header.mode;
    log_.add(std::move(issue), object.anchor());
  };
  if (S_ISDIR(object.raw.st_mode) && input_.owners.is_hidden(object.raw.st_uid, object.raw.st_gid)) {
    hidden_dirs_.emplace(path);
  }
  if (auto problem = owner_mode_problem(entry.header, object.raw, override_stat(object.at, xattrs_), input_)) {
    report(problem->is_hidden ? IssueKind::OwnerHidden : IssueKind::OwnerMode, std::move(problem->detail));
  }
  // Times of directories change with every repair and copy in them, and nothing depends on them.
  if (!S_ISDIR(object.raw.st_mode)) {
    if (auto problem = time_problem(entry.header, object.raw, input_)) {
      report(IssueKind::TimeDrift, std::move(*problem));
    }
  }
}

// Whether the directory of the entry hands an ACL on to what is made in it, by what the tar says of that directory: on
// disk that may be lost.
OtherAcls EntryCheck::acls_of(const LayerEntry& entry, const Object& object) {
  constexpr std::string_view kDefault = "system.posix_acl_default";
  constexpr size_t kMaxDirs = 100'000;
  const bool inherits = default_acl_dirs_.contains(entry.parent());
  const auto& xattrs = entry.header.xattrs;
  const bool hands_on =
      inherits || std::any_of(xattrs.begin(), xattrs.end(), [&](const auto& have) { return have.first == kDefault; });
  if (hands_on && S_ISDIR(object.raw.st_mode) && default_acl_dirs_.size() < kMaxDirs) {
    default_acl_dirs_.emplace(entry.path);
  }
  return inherits ? OtherAcls::MayBeInherited : OtherAcls::AreForeign;
}

void EntryCheck::check_xattrs(const LayerEntry& entry, const Object& object, const std::string& path) {
  const OtherAcls acls = acls_of(entry, object);
  if (xattrs_.empty() && entry.header.xattrs.empty()) {
    return;
  }
  note_overlay_marks(object, path);
  const auto report = [&](XattrProblem problem) {
    Issue issue;
    issue.kind = IssueKind::Xattr;
    issue.path = path;
    issue.detail = std::move(problem.detail);
    issue.is_unshifted = problem.is_unshifted;
    issue.expected = expected_of(entry, input_);
    log_.add(std::move(issue), {object.place, object.raw.st_ino, std::move(problem.name)});
  };
  const uint32_t type = object.raw.st_mode & S_IFMT;
  if (find_xattr_problems(entry.header, type, object.at, xattrs_, input_, acls, report)) {
    shows_shifted_acls_ = true;
  }
}

void EntryCheck::note_overlay_marks(const Object& object, const std::string& path) {
  for (const char* name :
       {"trusted.overlay.redirect", "user.overlay.redirect", "trusted.overlay.metacopy", "user.overlay.metacopy"}) {
    if (unverifiable_.empty() && xattrs_.contains(name)) {
      unverifiable_ = escaped(path) + " has the attribute " + name + ": part of it lies in a layer below";
    }
  }
  if (S_ISDIR(object.raw.st_mode) && input_.provenance == Provenance::Unpacked &&
      opaque_mark(object.at, xattrs_, input_.marks)) {
    opaque_.try_emplace(object.raw.st_ino, path);  // its ".wh..wh..opq" follows, if all is well
  }
}

void EntryCheck::check_hard_link(const LayerEntry& entry) {
  const bool entered = enter_parent(entry);
  const int error = entered ? 0 : cursor_.error();
  Object object = entered ? look_up(cursor_, entry.base()) : Object{.error = error};
  if (entered && !log_.empty()) {
    log_.overrule_place(object.place);
  }
  if (object.error == 0) {
    explained_.push_back(object.place);
  } else {
    report_absent(entry, object.error, object.place);
  }
  clean_tar_name(entry.header.link_name, link_target_);
  Object target{.error = ENOENT};
  if (link_cursor_.enter(parent_path(link_target_))) {
    const Object own = object;
    target = look_up(link_cursor_, last_name(link_target_));
    object = own;
  }
  if (is_out_of_sight(link_cursor_.error(), link_target_) || is_out_of_sight(target.error, link_target_) ||
      was_kept_from(link_cursor_.error(), "open", parent_path(link_target_)) ||
      was_kept_from(target.error, "look at", link_target_)) {
    return;
  }
  if (target.error == 0) {
    // The daemon sets owner, mode and time through whichever name came last.
    if (!log_.empty()) {
      log_.overrule_inode(target.raw.st_ino, [&](const std::string& attribute) {
        return attribute == kCapability || std::any_of(entry.header.xattrs.begin(), entry.header.xattrs.end(),
                                                       [&](const auto& have) { return have.first == attribute; });
      });
    }
    check_metadata(entry, target, link_target_);
  }
  if (object.error != 0 || (target.error == 0 && target.raw.st_ino == object.raw.st_ino)) {
    return;
  }
  if (!S_ISDIR(object.raw.st_mode)) {
    tree_bytes_ += static_cast<uint64_t>(object.raw.st_size);
  }
  if (target.error != 0) {
    return;  // the file that it links to is missing; that is said where its own header stands
  }
  const bool same_type = (object.raw.st_mode & S_IFMT) == (target.raw.st_mode & S_IFMT);
  add(same_type ? IssueKind::HardLinkSplit : IssueKind::WrongType, entry,
      "is " + a_type(object.raw.st_mode) + " of its own, should be a hard link to " + escaped(link_target_),
      object.anchor());
}

// The tar itself has something to say of everything that the mark hides.
bool EntryCheck::changes_nothing(uint64_t directory_inode, const std::string& path) {
  const std::optional<std::vector<std::string>> below = merged_view_.names_below(path);
  return below && std::all_of(below->begin(), below->end(), [&](const std::string& name) {
           return std::binary_search(explained_.begin(), explained_.end(), name_hash(directory_inode, name));
         });
}

void EntryCheck::finish() {
  std::sort(explained_.begin(), explained_.end());
  for (auto& [inode, path] : opaque_) {
    if (!path || changes_nothing(inode, *path)) {
      continue;
    }
    Issue issue;
    issue.kind = IssueKind::Xattr;
    issue.path = *path;
    issue.detail = "has an opaque mark that it should not have";
    issue.expected.emplace();
    issue.expected->mode = S_IFDIR;
    log_.add(std::move(issue), {});
  }
  opaque_.clear();
}

}  // namespace dfsck
