// Preparing, taking and removing staged trees.
#include "core/plan/staging.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/fs/writer.h"

namespace dfsck {
namespace {

constexpr const char* kStaged = "staged";
constexpr const char* kLabel = "security.selinux";

// Only where it cannot be set by anybody does a missing label not matter.
Result<void> copy_label(const RunPlace& place, const RelPath& from) {
  const auto attributes = place.root->xattrs(from);
  const auto label = attributes ? attributes->find(kLabel) : decltype(attributes->find(kLabel)){};
  if (!attributes || label == attributes->end()) {
    return {};
  }
  const Result<void> set = set_attribute(place.run, kStaged, kLabel, label->second);
  return set || ::geteuid() != 0 ? Result<void>() : set;
}

bool was_begun(const LoggedStep& logged) {
  return logged.state != LoggedStep::State::Planned && logged.state != LoggedStep::State::Skipped;
}

}  // namespace

Result<Dir> make_staging(const RunPlace& place, const RelPath& label_of) {
  const Result<void> made = make_directory(place.run, kStaged, 0700);
  if (!made && !made.error().is_io(EEXIST)) {
    return made.error();
  }
  const Result<void> labelled = made ? copy_label(place, label_of) : Result<void>();
  return labelled ? place.run.open_dir(kStaged) : labelled.error();
}

Result<void> take_staged(const RunPlace& place, uint64_t staged, size_t step) {
  const std::string name = kept_name(step);
  if (place.saved.stat(name)) {
    return {};
  }
  const Result<Dir> staging = place.run.open_dir(kStaged);
  const Result<void> moved = staging ? move(*staging, std::to_string(staged), place.saved, name) : staging.error();
  const bool is_missing = !moved && moved.error().is_io(ENOENT);
  return is_missing ? Result<void>(format_error("put in place", place.run.where() + "/staged/" + std::to_string(staged),
                                                "what was prepared is no longer there"))
                    : moved;
}

Result<void> remove_staging(const RunPlace& place) {
  const Result<FileStat> stat = place.run.stat(kStaged);
  if (!stat) {
    return stat.error().is_io(ENOENT) ? Result<void>() : stat.error();
  }
  uint64_t bytes = 0;
  return remove_tree(place.run, kStaged, bytes);
}

Result<void> remove_run(const RunPlace& place, const RootLock& lock, const RunLog& log, FileTime own_time) {
  if (std::any_of(log.steps.begin(), log.steps.end(), was_begun)) {
    return format_error("abandon", place.run.where(), "the run has changed something already");
  }
  // The journal goes last: as long as anything is left, it tells that the run is unfinished.
  if (const Result<void> removed = remove_staging(place); !removed) {
    return removed;
  }
  uint64_t bytes = 0;
  if (const Result<void> removed = remove_tree(lock.own(), place.id, bytes); !removed) {
    return removed;
  }
  if (!lock.made_own()) {
    const Result<void> restored = set_mtime_of(lock.own(), own_time);
    return restored ? sync_directory(lock.own()) : restored;
  }
  const Result<FileStat> top = place.top.stat_self();
  if (!top) {
    return top.error();
  }
  if (const Result<void> removed = remove_object(place.top, kOwnDirectory); !removed) {
    return removed;
  }
  const Result<void> restored = set_mtime_of(place.top, top->mtime);
  return restored ? sync_directory(place.top) : restored;
}

}  // namespace dfsck
