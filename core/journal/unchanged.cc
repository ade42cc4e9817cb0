// Before an undo: is everything still as the repair left it? Goes backwards, as the undo would, and looks only at what
// no later step of the run has covered.
#include <algorithm>
#include <set>

#include "core/base/try.h"
#include "core/codec/posix_acl.h"
#include "core/heal/origin_reader.h"
#include "core/journal/run_list.h"
#include "core/journal/step_change.h"
#include "core/journal/undoer.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

// What users or a daemon did to a path after the repair is theirs: an undo that moved the old object back over it
// would lose it. So all paths are looked at before the first is changed.
class UnchangedCheck {
 public:
  UnchangedCheck(const RunPlace& place, const RunLog& log, Scrutiny scrutiny)
      : place_(place), log_(log), scrutiny_(scrutiny) {
    for (const LoggedStep& logged : log.steps) {
      if (logged.state != LoggedStep::State::Done || is_attribute_step(logged.step.action)) {
        continue;
      }
      const auto* rename = std::get_if<Rename>(&logged.step.action);
      made_.insert(rename != nullptr ? rename->to : action_path(logged.step.action));
    }
  }

  Result<void> check(size_t number) {
    const LoggedStep& logged = log_.steps[number];
    if (logged.trace.nothing) {
      return {};
    }
    const Result<void> same =
        is_attribute_step(logged.step.action) ? check_attribute(number, logged) : check_name(number, logged);
    cover(logged);
    return same;
  }

 private:
  Error changed(const Action& action, std::string_view what) const {
    return format_error("undo", action_path(action).text(), what);
  }

  bool is_covered(const RelPath& path) const {
    for (RelPath at = path; !at.is_root(); at = at.parent()) {
      if (covered_.contains(at)) {
        return true;
      }
    }
    return false;
  }

  // Once the way back has been through a later step, what an earlier one left at the same name or below is not on
  // disk to be looked at: the later step had hidden it.
  void cover(const LoggedStep& logged) {
    const Action& action = logged.step.action;
    if (is_attribute_step(action)) {
      attributes_.emplace(attribute_kind(action), logged.trace.was);
      return;
    }
    covered_.insert(action_path(action));
    if (const auto* rename = std::get_if<Rename>(&action); rename != nullptr) {
      covered_.insert(rename->to);
    }
  }

  Result<void> check_attribute(size_t number, const LoggedStep& logged) {
    const Action& action = logged.step.action;
    // A later access list has changed the mode that this step set.
    const bool mode_by_acl =
        traits_of(action).attribute == Attribute::Owner &&
        attributes_.contains({attribute_kind(SetXattr{{}, std::string(kAccessAcl), {}}), logged.trace.was});
    if (scrutiny_ == Scrutiny::NamesAndContents || is_covered(action_path(action)) ||
        attributes_.contains({attribute_kind(action), logged.trace.was}) || mode_by_acl) {
      return {};
    }
    ASSIGN_OR_RETURN(const Look look, step_on_disk(place_, number, logged));
    return look == Look::After
               ? Result<void>()
               : changed(action, look == Look::Before ? "has changed since the repair (owner, mode, time or attributes)"
                                                      : "is not there any more as the repair left it");
  }

  Result<void> check_name(size_t number, const LoggedStep& logged) {
    const Action& action = logged.step.action;
    const auto* rename = std::get_if<Rename>(&action);
    // What is to come back must still be there, whatever became of the path: a kept object can have been moved away
    // by hand.
    if (rename == nullptr && logged.trace.was != 0) {
      const bool moved = traits_of(action).change == Change::TakeAway;
      const KeepPlace& keep = place_.keep_of(logged);
      const Result<FileStat> kept = (moved ? keep.quarantine : keep.saved).stat(kept_name(number));
      if (!kept || kept->inode != logged.trace.was) {
        return changed(action, "cannot be put back: what was there is no longer in " +
                                   kept_place(place_.id, keep.directory, number, logged).text());
      }
    }
    if (is_covered(action_path(action)) || (rename != nullptr && is_covered(rename->to))) {
      return {};
    }
    ASSIGN_OR_RETURN(const Look look, step_on_disk(place_, number, logged));
    if (look != Look::After) {
      return changed(action, "has changed since the repair: " + ambiguity(place_, number, logged));
    }
    return check_contents(logged);
  }

  // The same inode can have been written to in place. Only contents that the journal itself tells can be compared;
  // what a hard link or an adopted tree holds was never noted.
  Result<void> check_contents(const LoggedStep& logged) {
    const Action& action = logged.step.action;
    const RelPath& path = action_path(action);
    if (const auto* file = std::get_if<WriteFile>(&action); file != nullptr) {
      const Result<std::string> bytes = place_.root->read_small(path, file->bytes.size());
      return bytes && *bytes == file->bytes ? Result<void>() : changed(action, "was written to since the repair");
    }
    if (const auto* file = std::get_if<RestoreFile>(&action); file != nullptr) {
      const Cancel never;
      const Result<void> same = OriginReader(*place_.root, never)
                                    .copy({"", std::nullopt, path, {}}, file->size, file->crc64,
                                          [](std::string_view) { return Result<void>(); });
      return same ? same : changed(action, "was written to since the repair");
    }
    if (const auto* link = std::get_if<WriteSymlink>(&action); link != nullptr) {
      const Result<std::string> target = place_.root->read_link(path);
      return target && *target == link->target ? Result<void>() : changed(action, "leads elsewhere now");
    }
    if (!traits_of(action).accepts_present) {
      return {};
    }
    // A directory that the repair made goes away with everything in it: whatever somebody has put there since is not
    // ours to take along.
    ASSIGN_OR_RETURN(const Dir dir, place_.root->open_dir(path));
    ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, dir.list());
    const auto foreign = std::find_if(entries.begin(), entries.end(),
                                      [&](const DirEntry& entry) { return !made_.contains(path / entry.name); });
    return foreign == entries.end() ? Result<void>()
                                    : changed(action, "holds something that was not there after the repair: " +
                                                          (path / foreign->name).text());
  }

  const RunPlace& place_;
  const RunLog& log_;
  Scrutiny scrutiny_;
  std::set<RelPath> made_;                                 // everything that steps put somewhere
  std::set<RelPath> covered_;                              // names that later steps changed
  std::set<std::pair<std::string, uint64_t>> attributes_;  // kinds that later steps set, by inode
};

}  // namespace

Result<void> check_unchanged(const RunPlace& place, const RunLog& log, Scrutiny scrutiny) {
  TRY(check_same_root(*place.root, log));
  UnchangedCheck check(place, log, scrutiny);
  for (const size_t number : steps_to_take_back(log)) {
    TRY(check.check(number));
  }
  return {};
}

}  // namespace dfsck
