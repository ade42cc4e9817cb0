// Walks through the plan with a view of what the names will mean at each step.
#include "core/journal/precheck.h"

#include <cerrno>
#include <map>
#include <set>

#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/own_directory.h"
#include "core/journal/plan_view.h"
#include "core/journal/run/keep_place.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

using ViewedPlace = PlanView::Place;

// Why before the first change and not step by step: a plan that fails in its middle has to be taken back, and a root
// that has changed since it was looked at should not be touched at all. Steps are looked at in their order, on disk
// or, where earlier steps of the plan have been there, in the view.
class PlanChecker {
 public:
  PlanChecker(const Root& root, const RunLog& log) : root_(root), log_(log), keeps_(root) {}

  Result<Precondition> check(size_t number) {
    const LoggedStep& logged = log_.steps[number];
    const Action& action = logged.step.action;
    const RelPath& path = action_path(action);
    // Such a step changes nothing any more, so names mean after it what they meant before.
    if (logged.state == LoggedStep::State::Failed || logged.state == LoggedStep::State::Skipped ||
        logged.state == LoggedStep::State::Undone) {
      return Precondition::InodeOnly;
    }
    // Only a plan that was cut off has these. The inodes that they touched no longer look as expected, and that is
    // the plan's own doing.
    if (logged.state == LoggedStep::State::Done) {
      touched_.insert(logged.trace.was);
      touched_.insert(logged.trace.object);
      // A rename that has happened shows on disk already.
      advance(number, logged.trace.nothing || traits_of(action).change == Change::Rename);
      return Precondition::InodeOnly;
    }
    for (const RelPath* each : paths_of(action)) {
      TRY(check_own(*each));
    }
    // Before the parent is checked, and before the view goes on: all three questions are about the moment right
    // before the step.
    const ViewedPlace place = view_.look(path);
    TRY(check_parent(path, action));
    ASSIGN_OR_RETURN(Precondition precondition, check_place(path, place, logged.step));
    TRY(check_other_path(action, number));
    advance(number, traits_of(action).accepts_present && is_directory(place));
    return precondition;
  }

 private:
  static std::vector<const RelPath*> paths_of(const Action& action) {
    std::vector<const RelPath*> paths{&action_path(action)};
    if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
      paths.push_back(&rename->to);
    }
    if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr) {
      paths.push_back(&link->target);
    }
    return paths;
  }

  static Error refuse(const RelPath& path, std::string_view why) {
    return format_error("check plan", path.text(), why);
  }

  // Our own directories hold journals and what is kept: a plan, forged or mistaken, that moved them would take away
  // its own way back. The root itself has no parent in which a name could be changed.
  static Result<void> check_own(const RelPath& path) {
    bool is_own = path.is_root();
    for (RelPath at = path; !at.is_root(); at = at.parent()) {
      is_own = is_own || (at.name() == kOwnDirectory && may_have_own_directory(at.parent()));
    }
    return is_own ? Result<void>(refuse(path, "no repair may change this")) : Result<void>();
  }

  // A directory is made, or adopted as a whole tree; what other steps make are files, links and nodes.
  bool is_directory(const ViewedPlace& place) {
    if (place.kind == ViewedPlace::Kind::Made) {
      return traits_of(log_.steps[place.step].step.action).makes_directory;
    }
    const Result<FileStat> stat = place.kind == ViewedPlace::Kind::OnDisk ? root_.stat(place.disk) : not_there();
    return stat && stat->is_dir();
  }

  static Error not_there() { return {Error::Kind::Io, ENOENT, "stat", "", ""}; }

  // The directory must exist when the step comes, and names are changed only where what they meant can be kept.
  Result<void> check_parent(const RelPath& path, const Action& action) {
    const ViewedPlace place = view_.look(path.parent());
    if (place.kind != ViewedPlace::Kind::OnDisk) {
      return is_directory(place) ? Result<void>() : refuse(path, "its directory does not exist");
    }
    const Result<std::optional<RelPath>> keep = keeps_.directory_for(place.disk);
    if (!keep) {
      return means_absent(keep.error()) ? Result<void>(refuse(path, "its directory does not exist or is a link"))
                                        : Result<void>(keep.error());
    }
    // An attribute's old value is kept in the journal, so such a step needs no place on that filesystem.
    if (!is_attribute_step(action) && !*keep) {
      return refuse(path,
                    "lies on a filesystem that is mounted inside an area, where a repair cannot keep what it replaces");
    }
    return {};
  }

  // What must be there must be there, what must not must not, and what is there must be what the plan was made for.
  // Where an earlier step of the plan has changed the object itself, its size, time or mode are no longer as
  // expected: then only the inode is held to.
  Result<Precondition> check_place(const RelPath& path, const ViewedPlace& place, const Step& step) {
    const bool needs_object = traits_of(step.action).change != Change::Make;
    if (place.kind != ViewedPlace::Kind::OnDisk) {
      if (needs_object && place.kind == ViewedPlace::Kind::Absent) {
        return refuse(path, "will not be there any more when this step comes");
      }
      // Through a name that the plan makes, a step may reach an inode that is on disk under other names.
      if (is_attribute_step(step.action)) {
        touched_.insert(linked_inode(place));
      }
      return made_is_there(path, place) ? Result(Precondition::InodeOnly)
                                        : refuse(path, "is not what an earlier step of the plan made");
    }
    const Result<Dir> parent = root_.open_dir(place.disk.parent());
    const Result<FileStat> now = parent ? parent->stat(std::string(place.disk.name())) : parent.error();
    if (!now && !means_absent(now.error())) {
      return now.error();
    }
    if (needs_object && !now) {
      return refuse(path, "is missing");
    }
    // A whole tree is put in place by a plain rename, with nothing to exchange it for.
    if (now && traits_of(step.action).is_prepared) {
      return refuse(path, "exists, where something that was prepared is to be put");
    }
    // A mount point can neither be renamed nor exchanged (EBUSY). It is found here, where the plan can still be
    // refused as a whole.
    if (now && !is_attribute_step(step.action)) {
      const Result<bool> mounted = is_mount_point(*parent, std::string(place.disk.name()));
      if (!mounted || *mounted) {
        return mounted ? refuse(path, "has another filesystem mounted on it") : mounted.error();
      }
    }
    // Changed by the plan itself: moved, or changed through another of its names.
    const bool by_plan = place.disk != path || (now && touched_.contains(now->inode));
    if (now && is_attribute_step(step.action)) {
      touched_.insert(now->inode);
    }
    if (by_plan) {
      return Precondition::InodeOnly;
    }
    ASSIGN_OR_RETURN(const std::string changed, parent&& now
                                                    ? changed_since(step.expect, *parent, std::string(path.name()))
                                                    : Result<std::string>(changed_since(step.expect, now)));
    if (!changed.empty()) {
      return refuse(path, changed + (step.expect.absent ? " when the plan was made" : ""));
    }
    return Precondition::Exact;
  }

  // Of a plan that was cut off, what was made already must still be there.
  bool made_is_there(const RelPath& path, const ViewedPlace& place) const {
    if (place.kind != ViewedPlace::Kind::Made || log_.steps[place.step].state != LoggedStep::State::Done) {
      return true;
    }
    const Result<FileStat> stat = root_.stat(path);
    return stat && stat->inode == log_.steps[place.step].trace.object;
  }

  // The second path of a step is not covered by its expectation, which is of the first; so it is looked at here.
  Result<void> check_other_path(const Action& action, size_t number) {
    if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
      const ViewedPlace to = view_.look(rename->to);
      const Result<FileStat> there = to.kind == ViewedPlace::Kind::OnDisk ? root_.stat(to.disk) : not_there();
      if (to.kind == ViewedPlace::Kind::Made || there) {
        return refuse(rename->to, "exists, where something is to be renamed to");
      }
      // rename(2) says EINVAL, but only when the steps before it have been taken.
      if (rename->to.is_below(rename->from)) {
        return refuse(rename->to, "lies inside what is to be renamed to it");
      }
      TRY(check_parent(rename->to, action));
      return check_same_keep(rename->from, rename->to);
    }
    if (const auto* link = std::get_if<MakeHardLink>(&action); link != nullptr) {
      const ViewedPlace target = view_.look(link->target);
      const Result<FileStat> there = target.kind == ViewedPlace::Kind::OnDisk ? root_.stat(target.disk) : not_there();
      // The new name shares its inode: attributes that a later step sets through it change what the other names show,
      // too.
      if (const uint64_t inode = there ? there->inode : linked_inode(target); inode != 0) {
        linked_[number] = inode;
      }
      const bool usable = target.kind == ViewedPlace::Kind::Made ? !is_directory(target) : there && !there->is_dir();
      return usable ? check_same_keep(link->path, link->target)
                    : refuse(link->target, "is nothing that can be linked to");
    }
    return {};
  }

  // One object cannot have names on two filesystems, nor be renamed from one to the other.
  Result<void> check_same_keep(const RelPath& one, const RelPath& other) {
    const Result<std::optional<RelPath>> here = keeps_.directory_for_new(one.parent());
    const Result<std::optional<RelPath>> there = keeps_.directory_for_new(other.parent());
    if (!here || !there) {
      return here ? there.error() : here.error();
    }
    return *here == *there ? Result<void>() : refuse(one, "lies on another filesystem than " + other.text());
  }

  // The inode on disk that a step before has given another name; 0 where the object is new.
  uint64_t linked_inode(const ViewedPlace& place) const {
    const auto found = place.kind == ViewedPlace::Kind::Made ? linked_.find(place.step) : linked_.end();
    return found != linked_.end() ? found->second : 0;
  }

  // Attribute steps and steps without a change leave all names as they are.
  void advance(size_t number, bool nothing) {
    const Action& action = log_.steps[number].step.action;
    if (is_attribute_step(action) || nothing) {
      return;
    }
    if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
      view_.move(rename->from, rename->to);
    } else if (traits_of(action).change == Change::TakeAway) {
      view_.take(action_path(action));
    } else {
      view_.make(action_path(action), number);
    }
  }

  const Root& root_;
  const RunLog& log_;
  KeepFinder keeps_;
  PlanView view_;
  std::set<uint64_t> touched_;         // inodes with changed attributes
  std::map<size_t, uint64_t> linked_;  // steps that make hard links -> inode of their targets
};

}  // namespace

// The first failure ends it. A plan that does not fit this root at one path was made for another state of it, and
// then nothing else in it can be trusted.
Result<std::vector<Precondition>> check_plan(const Root& root, const RunLog& log, size_t first, size_t end) {
  PlanChecker checker(root, log);
  std::vector<Precondition> preconditions;
  for (size_t i = first; i < end; ++i) {
    ASSIGN_OR_RETURN(const Precondition precondition, checker.check(i));
    preconditions.push_back(precondition);
  }
  return preconditions;
}

}  // namespace dfsck
