// The order matters: changing the owner clears capabilities and setuid, an ACL is part of the mode, and once an object
// is immutable nothing of it can be changed.
#include "core/migrate/copy_attributes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <optional>

#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/fs/root.h"
#include "core/fs/write/calls.h"

namespace dfsck {
namespace {

constexpr unsigned kGuards = FS_IMMUTABLE_FL | FS_APPEND_FL;
// What a user sets with chattr(1); the others say how a filesystem keeps the file.
constexpr unsigned kUserFlags = kGuards | FS_SECRM_FL | FS_UNRM_FL | FS_COMPR_FL | FS_SYNC_FL | FS_NODUMP_FL |
                                FS_NOATIME_FL | FS_NOCOW_FL | FS_DIRSYNC_FL;

// Filesystems without such flags refuse the call; for them there is nothing to copy.
std::optional<unsigned> flags_of(int file) {
  unsigned flags = 0;
  return ::ioctl(file, FS_IOC_GETFLAGS, &flags) == 0 ? std::optional(flags) : std::nullopt;
}

// Where an object is in both trees: open, or by name in open directories.
struct Places {
  ObjectPlace source;
  ObjectPlace target;
};

int put_xattr(const ObjectPlace& place, const char* key, const std::optional<std::string>& value) {
  return set_xattr(place.open_fd >= 0 ? ObjectAt{place.open_fd} : ObjectAt{place.dir, place.name}, key, value);
}

// What a run that was cut off, or a default of the target's directory, has put there and the source does not have.
void remove_others(CopyContext& context, CopyUnit& unit, const std::string& path, const Places& places,
                   const XattrNames& wanted) {
  XattrNames have;
  if (have.read(places.target) != 0) {
    return;
  }
  have.each([&](std::string_view key) {
    // A host's own label comes back by itself and belongs to the target.
    if (wanted.contains(key) || key == "security.selinux") {
      return;
    }
    const int code = put_xattr(places.target, std::string(key).c_str(), std::nullopt);
    if (code != 0 && code != ENODATA) {
      target_failed(context, unit, ProblemKind::Attribute, code, "remove attribute " + escaped(key), path);
    }
  });
}

// xfs shows each ACL under a second name, which is no attribute of its own.
bool is_shadow(std::string_view name) { return name.starts_with("trusted.SGI_ACL_"); }

void copy_xattrs(CopyContext& context, CopyUnit& unit, const std::string& path, const Places& places, bool just_made) {
  XattrNames names;
  if (const int code = names.read(places.source); code != 0) {
    source_failed(context, unit, code, "list attributes", path);
    return;
  }
  if (!just_made) {
    remove_others(context, unit, path, places, names);
  }
  names.each([&](std::string_view key) {
    if (is_shadow(key)) {
      return;
    }
    const std::string name(key);
    const std::optional<std::string> value = read_xattr(places.source, name);
    if (!value) {
      // An attribute that went away meanwhile is no loss, one that the disk does not give is.
      if (const int code = errno; speaks_of_disk(code) || is_shortage(code)) {
        source_failed(context, unit, code, "read attribute " + escaped(name), path);
      }
      return;  // else it is listed but gone, or not for us to see
    }
    if (const int code = put_xattr(places.target, name.c_str(), value); code != 0) {
      target_failed(context, unit, ProblemKind::Attribute, code, "set attribute " + escaped(name), path);
    }
  });
}

// Flags but the guards; gives the guards that are still to be set, with the others.
std::optional<unsigned> copy_flags(CopyContext& context, CopyUnit& unit, const std::string& path, int source,
                                   int target, const Statx& info, bool just_made) {
  // statx tells of the flags that matter; of directories all are wanted, because what is made in them inherits some.
  if (!info.has_flags && !info.stat.is_dir() && just_made) {
    return std::nullopt;
  }
  const std::optional<unsigned> wanted = flags_of(source);
  if (!wanted) {
    return std::nullopt;  // this filesystem has no flags
  }
  const std::optional<unsigned> now = flags_of(target);
  const unsigned goal = (now.value_or(0) & ~kUserFlags) | (*wanted & kUserFlags);
  if (goal == now.value_or(0)) {
    return std::nullopt;
  }
  if ((goal & ~kGuards) != now.value_or(0)) {
    if (const int code = now ? set_flags(target, goal & ~kGuards) : EOPNOTSUPP; code != 0) {
      target_failed(context, unit, ProblemKind::Flags, code, "set inode flags", path);
      return now && (goal & kGuards) != 0 ? std::optional(*now | (goal & kGuards)) : std::nullopt;
    }
  }
  return (goal & kGuards) != 0 ? std::optional(goal) : std::nullopt;
}

}  // namespace

// Owner, mode, attributes, flags, times, guards: each later one could be undone by an earlier one. A changed owner
// clears setuid and capabilities; an access list is part of the mode; setting anything changes the time of change; an
// immutable file takes nothing any more.
void copy_attributes(CopyContext& context, CopyUnit& unit, const std::string& path, int source, int target,
                     const Statx& info, MadeAs made) {
  const FileStat& stat = info.stat;
  const uint32_t mode = stat.mode & 07777U;
  bool same_mode = made.just_now && mode == made.mode;
  if (!made.just_now || stat.uid != context.uid || stat.gid != context.gid) {
    if (const int code = set_owner({target}, stat.uid, stat.gid); code != 0) {
      target_failed(context, unit, ProblemKind::Attribute, code, "change owner", path);
    }
    same_mode = same_mode && (mode & 06000U) == 0;
  }
  if (!same_mode) {
    if (const int code = set_mode({target}, mode); code != 0) {
      target_failed(context, unit, ProblemKind::Attribute, code, "change mode", path);
    }
  }
  copy_xattrs(context, unit, path, {{source, "", source}, {target, "", target}}, made.just_now);
  const std::optional<unsigned> guards = copy_flags(context, unit, path, source, target, info, made.just_now);
  if (context.stopped()) {
    return;  // without its time it counts as unfinished
  }
  // The time of modification is the mark of a file that is through: a later run keeps only what has that of the
  // source.
  if (const int code = set_times({target}, info.atime, stat.mtime); code != 0) {
    target_failed(context, unit, ProblemKind::Attribute, code, "set times", path);
  }
  if (!guards || made.stays_open) {
    return;
  }
  // No further name can be made of an immutable file, so its flag waits until the unit is through.
  if (stat.is_file() && stat.links > 1) {
    const std::lock_guard lock(unit.guarded_mutex);
    unit.guarded.push_back({path, *guards & kGuards});
  } else if (const int code = set_flags(target, *guards); code != 0) {
    target_failed(context, unit, ProblemKind::Flags, code, "set inode flags", path);
  }
}

// Links and nodes cannot be opened without meaning what they lead to, so everything goes by the name in an open
// directory.
void copy_attributes_at(CopyContext& context, CopyUnit& unit, const std::string& path, int source_dir, int target_dir,
                        const std::string& name, const Statx& info, MadeAs made) {
  const FileStat& stat = info.stat;
  const char* const at = name.c_str();
  if (!made.just_now || stat.uid != context.uid || stat.gid != context.gid) {
    if (const int code = set_owner({target_dir, at}, stat.uid, stat.gid); code != 0) {
      target_failed(context, unit, ProblemKind::Attribute, code, "change owner", path);
    }
  }
  if (!stat.is_symlink() && (!made.just_now || (stat.mode & 07777U) != made.mode)) {
    if (const int code = set_mode({target_dir, at}, stat.mode & 07777U); code != 0) {
      target_failed(context, unit, ProblemKind::Attribute, code, "change mode", path);
    }
  }
  copy_xattrs(context, unit, path, {{source_dir, at}, {target_dir, at}}, made.just_now);
  if (const int code = set_times({target_dir, at}, info.atime, stat.mtime); code != 0) {
    target_failed(context, unit, ProblemKind::Attribute, code, "set times", path);
  }
}

// For what is in the target already: a copy is as immutable as the source's file.
bool take_guards_off(int file) {
  const std::optional<unsigned> flags = flags_of(file);
  return flags && set_flags(file, *flags & ~kGuards) == 0;
}

bool take_guards_off(int dir, const char* name) {
  const Fd file(open_for_reading(dir, name));
  return file && take_guards_off(file.get());
}

void note_guards(CopyUnit& unit, int source_dir, const std::string& source_name, const std::string& path) {
  const Fd file(open_for_reading(source_dir, source_name.c_str()));
  if (const std::optional<unsigned> flags = file ? flags_of(file.get()) : std::nullopt; flags) {
    const std::lock_guard lock(unit.guarded_mutex);
    unit.guarded.push_back({path, *flags & kGuards});
  }
}

// By path, since the files were closed long ago; the file is still the one that was copied, because the target is
// locked.
void set_guards(CopyContext& context, CopyUnit& unit) {
  for (const CopyUnit::Guarded& guarded : unit.guarded) {
    const std::string name(last_name(guarded.path));
    const Result<Dir> dir = open_far_dir(context.target, parent_path(guarded.path));
    const Fd file(dir ? open_for_reading(dir->fd(), name.c_str()) : Fd());
    const unsigned now = file ? flags_of(file.get()).value_or(0) : 0;
    if (const int code = file ? set_flags(file.get(), now | guarded.flags) : errno; code != 0) {
      target_failed(context, unit, ProblemKind::Flags, code, "set inode flags", guarded.path);
    }
  }
  unit.guarded.clear();
}

}  // namespace dfsck
