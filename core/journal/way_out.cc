// From the error and the flags of what the step is about to a command, or to what must be had first.
#include "core/journal/way_out.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <vector>

#include "core/base/patient_calls.h"
#include "core/base/shell_word.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

constexpr const char* kAgain = ", then run again";

std::string whole_path(const Root& root, const RelPath& path) {
  return path.is_root() ? root.path() : root.path() + "/" + path.bytes();
}

// What the step changes: the object, and where it changes a name, the directories that hold it.
// A name that appears or goes away is a change of its directory, which the directory's flags can forbid, too; and
// linking to an immutable file is forbidden by the file's own.
std::vector<RelPath> changed_objects(const Action& action) {
  const RelPath& path = action_path(action);
  std::vector<RelPath> objects{path};
  if (is_attribute_step(action)) {
    return objects;
  }
  objects.push_back(path.parent());
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    objects.push_back(rename->to.parent());
  }
  if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr) {
    objects.push_back(link->target);
  }
  return objects;
}

// STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND; none where the object cannot be looked at.
// By statx(2), which needs no right to open the object and answers for links and devices as well.
uint64_t guards_on(const Root& root, const RelPath& path) {
  const Result<Dir> dir = root.open_dir(path.is_root() ? path : path.parent());
  struct ::statx info {};
  constexpr int kFlags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;
  const std::string name(path.name());
  return dir && patient::statx(dir->fd(), name.c_str(), kFlags, STATX_BASIC_STATS, &info) == 0
             ? info.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)
             : 0;
}

}  // namespace

Guard guard_of(const Root& root, const Action& action) {
  Guard guard;
  for (const RelPath& path : changed_objects(action)) {
    const uint64_t guards = guards_on(root, path);
    if (guards == 0) {
      continue;
    }
    const bool is_immutable = (guards & STATX_ATTR_IMMUTABLE) != 0;
    guard.what += (guard.what.empty() ? "" : ", ") + (path.is_root() ? root.path() : path.text()) +
                  (is_immutable ? " is immutable" : " is append-only");
    guard.way_out += (guard.way_out.empty() ? "" : " && ") + std::string(is_immutable ? "chattr -i " : "chattr -a ") +
                     shell_word(whole_path(root, path));
  }
  return guard;
}

// Only errors of calls have a way out: where a precondition does not hold, the root has to be looked at again.
std::string way_out(const Root& root, const Action& action, const Error& error) {
  if (error.kind != Error::Kind::Io) {
    return "";
  }
  const RelPath& path = action_path(action);
  switch (error.code) {
    case EPERM:
    case EACCES: {
      const Guard guard = guard_of(root, action);
      return guard.way_out.empty()
                 ? "see who may change it (owner, mode, user namespace, security module): run as root on the host" +
                       std::string(kAgain)
                 : guard.way_out + kAgain;
    }
    case ENOSPC: return "free space on the filesystem of " + shell_word(whole_path(root, path.parent())) + kAgain;
    case EDQUOT: return "raise the quota that " + shell_word(whole_path(root, path.parent())) + " counts for" + kAgain;
    case EROFS:
      return "make the filesystem of " + shell_word(whole_path(root, path.parent())) +
             " writable (mount -o remount,rw; the kernel log tells if it turned read-only after an error)" + kAgain;
    case EBUSY: return "unmount what is mounted there, or stop what uses it" + std::string(kAgain);
    default: return "";
  }
}

}  // namespace dfsck
