// Directories above units, from the root down to make them, from below up to finish them.
#include "core/migrate/parents.h"

#include <cerrno>

#include "core/base/path_text.h"
#include "core/fs/area_links.h"
#include "core/fs/lock.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_attributes.h"
#include "core/migrate/copy_file.h"

namespace dfsck {

// Stops at the first directory that is known: all above it are then known as well.
UnitParents::UnitParents(const std::vector<MigrationUnit>& units) {
  for (const MigrationUnit& unit : units) {
    RelPath path = unit.path;
    if (unit.kind == MigrationUnit::Kind::Directory) {
      paths_.insert(path.bytes());
    } else {
      units_.insert(path.bytes());
    }
    while (!path.is_root()) {
      path = path.parent();
      if (!paths_.insert(path.bytes()).second) {
        break;
      }
    }
  }
}

// In the order of their paths, which puts each behind those above it. One that the source does not have, of a unit
// that is gone, is not made either.
void UnitParents::make(CopyContext& context, CopyUnit& notes) const {
  for (const std::string& path : paths_) {
    if (path.empty() || !open_far_dir(context.source, path)) {
      continue;
    }
    const std::string name(last_name(path));
    const Result<Dir> above = open_far_dir(context.target, parent_path(path));
    Result<void> made = above ? make_directory(*above, name, 0700) : above.error();
    if (!made && made.error().is_io(EEXIST)) {
      const Result<FileStat> have = above->stat(name);
      if (have && have->is_dir()) {
        continue;
      }
      made = clear_name(context, notes, *above, name, path) ? make_directory(*above, name, 0700) : Result<void>();
    }
    if (!made) {
      target_failed(context, notes, ProblemKind::Unmakeable, made.error().code, "make directory", path);
    }
  }
}

// From below upwards and at the very end: giving a directory its time is undone by every name that is made in it.
// They stay open to changes, since the caller may still write files there.
void UnitParents::finish(CopyContext& context, CopyUnit& notes) const {
  for (auto path = paths_.rbegin(); path != paths_.rend() && !context.stopped(); ++path) {
    const Result<Dir> source = open_far_dir(context.source, *path);
    const Result<Dir> target = source ? open_far_dir(context.target, *path) : source.error();
    Statx info;
    if (target && read_statx(source->fd(), "", info) == 0) {
      copy_attributes(context, notes, *path, source->fd(), target->fd(), info, {.stays_open = true});
    }
  }
}

void UnitParents::remove_strays(CopyContext& context, CopyUnit& notes) const {
  for (const std::string& path : paths_) {
    const Result<Dir> dir = path.empty() ? Result<Dir>(Error{}) : open_far_dir(context.target, path);
    const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
    for (const DirEntry& entry : entries ? *entries : std::vector<DirEntry>{}) {
      const std::string member = path_in(path, entry.name);
      const bool stays = holds(member) || entry.name == kOwnDirectory || entry.name == kLostAndFound;
      if (!stays && !context.stopped()) {
        clear_name(context, notes, *dir, entry.name, member);
      }
    }
  }
}

void UnitParents::sum_up(CopyContext& context, SetSum& sum) const {
  for (const std::string& path : paths_) {
    const Result<Dir> source = open_far_dir(context.source, path);
    Statx info;
    if (source && read_statx(source->fd(), "", info) == 0) {
      sum.add(fingerprint_item(path, info.stat));
    }
  }
}

}  // namespace dfsck
