// One directory for each filesystem, beside what it keeps.
#include "core/journal/run/keep_place.h"

#include <algorithm>
#include <cerrno>

#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/own_directory.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/log.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

// Directories above `directory`, itself included, that may have a `.docker-fsck`, the root first.
// The root first: what lies on the root's own filesystem is kept with the root, also where it is deep inside an area.
std::vector<RelPath> possible_keepers(const RelPath& directory) {
  std::vector<RelPath> keepers;
  for (RelPath at = directory; !at.is_root(); at = at.parent()) {
    if (may_have_own_directory(at)) {
      keepers.push_back(at);
    }
  }
  keepers.emplace_back();
  std::reverse(keepers.begin(), keepers.end());
  return keepers;
}

// For calls that a crash may have cut off at any of their steps.
Result<void> make_if_missing(const Dir& parent, const std::string& name) {
  const Result<void> made = make_directory(parent, name, 0700);
  return made || made.error().is_io(EEXIST) ? Result<void>() : made;
}

// A place that is not there is no error: it was never made, a call that was cut off has removed it, or its area is
// not mounted now.
Result<void> remove_keep_place(const Root& root, const RelPath& directory, const std::string& id, Removed& removed) {
  const Result<Dir> top = root.open_dir(directory);
  const Result<Dir> own = top ? top->open_dir(kOwnDirectory) : top.error();
  if (!own) {
    return means_absent(own.error()) ? Result<void>() : own.error();
  }
  const Result<FileStat> run = own->stat(id);
  TRY(run ? remove_tree(*own, id, removed) : means_absent(run.error()) ? Result<void>() : Result<void>(run.error()));
  const Result<std::vector<DirEntry>> left = own->list();
  const Result<FileStat> before = top->stat_self();
  if (!left || !before) {
    return left ? before.error() : left.error();
  }
  // Other runs keep things here as well.
  if (!left->empty()) {
    return sync_directory(*own);
  }
  TRY(remove_object(*top, kOwnDirectory));
  // Both making and removing our directory change the time of the area, which is somebody else's directory: it gets
  // back the one from before.
  TRY(set_mtime_of(*top, before->mtime));
  return sync_directory(*top);
}

}  // namespace

// Mounts, not devices: rename(2) refuses to go from one mount to another even where both show the same filesystem.
Result<MountId> KeepFinder::mount_at(const RelPath& directory) {
  if (const auto known = mounts_.find(directory); known != mounts_.end()) {
    return known->second;
  }
  const Result<Dir> dir = root_.open_dir(directory);
  const Result<MountId> mount = dir ? mount_id_of(*dir) : dir.error();
  if (mount) {
    mounts_.emplace(directory, *mount);
  }
  return mount;
}

// The first of the possible keepers on the same mount. None is an answer and no error: a filesystem mounted deep
// inside an area has no place that scanners and later runs would find again.
Result<std::optional<RelPath>> KeepFinder::directory_for(const RelPath& directory) {
  if (const auto known = known_.find(directory); known != known_.end()) {
    return known->second;
  }
  ASSIGN_OR_RETURN(const Dir dir, root_.open_dir(directory));
  ASSIGN_OR_RETURN(const MountId wanted, mount_id_of(dir));
  std::optional<RelPath> found;
  for (const RelPath& keeper : possible_keepers(directory)) {
    ASSIGN_OR_RETURN(const MountId mount, mount_at(keeper));
    if (mount == wanted) {
      found = keeper;
      break;
    }
  }
  known_.emplace(directory, found);
  return found;
}

Result<std::optional<RelPath>> KeepFinder::directory_for_new(const RelPath& path) {
  for (RelPath at = path;; at = at.parent()) {
    Result<std::optional<RelPath>> found = directory_for(at);
    if (found || at.is_root() || !means_absent(found.error())) {
      return found;
    }
  }
}

// Whether it failed or was cut off, it can be called again. What is there already was made by this run, since its id
// is in the path.
Result<KeepPlace> make_keep_place(const Root& root, const RelPath& directory, const std::string& id) {
  ASSIGN_OR_RETURN(const Dir top, root.open_dir(directory));
  ASSIGN_OR_RETURN(const FileStat before, top.stat_self());
  const Result<void> made = make_directory(top, kOwnDirectory, 0700);
  if (!made && !made.error().is_io(EEXIST)) {
    return made.error();
  }
  // Only where this call made the directory: nothing else here changes the area's time.
  if (made) {
    TRY(set_mtime_of(top, before.mtime));
  }
  ASSIGN_OR_RETURN(const Dir own, top.open_dir(kOwnDirectory));
  TRY(make_if_missing(own, id));
  ASSIGN_OR_RETURN(const Dir run, own.open_dir(id));
  for (const char* name : {"saved", "quarantine"}) {
    TRY(make_if_missing(run, name));
  }
  // From the inside outwards: a name is made durable only after what it leads to is.
  for (const Dir* dir : {&run, &own, &top}) {
    TRY(sync_directory(*dir));
  }
  return open_keep_place(root, directory, id);
}

Result<KeepPlace> open_keep_place(const Root& root, const RelPath& directory, const std::string& id) {
  ASSIGN_OR_RETURN(Dir run, root.open_dir(directory / kOwnDirectory / id));
  Result<Dir> saved = run.open_dir("saved");
  Result<Dir> quarantine = run.open_dir("quarantine");
  if (!saved || !quarantine) {
    return saved ? quarantine.error() : saved.error();
  }
  return KeepPlace{directory, std::move(run), std::move(*saved), std::move(*quarantine)};
}

// Where a step has used the place, the area's time may be as that step wants it: its trace says so, and nothing is
// done about it here.
Result<void> restore_area_times(const Root& root, const RunLog& log) {
  for (size_t i = 0; i < log.keeps.size(); ++i) {
    const bool is_used = std::any_of(log.steps.begin(), log.steps.end(), [&](const LoggedStep& logged) {
      return logged.state != LoggedStep::State::Planned && logged.trace.keep == i + 1;
    });
    const Result<Dir> area = root.open_dir(log.keeps[i]);
    const Result<FileStat> now = area ? area->stat_self() : area.error();
    if (!now && !means_absent(now.error())) {
      return now.error();
    }
    if (is_used || !now || now->mtime == log.keep_times[i]) {
      continue;
    }
    TRY(set_mtime_of(*area, log.keep_times[i]));
  }
  return {};
}

// One syncfs(2) for each filesystem, instead of one fsync(2) for every file and directory of a batch: the intent and
// the done record need all of them anyhow. What lies on the root's own filesystem is covered by the first of them.
Result<void> sync_places(const RunPlace& place) {
  TRY(sync_filesystem(place.top));
  for (size_t i = 1; i < place.keeps.size(); ++i) {
    const KeepPlace& keep = place.keeps[i];
    TRY(keep.is_open() ? sync_filesystem(keep.run) : Result<void>());
  }
  return {};
}

Result<void> remove_keep_places(const Root& root, const std::string& id, const std::vector<RelPath>& directories,
                                Removed& removed) {
  for (const RelPath& directory : directories) {
    TRY(remove_keep_place(root, directory, id, removed));
  }
  return {};
}

}  // namespace dfsck
