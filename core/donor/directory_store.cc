// DirectoryStore on Root, which resolves names beneath its descriptor and refuses symbolic links on the way.
#include "core/donor/directory_store.h"

#include <cerrno>

#include "core/base/escape.h"
#include "core/donor/file_range.h"
#include "core/donor/member_name.h"

namespace dfsck {
namespace {

constexpr size_t kMaxEntries = 500'000;

}  // namespace

DirectoryStore::DirectoryStore(Root root) : MemberStore(escaped(root.path())), root_(std::move(root)) {}

Result<std::optional<Member>> DirectoryStore::look_up(const RelPath& name) const {
  const auto within_donor = [&](Error error) {
    error.where = where(name);
    return error;
  };
  const Result<FileStat> stat = root_.stat(name);
  if (!stat) {
    const Error& error = stat.error();
    // ENAMETOOLONG is absence too: a name from a manifest that no file system can hold is not there.
    if (error.is_io(ENOENT) || error.is_io(ENOTDIR) || error.is_io(ENAMETOOLONG)) {
      return std::optional<Member>();
    }
    // Only a link on the way gives ELOOP; the last component is looked at as what it is. Unpacked archives have no
    // links in the place of directories, so this is somebody's arrangement, and may lead anywhere.
    return error.is_io(ELOOP) ? format_error("read", where(name), "lies behind a symbolic link") : within_donor(error);
  }
  Member member;
  if (stat->is_dir()) {
    member.type = Member::Type::Directory;
  } else if (stat->is_symlink()) {
    const Result<std::string> text = root_.read_link(name);
    if (!text) {
      return within_donor(text.error());
    }
    // Followed by text, within the donor: the kernel would resolve it against the host.
    std::optional<RelPath> target = link_target(name, *text);
    if (!target) {
      return format_error("read", where(name), "is a link that leads out of the donor");
    }
    member.type = Member::Type::Link;
    member.target = std::move(*target);
  } else if (stat->is_file()) {
    member.size = stat->size;
  } else {
    return format_error("read", where(name), "is a " + std::string(type_name(stat->mode)));
  }
  return std::optional(std::move(member));
}

// The size of the look before is the size of the stream: a file that grows is read as it was, one that shrinks is an
// error.
Result<std::unique_ptr<ByteSource>> DirectoryStore::open(const RelPath& name, const Member& file) const {
  Result<Fd> fd = root_.open_file(name);
  if (!fd) {
    Error error = fd.error();
    error.where = where(name);
    return error;
  }
  return std::unique_ptr<ByteSource>(
      std::make_unique<FileRange>(std::make_shared<const Fd>(std::move(*fd)), 0, file.size, where(name)));
}

Result<std::vector<RelPath>> DirectoryStore::top_directories() const {
  const Result<Dir> dir = root_.open_dir({});
  const Result<std::vector<DirEntry>> entries =
      dir ? dir->list(kMaxEntries) : Result<std::vector<DirEntry>>(dir.error());
  if (!entries) {
    Error error = entries.error();
    error.where = where({});
    return error;
  }
  std::vector<RelPath> found;
  for (const DirEntry& entry : *entries) {
    if (S_ISDIR(entry.type)) {
      found.push_back(RelPath() / entry.name);
    }
  }
  return found;
}

}  // namespace dfsck
