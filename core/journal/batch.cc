// What the steps of a batch need before the first of them is taken.
#include "core/journal/batch.h"

#include <unistd.h>

#include <cerrno>

#include "core/base/try.h"
#include "core/codec/posix_acl.h"
#include "core/fs/write/writer.h"
#include "core/journal/precheck.h"
#include "core/journal/run/staging.h"
#include "core/journal/way_out.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

constexpr const char* kLabel = "security.selinux";

std::optional<std::string> attribute_in(const std::map<std::string, std::string>& all, const std::string& name) {
  const auto found = all.find(name);
  return found != all.end() ? std::optional(found->second) : std::nullopt;
}

OwnerMode owner_of(const FileStat& stat) { return {stat.uid, stat.gid, stat.mode & 07777U}; }

// The owner that a new object gets. A daemon that an ordinary user runs is root in its own eyes only.
OwnerMode real_owner(const Ownership& wanted) {
  const bool ordinary = ::geteuid() != 0;
  return {ordinary && wanted.uid == 0 ? ::geteuid() : wanted.uid,
          ordinary && wanted.gid == 0 ? ::getegid() : wanted.gid, wanted.mode};
}

std::optional<OwnerMode> owner_of_new(const Action& action, const std::optional<FileStat>& old) {
  if (const Ownership* wanted = wanted_owner(action); wanted != nullptr) {
    return real_owner(*wanted);
  }
  const bool is_symlink = std::get_if<WriteSymlink>(&action) != nullptr;
  return is_symlink && old ? std::optional(owner_of(*old)) : std::nullopt;  // a hard link has the owner of its target
}

}  // namespace

// Below a name that the batch moves or replaces, paths mean one thing before the step and another after it: what a
// step finds there cannot be traced now, and recovery could not tell where to look.
bool Batch::passes_moved(const RelPath& path) const {
  for (RelPath at = path.parent(); !moved_.empty() && !at.is_root(); at = at.parent()) {
    if (moved_.contains(at.bytes())) {
      return true;
    }
  }
  return false;
}

bool Batch::admits(const Action& action) const {
  const RelPath& path = action_path(action);
  if (passes_moved(path)) {
    return false;
  }
  // An attribute can be set on what the batch itself has made: the object lies in `saved/` now and is traced there.
  if (is_attribute_step(action)) {
    return staged_.contains(path.bytes()) || !moved_.contains(path.bytes());
  }
  // Changing a name twice, or one above a name that has changed, would hide the first change, and after a crash the
  // disk would not tell whether it had happened.
  if (near_.contains(path.bytes())) {
    return false;
  }
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    return !passes_moved(rename->to) && !near_.contains(rename->to.bytes());
  }
  // The target is linked to when the batch is prepared, before any of its steps: it must be there by then, on disk or
  // among the new objects.
  if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr) {
    const std::string& target = link->target.bytes();
    return staged_.contains(target) || (!passes_moved(link->target) && !moved_.contains(target));
  }
  return true;
}

// A batch makes things durable a few times in all, however many steps it has: that is what it is for. Its bound is
// also that of what a crash leaves in doubt, and of what one intent record holds.
Result<size_t> Batch::prepare(size_t first, size_t end) {
  size_t next = first;
  for (; next < end && next < first + kMaxBatch && log_.steps[next].state == LoggedStep::State::Planned; ++next) {
    const Action& action = log_.steps[next].step.action;
    if (!admits(action)) {
      break;
    }
    log_.steps[next].trace = Trace{};
    // What was prepared before is good: the batch ends here, and the step that failed comes first in the next one,
    // where its error has somebody to go to.
    if (const Result<void> prepared = prepare_step(next); !prepared) {
      const Result<void> discarded = discard(next);
      return next > first ? Result(next - first) : discarded ? prepared.error() : discarded.error();
    }
    // By inode and not by path, since one file may have several names.
    if (is_attribute_step(action) && !attributes_.emplace(attribute_kind(action), log_.steps[next].trace.was).second) {
      break;  // what it would find and put back is not on disk yet
    }
    remember(next);
  }
  return next - first;
}

// Half of a new object is of no use, and takes space that other repairs may need.
Result<void> Batch::discard(size_t number) {
  const LoggedStep& logged = log_.steps[number];
  const Dir& saved = place_.keep_of(logged).saved;
  const ActionTraits& traits = traits_of(logged.step.action);
  return traits.change != Change::Set && !traits.is_prepared && saved.stat(kept_name(number))
             ? remove_object(saved, kept_name(number))
             : Result<void>();
}

// A look at the plan has found a place for every step; what has none by now has been mounted over since, and what
// would be replaced there could only be kept on another filesystem, out of reach of a rename.
Result<void> Batch::trace_keep(const RelPath& path, Trace& trace) {
  ASSIGN_OR_RETURN(const std::optional<RelPath> directory, keeps_.directory_for_new(path.parent()));
  if (!directory) {
    return format_error("change", path.text(), "has been mounted over since the plan was looked through");
  }
  const Result<size_t> keep = open_keep_(*directory);
  trace.keep = keep ? *keep : 0;
  return keep ? Result<void>() : keep.error();
}

// What the step means for those after it in the batch. Times of directories are remembered because a later step in
// such a directory must put back the time that this one sets, which the disk does not show yet.
void Batch::remember(size_t number) {
  const LoggedStep& logged = log_.steps[number];
  const Action& action = logged.step.action;
  const auto add_near = [&](const RelPath& path) {
    for (RelPath at = path; !at.is_root() && near_.insert(at.bytes()).second; at = at.parent()) {
    }
  };
  const RelPath& path = action_path(action);
  add_near(path);
  if (const auto* mtime = std::get_if<SetMtime>(&action); mtime != nullptr) {
    times_[path.bytes()] = {mtime->seconds, mtime->nanoseconds};
  }
  if (is_attribute_step(action) || logged.trace.nothing) {
    return;
  }
  // Steps that make something leave it in `saved/` until they are taken: until then its path still shows the old
  // object.
  if (logged.trace.object != 0) {
    staged_[path.bytes()] = number;
  }
  if (logged.trace.was != 0) {
    moved_.insert(path.bytes());
  }
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    add_near(rename->to);
    moved_.insert(rename->to.bytes());
  }
}

std::optional<FileTime> Batch::time_of(const RelPath& directory) {
  if (const auto set = times_.find(directory.bytes()); set != times_.end()) {
    return set->second;
  }
  const Result<Dir> dir = place_.root->open_dir(directory);  // the directory itself, whatever stands for it
  const Result<FileStat> stat = dir ? dir->stat_self() : dir.error();
  return stat ? std::optional(stat->mtime) : std::nullopt;
}

Result<void> Batch::prepare_step(size_t number) {
  const Action& action = log_.steps[number].step.action;
  Trace& trace = log_.steps[number].trace;
  // A directory that is append-only takes a name and does not give it back: such a step could not be undone.
  if (const Guard guard = guard_of(*place_.root, action); !guard.what.empty()) {
    return Error{Error::Kind::Io, EPERM, "change", action_path(action).text(), guard.what};
  }
  return is_attribute_step(action) ? trace_attribute(action, trace) : trace_name(number, trace);
}

// The times of the directories around the name are noted first: a rename changes them, and repairs leave no mark in
// times of modification, by which people and tools tell what has changed.
Result<void> Batch::trace_name(size_t number, Trace& trace) {
  const Action& action = log_.steps[number].step.action;
  const RelPath& path = action_path(action);
  trace.parent = time_of(path.parent());
  if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
    trace.to_parent = time_of(rename->to.parent());
  }
  const Result<FileStat> now = place_.root->stat(path);
  if (!now && !means_absent(now.error())) {
    return now.error();
  }
  trace.was = now ? now->inode : 0;
  // A directory that is there stays with all that is in it, and a name that already leads to the wanted inode stays
  // too: such a step is done without a change, and its undo has nothing to put back.
  trace.nothing = now && now->is_dir() && traits_of(action).accepts_present;
  if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr && now) {
    const Result<FileStat> target = place_.root->stat(link->target);
    trace.nothing = target && target->inode == now->inode && target->device == now->device &&
                    !staged_.contains(link->target.bytes());
  }
  TRY(trace.nothing ? Result<void>() : trace_keep(path, trace));
  const bool makes = traits_of(action).change == Change::Make && !trace.nothing;
  return makes ? stage(number, trace, now ? std::optional(*now) : std::nullopt) : Result<void>();
}

// Everything that an undo needs must be known before the step: once the attribute is overwritten its old value is
// nowhere but in the intent.
Result<void> Batch::trace_attribute(const Action& action, Trace& trace) {
  const RelPath& path = action_path(action);
  const auto staged = staged_.find(path.bytes());
  const bool is_staged = staged != staged_.end();
  const Result<Dir> parent = is_staged ? place_.keep_of(log_.steps[staged->second]).run.open_dir("saved")
                                       : place_.root->open_dir(path.parent());
  const std::string name = is_staged ? kept_name(staged->second) : std::string(path.name());
  ASSIGN_OR_RETURN(const FileStat now, parent ? parent->stat(name) : parent.error());
  trace.was = now.inode;
  if (traits_of(action).attribute == Attribute::Time) {
    const auto set = times_.find(path.bytes());
    trace.mtime = set != times_.end() ? set->second : now.mtime;
    return {};
  }
  ASSIGN_OR_RETURN(const auto attributes, parent->xattrs(name));
  if (const auto* xattr = std::get_if<SetXattr>(&action); xattr != nullptr) {
    trace.attribute = attribute_in(attributes, xattr->name);
    // The kernel keeps the group bits of the mode and the mask of an access list in one place: setting the list
    // changes the mode.
    trace.owner = xattr->name == kAccessAcl ? std::optional(owner_of(now)) : std::nullopt;
    return {};
  }
  trace.owner = owner_of(now);
  // chown(2) clears the capabilities of a file, without a word, so an undo that only changed the owner back would
  // lose them.
  trace.capability = attribute_in(attributes, "security.capability");
  return {};
}

// The label of the nearest directory that is there already: what a new object would be given if it were made in place.
Result<std::string> Batch::label_for(const RelPath& path) {
  for (RelPath at = path;; at = at.parent()) {
    const auto attributes = place_.root->xattrs(at);
    if (attributes) {
      return attribute_in(*attributes, kLabel).value_or("");
    }
    if (at.is_root() || !means_absent(attributes.error())) {
      return std::string();
    }
  }
}

Result<void> Batch::stage(size_t number, Trace& trace, const std::optional<FileStat>& old) {
  const Action& action = log_.steps[number].step.action;
  const std::string name = kept_name(number);
  const Dir& saved = place_.keep_of(log_.steps[number]).saved;
  if (saved.stat(name) && !traits_of(action).is_prepared) {
    // Left by a run that was cut off before it was put to use.
    TRY(remove_object(saved, name));
  }
  TRY(make_object(number));
  // After the contents, as long as the object has no name in the root: nobody sees it with other rights than it shall
  // have.
  if (const std::optional<OwnerMode> owner = owner_of_new(action, old); owner) {
    TRY(set_owner_mode(saved, name, *owner));
  }
  if (!traits_of(action).shares_inode) {
    const Result<std::string> label = label_for(action_path(action));
    if (label && !label->empty()) {
      // An ordinary user cannot set labels, and the daemon that such a user runs cannot either: what it makes is
      // labelled by the kernel's rules. Root that cannot set one has met a fault.
      const Result<void> set = set_attribute(saved, name, kLabel, *label);
      if (!set && ::geteuid() == 0) {
        return set;
      }
    }
  }
  // The inode's number is what tells the states of the step apart: a rename keeps it, and no object that somebody
  // else makes can have it as long as ours lives.
  ASSIGN_OR_RETURN(const FileStat made, saved.stat(name));
  trace.object = made.inode;
  return {};
}

// The supply proves size and CRC-64 while the bytes pass. What was written before a mismatch showed is half a file in
// `saved/`, which prepare() discards; the root has not seen it.
Result<void> Batch::restore_file(const RestoreFile& file, size_t number) {
  const Dir& saved = place_.keep_of(log_.steps[number]).saved;
  const std::string name = kept_name(number);
  ASSIGN_OR_RETURN(const Fd made, make_file(saved, name, ""));
  const std::string where = saved.where() + "/" + name;
  return reader_.copy(file.origin, file.size, file.crc64,
                      [&](std::string_view piece) { return append(made.get(), piece, where); });
}

// Makes the step's new object under its name in `saved/`.
struct Batch::ObjectMaker {
  Batch& batch;
  size_t number;
  std::string name = kept_name(number);
  const KeepPlace& keep = batch.place_.keep_of(batch.log_.steps[number]);

  Result<void> operator()(const WriteFile& file) const {
    ASSIGN_OR_RETURN(const Fd made, make_file(keep.saved, name, file.bytes));
    return {};
  }
  Result<void> operator()(const RestoreFile& file) const { return batch.restore_file(file, number); }
  Result<void> operator()(const MakeDir&) const { return make_directory(keep.saved, name, 0700); }
  Result<void> operator()(const WriteSymlink& link) const { return make_symlink(keep.saved, name, link.target); }
  Result<void> operator()(const MakeNode& node) const {
    return make_node(keep.saved, name, node.type, node.major, node.minor);
  }
  Result<void> operator()(const Adopt& adopt) const { return take_staged(keep, adopt.staged, number); }
  Result<void> operator()(const MakeHardLink& link) const {
    if (const auto staged = batch.staged_.find(link.target.bytes()); staged != batch.staged_.end()) {
      const KeepPlace& of_target = batch.place_.keep_of(batch.log_.steps[staged->second]);
      return make_hard_link(of_target.saved, kept_name(staged->second), keep.saved, name);
    }
    ASSIGN_OR_RETURN(const Dir parent, batch.place_.root->open_dir(link.target.parent()));
    return make_hard_link(parent, std::string(link.target.name()), keep.saved, name);
  }
  template <typename Other>
  Result<void> operator()(const Other&) const {
    static_assert(kActionTraits[kActionIndex<Other>].change != Change::Make, "what makes an object says how");
    return {};
  }
};

Result<void> Batch::make_object(size_t number) {
  return std::visit(ObjectMaker{*this, number}, log_.steps[number].step.action);
}

}  // namespace dfsck
