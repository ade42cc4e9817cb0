// Reading small files into FileState: every way of not getting the contents is a state, never an exception.
#include "core/model/file_state.h"

#include <cerrno>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/fs/area_links.h"
#include "core/fs/lock.h"
#include "core/fs/own_directory.h"

namespace dfsck {

bool FileState::zero_filled() const { return present() && all_of_char(bytes, '\0'); }

std::string FileState::problem() const {
  switch (kind) {
    case Kind::Absent: return "missing";
    case Kind::TooLarge: return "too large (" + counted(size, "byte") + ")";
    case Kind::WrongType: return "a " + std::string(type_name(mode)) + ", not a file";
    case Kind::Unreadable: return "unreadable (" + errno_text(code) + ")";
    case Kind::Present: break;
  }
  if (bytes.empty()) {
    return "empty";
  }
  if (zero_filled()) {
    return "filled with " + counted(bytes.size(), "zero byte");
  }
  return "malformed: \"" + escaped_excerpt(bytes, 40) + "\"";
}

// A limit that was passed has no errno of its own; EFBIG stands for it.
void StateReader::note(const RelPath& path, const Error& error) {
  failures_.push_back({path, error.op, error.code != 0 ? error.code : EFBIG});
}

// Everything but "not there" is noted as a failure of the scan. Then the area counts as incomplete, and what would
// follow from a file that was not seen is not concluded.
FileState StateReader::failed(const RelPath& path, const Error& error) {
  FileState state;
  if (error.is_io(ENOENT)) {
    return state;
  }
  state.kind = FileState::Kind::Unreadable;
  state.code = error.code != 0 ? error.code : EFBIG;
  if (state.code == ELOOP || state.code == ENOTDIR) {
    // A symbolic link or a file where a directory should be: the thing itself is not there.
    state.kind = FileState::Kind::Absent;
    return state;
  }
  note(path, error);
  return state;
}

FileState StateReader::read(const Dir& dir, const RelPath& at, const std::string& name, size_t limit) {
  const RelPath path = at / name;
  const Result<FileStat> stat = dir.stat(name);
  if (!stat) {
    return failed(path, stat.error());
  }
  // What stat says is kept even where the contents are not had: type and size are what a finding can tell of such a
  // file.
  FileState state;
  state.mode = stat->mode;
  state.size = stat->size;
  state.mtime = stat->mtime;
  if (!stat->is_file()) {
    state.kind = FileState::Kind::WrongType;
    return state;
  }
  // A file that should hold 71 bytes and holds gigabytes is no reason to need gigabytes of memory.
  if (stat->size > limit) {
    state.kind = FileState::Kind::TooLarge;
    return state;
  }
  // Between the two calls the file may have become something else. Opening neither waits for a FIFO nor follows a
  // link, so the worst is bytes of another file.
  const Result<Fd> fd = dir.open_seen_file(name);
  if (!fd) {
    return failed(path, fd.error());
  }
  Result<std::string> bytes = read_all(fd->get(), limit, path.text());
  if (!bytes) {
    return failed(path, bytes.error());
  }
  state.kind = FileState::Kind::Present;
  state.bytes = std::move(*bytes);
  return state;
}

FileState StateReader::read(const RelPath& path, size_t limit) {
  const Result<Dir> dir = root_.open_dir(path.parent());
  if (!dir) {
    return failed(path, dir.error());
  }
  return read(*dir, path.parent(), std::string(path.name()), limit);
}

StateReader::Listing StateReader::list(const RelPath& path) {
  Listing listing;
  const Result<Dir> dir = root_.open_dir(path);
  if (!dir) {
    const FileState state = failed(path, dir.error());
    listing.state = state.kind;
    // In the place of a directory of the daemon's a file or a link is a finding of its own; a daemon would not start
    // with it.
    if (dir.error().is_io(ENOTDIR) || dir.error().is_io(ELOOP)) {
      const Result<FileStat> stat = root_.stat(path);
      listing.state = FileState::Kind::WrongType;
      listing.mode = stat ? stat->mode : S_IFLNK;
    }
    return listing;
  }
  Result<std::vector<DirEntry>> entries = dir->list();
  if (!entries) {
    listing.state = failed(path, entries.error()).kind;
    return listing;
  }
  listing.state = FileState::Kind::Present;
  listing.entries = std::move(*entries);
  // mkfs makes it at the top of every ext filesystem, so an area that is one has it; it is nobody's layer or volume.
  std::erase_if(listing.entries,
                [](const DirEntry& entry) { return entry.type == S_IFDIR && entry.name == kLostAndFound; });
  // A link that stands for a directory of the daemon's is listed as that directory, but for areas: those are told
  // apart.
  for (DirEntry& entry : listing.entries) {
    const AreaLink* link =
        entry.type == S_IFLNK && !path.is_root() ? root_.area_links().at(path / entry.name) : nullptr;
    entry.type = link != nullptr && link->is_followed() ? S_IFDIR : entry.type;
  }
  // What repairs keep in an area on a filesystem of its own is nobody's layer, volume or container.
  if (!path.is_root() && may_have_own_directory(path)) {
    std::erase_if(listing.entries,
                  [](const DirEntry& entry) { return entry.type == S_IFDIR && entry.name == kOwnDirectory; });
  }
  return listing;
}

}  // namespace dfsck
