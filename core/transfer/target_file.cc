// Prepared beside its place, then renamed over it.
#include "core/transfer/target_file.h"

#include <cerrno>

#include "core/fs/writer.h"

namespace dfsck {
namespace {

struct Likeness {
  FileStat stat;
  std::map<std::string, std::string> attributes;
};

Result<Likeness> likeness_of(const Root& source, const RelPath& path) {
  Likeness like;
  const Result<FileStat> stat = source.stat(path);
  if (!stat) {
    return stat.error();
  }
  Result<std::map<std::string, std::string>> attributes = source.xattrs(path);
  if (!attributes) {
    return attributes.error();
  }
  like.stat = *stat;
  like.attributes = std::move(*attributes);
  return like;
}

Result<void> prepare(const Dir& parent, const std::string& name, std::string_view bytes, const Likeness& like) {
  Result<Fd> file = make_file(parent, name, bytes);
  if (!file && file.error().is_io(EEXIST)) {
    // Left by a run that was cut off here.
    if (const Result<void> removed = remove_object(parent, name); !removed) {
      return removed;
    }
    file = make_file(parent, name, bytes);
  }
  if (!file) {
    return file.error();
  }
  const OwnerMode owner{like.stat.uid, like.stat.gid, like.stat.mode & 07777};
  if (const Result<void> owned = set_owner_mode(parent, name, owner); !owned) {
    return owned;
  }
  for (const auto& [key, value] : like.attributes) {
    if (const Result<void> set = set_attribute(parent, name, key, value); !set) {
      return set;
    }
  }
  if (const Result<void> timed = set_mtime(parent, name, like.stat.mtime); !timed) {
    return timed;
  }
  return sync_data(file->get(), name);
}

}  // namespace

Result<void> write_target_file(const Root& source, const Root& target, const RelPath& path, std::string_view bytes) {
  const Result<Likeness> like = likeness_of(source, path);
  if (!like) {
    return like.error();
  }
  const Result<Dir> parent = target.open_dir(path.parent());
  const Result<FileStat> before = parent ? parent->stat_self() : parent.error();
  if (!before) {
    return before.error();
  }
  const std::string name(path.name());
  const std::string prepared = name + ".docker-fsck";
  if (const Result<void> made = prepare(*parent, prepared, bytes, *like); !made) {
    return made;
  }
  if (const Result<void> moved = move_over(*parent, prepared, *parent, name); !moved) {
    return moved;
  }
  // The directory keeps the time that it has in the source.
  const Result<void> timed = set_mtime_of(*parent, before->mtime);
  return timed ? sync_directory(*parent) : timed;
}

}  // namespace dfsck
