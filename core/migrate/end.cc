// Sums over metadata of both sides, written at the end and compared later.
#include "core/migrate/end.h"

#include <algorithm>
#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/write/writer.h"
#include "core/migrate/look.h"
#include "core/migrate/parents.h"
#include "core/migrate/state.h"

namespace dfsck {
namespace {

using Looks = std::vector<std::unique_ptr<UnitLook>>;

// Both sides of it are the root, which outlives it: it is only looked at.
// Looking goes through the same walk as copying, and so sees what it would see; the second side is the root itself,
// since the walk wants one.
class Looking {
 public:
  static Result<std::unique_ptr<Looking>> at(const Root& root, const PathSet& mounts, const Cancel& cancel,
                                             Progress& progress) {
    ASSIGN_OR_RETURN(Dir top, root.open_dir(RelPath()));
    MigrationOptions options;
    options.mounts = mounts;
    return std::unique_ptr<Looking>(new Looking(root, std::move(top), options, cancel, progress));
  }

  CopyContext& context() { return context_; }

  Result<Looks> units(const std::vector<const MigrationUnit*>& units, unsigned jobs) {
    Looks looks = look_at_units(context_, units, jobs);
    if (context_.stopped()) {
      return context_.failure().value_or(cancelled_error("compare", "", "stopped as asked"));
    }
    return looks;
  }

 private:
  Looking(const Root& root, Dir top, const MigrationOptions& options, const Cancel& cancel, Progress& progress)
      : context_(root, std::move(top), options, cancel, progress) {}

  CopyContext context_;
};

// What docker-fsck keeps in a root, or in something that lies in its top: a remapped daemon's root, say.
// Journals and the state itself change after the end, without any change of the root's contents.
bool is_our_own(std::string_view path) {
  const size_t slash = path.find('/');
  return path.substr(slash == std::string_view::npos ? 0 : slash + 1) == kOwnDirectory;
}

// Everything in the root's top, by escaped name, with the fingerprint of all that is in it.
// One sum for each name in the top is as exact as a later run has to be: it tells a person where somebody was, and
// needs few bytes.
Result<std::map<std::string, std::string>> fingerprints_of(const Root& root, unsigned jobs, const Cancel& cancel,
                                                           Progress& progress) {
  const Result<Dir> top = root.open_dir(RelPath());
  const Result<std::vector<DirEntry>> entries = top ? top->list() : top.error();
  Result<std::unique_ptr<Looking>> looking = Looking::at(root, {}, cancel, progress);
  if (!entries || !looking) {
    return entries ? looking.error() : entries.error();
  }
  std::vector<MigrationUnit> units;
  for (const DirEntry& entry : *entries) {
    if (entry.name != kOwnDirectory && entry.name != "lost+found") {
      units.push_back({RelPath() / entry.name, MigrationUnit::Kind::Tree, {}, [](std::string_view path, uint32_t) {
                         return is_our_own(path);
                       }});
    }
  }
  std::vector<const MigrationUnit*> all;
  for (const MigrationUnit& unit : units) {
    all.push_back(&unit);
  }
  ASSIGN_OR_RETURN(const Looks looks, (*looking)->units(all, jobs));
  std::map<std::string, std::string> sums;
  for (size_t i = 0; i < units.size(); ++i) {
    sums[units[i].path.text()] = looks[i]->probe.fingerprint.hex();
  }
  return sums;
}

// What lies in no unit: directories above them, and what the caller wrote instead of copying. Without it a changed
// mode of overlay2/, say, would go unnoticed.
std::string around(CopyContext& source, const std::vector<MigrationUnit>& units, std::string_view written) {
  SetSum sum;
  UnitParents(units).sum_up(source, sum);
  sum.add(written);
  return sum.hex();
}

std::vector<std::string> differences(const std::map<std::string, std::string>& before,
                                     const std::map<std::string, std::string>& now) {
  std::set<std::string> names;
  for (const auto* side : {&before, &now}) {
    const auto& other = side == &before ? now : before;
    for (const auto& [name, sum] : *side) {
      const auto found = other.find(name);
      if (found == other.end() || found->second != sum) {
        names.insert(name);
      }
    }
  }
  return {names.begin(), names.end()};
}

bool is_copied(const MigrationUnit& unit) { return unit.kind != MigrationUnit::Kind::Directory; }

// Nothing was copied that is not to be copied any more.
bool nothing_is_gone(const MigrationHistory& history, const std::vector<MigrationUnit>& units) {
  std::set<std::string> wanted;
  for (const MigrationUnit& unit : units) {
    wanted.insert(unit.path.bytes());
  }
  return std::all_of(history.begun.begin(), history.begun.end(),
                     [&](const std::string& path) { return wanted.contains(path); });
}

// Compares one run's wish with what the history has of it.
class TreeComparison {
 public:
  TreeComparison(const MigrationHistory& history, const std::vector<MigrationUnit>& units,
                 const MigrationOptions& options)
      : history_(history), units_(units), options_(options) {
    for (const MigrationUnit& unit : units_) {
      if (is_copied(unit)) {
        copied_.push_back(&unit);
      }
    }
  }

  // Without looking at anything.
  // Cheap questions first: a walk over both sides takes as long as there are files.
  bool may_be_same() const {
    return history_.end && history_.end->whole && (!options_.removes_others || nothing_is_gone(history_, units_)) &&
           std::all_of(copied_.begin(), copied_.end(),
                       [&](const MigrationUnit* unit) { return done(*unit) != nullptr; });
  }
  const std::vector<const MigrationUnit*>& copied() const { return copied_; }

  bool is_same(const Looks& looks) const {
    for (size_t i = 0; i < copied_.size(); ++i) {
      CopyUnit& probe = looks[i]->probe;
      const bool is_there = !probe.absent && !probe.tally.has_problems();
      if (!is_there || probe.fingerprint.hex() != done(*copied_[i])->fingerprint) {
        return false;
      }
    }
    return true;
  }

  // Of what is_same.
  MigrationResult result(const Looks& looks) const {
    MigrationResult result;
    result.resumed = true;
    result.problems = history_.end->problems;
    result.units.resize(units_.size());
    size_t look = 0;
    for (size_t i = 0; i < units_.size(); ++i) {
      UnitResult& unit = result.units[i];
      unit.state = UnitResult::State::AlreadyDone;
      if (is_copied(units_[i])) {
        looks[look++]->probe.tally.settle(unit);
        const UnitResult& before = done(units_[i])->result;
        unit.links = before.links;
        unit.problems = before.problems;
        unit.verdict = options_.verify == CopyVerify::None ? std::nullopt : before.verdict;
      } else {
        unit.directories = 1;
      }
    }
    return result;
  }

 private:
  // Nothing where the unit has to be copied, or looked at more closely.
  // Done is not enough where more is asked for than the run before has proven: contents that were never read back, or
  // a layer without a verdict.
  const DoneUnit* done(const MigrationUnit& unit) const {
    const auto found = history_.done.find(unit.path.bytes());
    const bool needs_more = found == history_.done.end() ||
                            (options_.verify == CopyVerify::Full && !found->second.verified) ||
                            (options_.verify != CopyVerify::None && unit.kind == MigrationUnit::Kind::Layer &&
                             unit.layer && !found->second.result.verdict);
    return needs_more ? nullptr : &found->second;
  }

  const MigrationHistory& history_;
  const std::vector<MigrationUnit>& units_;
  const MigrationOptions& options_;
  std::vector<const MigrationUnit*> copied_;
};

}  // namespace

// Sums are taken after everything is durable and before the record: what the record says must be what is on the disk.
Result<void> end_migration(const Root& source, const Root& target, const std::vector<MigrationUnit>& units,
                           std::string_view written, const MigrationOutcome& outcome, unsigned jobs,
                           const Cancel& cancel, Progress& progress) {
  const Result<RootLock> lock = RootLock::take(target);
  ASSIGN_OR_RETURN(const std::optional<MigrationHistory> history,
                   lock ? read_history(target) : Result<std::optional<MigrationHistory>>(lock.error()));
  if (!history || history->finished) {
    return format_error("end the migration", target.path(), "nothing is known of its beginning");
  }
  const Result<Dir> top = target.open_dir(RelPath());
  const Result<void> synced = top ? sync_filesystem(*top) : top.error();
  Result<std::unique_ptr<Looking>> looking = Looking::at(source, {}, cancel, progress);
  Result<std::map<std::string, std::string>> sums = fingerprints_of(target, jobs, cancel, progress);
  if (!synced || !looking || !sums) {
    return !synced ? synced : !looking ? looking.error() : sums.error();
  }
  return write_end(*lock, *history,
                   {outcome.whole, around((*looking)->context(), units, written), std::move(*sums), outcome.problems});
}

// Both sides are asked. That the source is unchanged does not make the target what it was: a daemon may have run
// there, and a second copy over it would undo its work.
Result<MigrationComparison> compare_migration(const Root& source, const Root& target,
                                              const std::vector<MigrationUnit>& units, std::string_view written,
                                              const MigrationOptions& options, const Cancel& cancel,
                                              Progress& progress) {
  const Result<std::optional<MigrationHistory>> history = read_history(target);
  const Result<std::map<std::string, std::string>> now = fingerprints_of(target, options.jobs, cancel, progress);
  Result<std::unique_ptr<Looking>> looking = Looking::at(source, options.mounts, cancel, progress);
  if (!history || !now || !looking) {
    return !history ? history.error() : !now ? now.error() : looking.error();
  }
  MigrationComparison comparison;
  if (!*history) {
    return comparison;
  }
  const MigrationHistory& told = **history;
  comparison.used = differences(told.end.value_or(MigrationEnd{}).target, *now);
  const TreeComparison wish(told, units, options);
  // A run that is given only some of the units cannot tell what lies around all of them.
  if (!wish.may_be_same() ||
      (options.removes_others && around((*looking)->context(), units, written) != told.end->around)) {
    return comparison;
  }
  ASSIGN_OR_RETURN(const Looks looks, (*looking)->units(wish.copied(), options.jobs));
  comparison.is_same = wish.is_same(looks);
  if (comparison.is_same) {
    comparison.result = wish.result(looks);
  }
  return comparison;
}

}  // namespace dfsck
