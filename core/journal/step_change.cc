// A step changes one name between two places, or one attribute. Which object is in which place tells the state.
#include "core/journal/step_change.h"

#include <fcntl.h>

#include <algorithm>

#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/codec/posix_acl.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

constexpr const char* kCapability = "security.capability";

// The step's path and the second place of its change: saved/<n>, quarantine/<n>, or a Rename's new name.
struct Ends {
  Dir parent;
  std::string name;
  uint64_t inode = 0;  // 0: nothing there
  Dir other;
  std::string other_name;
  uint64_t other_inode = 0;
};

// Inode numbers tell the states apart because both objects stay alive in one of the two places: no other object of
// the filesystem can get the number of either.
Result<uint64_t> inode_in(const Dir& parent, const std::string& name) {
  const Result<FileStat> stat = parent.stat(name);
  if (!stat) {
    return means_absent(stat.error()) ? Result<uint64_t>(0) : stat.error();
  }
  return stat->inode;
}

Result<Dir> same_dir(const Dir& dir) {
  Fd fd(patient::duplicate(dir.fd()));
  return fd ? Result(Dir(std::move(fd), dir.where())) : sys_error("open", dir.where());
}

Result<Dir> other_dir(const RunPlace& place, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    return place.root->open_dir(rename->to.parent());
  }
  const KeepPlace& keep = place.keep_of(logged);
  return same_dir(traits_of(action).change == Change::TakeAway ? keep.quarantine : keep.saved);
}

Result<Ends> ends_of(const RunPlace& place, size_t number, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  const RelPath& path = action_path(action);
  ASSIGN_OR_RETURN(Dir parent, place.root->open_dir(path.parent()));
  ASSIGN_OR_RETURN(Dir other, other_dir(place, logged));
  const auto* rename = std::get_if<Rename>(&action);
  Ends ends{std::move(parent),
            std::string(path.name()),
            0,
            std::move(other),
            rename != nullptr ? std::string(rename->to.name()) : kept_name(number),
            0};
  const Result<uint64_t> inode = inode_in(ends.parent, ends.name);
  const Result<uint64_t> other_inode = inode_in(ends.other, ends.other_name);
  if (!inode || !other_inode) {
    return inode ? other_inode.error() : inode.error();
  }
  ends.inode = *inode;
  ends.other_inode = *other_inode;
  return ends;
}

bool moves_away(const Action& action) {
  const Change change = traits_of(action).change;
  return change == Change::TakeAway || change == Change::Rename;
}

// Each step swaps what its two places hold, where "nothing" is one of the things to hold. Before and After are exact
// mirror images; anything else has seen a third hand.
Look ends_on_disk(const Ends& ends, const LoggedStep& logged) {
  const Trace& trace = logged.trace;
  const uint64_t object = moves_away(logged.step.action) ? 0 : trace.object;
  if (ends.inode == trace.was && ends.other_inode == object) {
    return Look::Before;
  }
  return ends.inode == object && ends.other_inode == trace.was ? Look::After : Look::Ambiguous;
}

// Asked of the disk and not of the call that set it: a filesystem may drop bits or round times, and a step that did
// not take effect must not be called done.
bool has_wanted_attribute(const Dir& parent, const std::string& name, const FileStat& now, const Action& action) {
  if (const auto* owner = std::get_if<SetOwnership>(&action); owner != nullptr) {
    return now.uid == owner->owner.uid && now.gid == owner->owner.gid &&
           (now.is_symlink() || (now.mode & 07777U) == owner->owner.mode);
  }
  if (const auto* mtime = std::get_if<SetMtime>(&action); mtime != nullptr) {
    return now.mtime == FileTime{mtime->seconds, mtime->nanoseconds};
  }
  const auto& xattr = std::get<SetXattr>(action);
  if (xattr.name == kAccessAcl) {
    return true;  // the kernel turns a list that says no more than the mode into the mode
  }
  const auto attributes = parent.xattrs(name);
  const auto found = attributes ? attributes->find(xattr.name) : decltype(attributes->find(xattr.name)){};
  const bool has = attributes && found != attributes->end();
  return xattr.value ? has && found->second == *xattr.value : attributes && !has;
}

Result<Look> attribute_on_disk(const RunPlace& place, const LoggedStep& logged) {
  const RelPath& path = action_path(logged.step.action);
  const std::string name(path.name());
  const Result<Dir> parent = place.root->open_dir(path.parent());
  const Result<FileStat> now = parent ? parent->stat(name) : parent.error();
  if (!now) {
    return means_absent(now.error()) ? Result(Look::Ambiguous) : now.error();
  }
  if (now->inode != logged.trace.was) {
    return Look::Ambiguous;
  }
  return has_wanted_attribute(*parent, name, *now, logged.step.action) ? Look::After : Look::Before;
}

// Only where it differs, so that an ordinary user who does not own the directory can still do what needs no such
// change.
Result<void> restore_time(const Dir& dir, const std::optional<FileTime>& wanted) {
  ASSIGN_OR_RETURN(const FileStat now, wanted ? dir.stat_self() : Result<FileStat>(FileStat{}));
  return wanted && now.mtime != *wanted ? set_mtime_of(dir, *wanted) : Result<void>();
}

enum class Way { Forth, Back };

// A daemon cannot start while it waits for the lock of a file with a database's name: the file is locked before it gets
// the name.
Result<void> lock_if_database(RootLock& lock, const Ends& ends, const Action& action, Way way) {
  const auto* rename = std::get_if<Rename>(&action);
  const bool from_parent = rename != nullptr && way == Way::Forth;
  const RelPath& path = from_parent ? rename->to : action_path(action);
  const std::vector<RelPath> databases = daemon_databases();
  if (std::find(databases.begin(), databases.end(), path) == databases.end()) {
    return {};
  }
  const Dir& dir = from_parent ? ends.parent : ends.other;
  const std::string& name = from_parent ? ends.name : ends.other_name;
  const Result<FileStat> stat = dir.stat(name);
  if (!stat || !stat->is_file()) {
    return stat || means_absent(stat.error()) ? Result<void>() : stat.error();
  }
  ASSIGN_OR_RETURN(Fd fd, dir.open_file(name));
  return lock.adopt(std::move(fd), path.text());
}

// One system call, atomic to every onlooker and over a crash of a filesystem with a journal: there is no moment at
// which the path has neither object. What is replaced is exchanged and never overwritten, so it is kept in the same
// instant.
Result<void> swap_ends(const Ends& ends, const LoggedStep& logged, Way way) {
  if (!moves_away(logged.step.action) && logged.trace.was != 0) {
    return exchange(ends.other, ends.other_name, ends.parent, ends.name);
  }
  // What appears comes from the second place, what goes away goes there.
  const bool appears = moves_away(logged.step.action) == (way == Way::Back);
  return appears ? move(ends.other, ends.other_name, ends.parent, ends.name)
                 : move(ends.parent, ends.name, ends.other, ends.other_name);
}

// Looks, acts, looks again, for both directions. The first look makes it repeatable; the second finds what came
// between look and act, since no call renames only if the inode is a certain one.
Result<void> change_name(const RunPlace& place, RootLock& lock, size_t number, const LoggedStep& logged, Way way,
                         Precondition precondition) {
  const Action& action = logged.step.action;
  const Look goal = way == Way::Forth ? Look::After : Look::Before;
  const Result<Ends> ends = ends_of(place, number, logged);
  if (!ends) {
    // The directory was made by the same batch and has been taken back already, with all that was to be taken back in
    // it.
    const Result<Look> look = means_absent(ends.error()) ? step_on_disk(place, number, logged) : ends.error();
    return look && *look == goal ? Result<void>() : ends.error();
  }
  const bool renames = traits_of(action).change == Change::Rename;
  std::optional<FileTime> time = logged.trace.parent;
  std::optional<FileTime> to_time = logged.trace.to_parent;
  if (const Look look = ends_on_disk(*ends, logged); look == Look::Ambiguous) {
    return format_error("change", action_path(action).text(), ambiguity(place, number, logged));
  } else if (look != goal) {
    if (way == Way::Forth && precondition == Precondition::Exact) {
      const std::string changed = changed_since(logged.step.expect, ends->parent.stat(ends->name));
      if (!changed.empty()) {
        return format_error("change", action_path(action).text(), changed);
      }
    }
    // Times as they are right before the change, for where the trace has none: the directory was made by the same
    // batch and could not be looked at when the intent was written.
    const Result<FileStat> before = ends->parent.stat_self();
    const Result<FileStat> to_before = ends->other.stat_self();
    if (!before || !to_before) {
      return before ? to_before.error() : before.error();
    }
    time = time.value_or(before->mtime);
    to_time = to_time.value_or(to_before->mtime);
    TRY(lock_if_database(lock, *ends, action, way));
    TRY(swap_ends(*ends, logged, way));
    const Result<Look> after = step_on_disk(place, number, logged);
    if (!after || *after != goal) {
      return after ? format_error("change", action_path(action).text(), "did not become what it should")
                   : Result<void>(after.error());
    }
  }
  // Also where the name had changed already: the crash may have come between the two.
  TRY(restore_time(ends->parent, time));
  return renames ? restore_time(ends->other, to_time) : Result<void>();
}

// A changed owner clears the capabilities. The mode comes after the owner for a like reason, which is
// set_owner_mode()'s affair: chown(2) also clears setuid and setgid.
Result<void> set_owner_and_capability(const Dir& parent, const std::string& name, const OwnerMode& owner,
                                      const std::optional<std::string>& capability) {
  if (const Result<void> set = set_owner_mode(parent, name, owner); !set || !capability) {
    return set;
  }
  ASSIGN_OR_RETURN(const auto attributes, parent.xattrs(name));
  const auto found = attributes.find(kCapability);
  const bool kept = found != attributes.end() && found->second == *capability;
  return kept ? Result<void>() : set_attribute(parent, name, kCapability, capability);
}

Result<void> set_attribute_of(const Dir& parent, const std::string& name, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  if (const auto* owner = std::get_if<SetOwnership>(&action); owner != nullptr) {
    // A crash may have come between the loss of the capabilities and their return.
    return set_owner_and_capability(parent, name, {owner->owner.uid, owner->owner.gid, owner->owner.mode},
                                    logged.trace.capability);
  }
  if (const auto* mtime = std::get_if<SetMtime>(&action); mtime != nullptr) {
    return set_mtime(parent, name, {mtime->seconds, mtime->nanoseconds});
  }
  const auto& xattr = std::get<SetXattr>(action);
  return set_attribute(parent, name, xattr.name, xattr.value);
}

Result<void> set_attribute_back(const Dir& parent, const std::string& name, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  const Trace& trace = logged.trace;
  const auto* xattr = std::get_if<SetXattr>(&action);
  if (xattr == nullptr) {
    return traits_of(action).attribute == Attribute::Time
               ? set_mtime(parent, name, *trace.mtime)
               : set_owner_and_capability(parent, name, *trace.owner, trace.capability);
  }
  const Result<void> set = set_attribute(parent, name, xattr->name, trace.attribute);
  return set && xattr->name == kAccessAcl && trace.owner ? set_owner_mode(parent, name, *trace.owner) : set;
}

// By inode like all else: an attribute is only set on the very object that was looked at when the plan was made or
// that an earlier step put there.
Result<void> change_attribute(const RunPlace& place, const LoggedStep& logged, Way way, Precondition precondition) {
  const RelPath& path = action_path(logged.step.action);
  const std::string name(path.name());
  const Result<Dir> parent = place.root->open_dir(path.parent());
  const Result<FileStat> now = parent ? parent->stat(name) : parent.error();
  const bool is_there = now && now->inode == logged.trace.was;
  if (way == Way::Back && !is_there && (now || means_absent(now.error()))) {
    return {};  // an object of this run, which has been taken back with its attributes
  }
  TRY(now);
  std::string changed = is_there ? "" : "was replaced by something else";
  if (changed.empty() && way == Way::Forth && precondition == Precondition::Exact) {
    changed = changed_since(logged.step.expect, now);
  }
  if (!changed.empty()) {
    return format_error("change", path.text(), changed);
  }
  if (way == Way::Back) {
    return set_attribute_back(*parent, name, logged);
  }
  TRY(set_attribute_of(*parent, name, logged));
  const Result<FileStat> after = parent->stat(name);
  return after && has_wanted_attribute(*parent, name, *after, logged.step.action)
             ? Result<void>()
             : format_error("change", path.text(), "did not become what it should");
}

std::string what_is(const Dir& dir, const std::string& name) {
  const Result<FileStat> stat = dir.stat(name);
  return stat ? std::string(type_name(stat->mode)) + " with inode " + std::to_string(stat->inode) : "nothing";
}

std::string inode_text(uint64_t inode) { return inode == 0 ? "nothing" : "inode " + std::to_string(inode); }

}  // namespace

// Reads only; may be asked any number of times, before, during and after a recovery.
Result<Look> step_on_disk(const RunPlace& place, size_t number, const LoggedStep& logged) {
  if (logged.trace.nothing) {
    return Look::After;
  }
  if (is_attribute_step(logged.step.action)) {
    return attribute_on_disk(place, logged);
  }
  const Result<Ends> ends = ends_of(place, number, logged);
  if (!ends) {
    if (!means_absent(ends.error())) {
      return ends.error();
    }
    // A directory on the way that a step of the same batch makes may not be there yet.
    const Result<FileStat> now = place.root->stat(action_path(logged.step.action));
    const uint64_t inode = now ? now->inode : 0;
    return inode == logged.trace.was ? Look::Before : Look::Ambiguous;
  }
  return ends_on_disk(*ends, logged);
}

std::string ambiguity(const RunPlace& place, size_t number, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  const Trace& trace = logged.trace;
  if (is_attribute_step(action)) {
    return "should be " + inode_text(trace.was) + ", but is something else";
  }
  const Result<Ends> ends = ends_of(place, number, logged);
  if (!ends) {
    return "its directory is not there: " + ends.error().message();
  }
  const uint64_t object = moves_away(action) ? 0 : trace.object;
  return "should be " + inode_text(trace.was) + " before step " + std::to_string(number) + " and " +
         inode_text(object) + " after it, but is " + what_is(ends->parent, ends->name) + ", while " +
         kept_place(place.id, place.keep_of(logged).directory, number, logged).text() + " is " +
         what_is(ends->other, ends->other_name);
}

Result<void> take_step(const RunPlace& place, RootLock& lock, size_t number, const LoggedStep& logged,
                       Precondition precondition) {
  if (logged.trace.nothing) {
    return {};
  }
  return is_attribute_step(logged.step.action) ? change_attribute(place, logged, Way::Forth, precondition)
                                               : change_name(place, lock, number, logged, Way::Forth, precondition);
}

Result<void> take_back(const RunPlace& place, RootLock& lock, size_t number, const LoggedStep& logged) {
  if (logged.trace.nothing) {
    return {};
  }
  return is_attribute_step(logged.step.action)
             ? change_attribute(place, logged, Way::Back, Precondition::InodeOnly)
             : change_name(place, lock, number, logged, Way::Back, Precondition::InodeOnly);
}

RelPath kept_place(const std::string& id, const RelPath& keeper, size_t number, const LoggedStep& logged) {
  const Action& action = logged.step.action;
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    return rename->to;
  }
  const char* place = traits_of(action).change == Change::TakeAway ? "quarantine" : "saved";
  return keeper / kOwnDirectory / id / place / kept_name(number);
}

}  // namespace dfsck
