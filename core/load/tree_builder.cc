// Every object is made by its name in its directory, which is opened beneath the top without following links.
#include "core/load/tree_builder.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/try.h"
#include "core/content/attributes.h"
#include "core/content/tree/whiteout_names.h"
#include "core/fs/root.h"
#include "core/fs/write/tree.h"
#include "core/fs/write/writer.h"

namespace dfsck {
namespace {

constexpr uint32_t kImpliedMode = 0755;  // moby pkg/idtools: 0777 less the daemon's umask
constexpr uint64_t kMaxNodes = 100'000;  // devices and FIFOs; the /dev of a whole system has hundreds

// Of headers that belong to somebody whom the root's daemon has an id for.
OwnerMode owner_of(const TarHeader& header, const RootOwners& owners) {
  const DiskOwner owner = owner_on_disk(header, owners).value_or(DiskOwner{});
  return {owner.uid, owner.gid, header.mode};
}

}  // namespace

Error TreeBuilder::refuse(const TarHeader& header, const std::string& why) const {
  return format_error("unpack layer", where_, shown_member(header.name) + " " + why);
}

// What errno says of the tar, and not of the machine.
// The machine's own troubles (no space, no descriptors) stay what they are: no archive is to blame for them.
Error TreeBuilder::explained(const Error& error, const TarHeader& header) const {
  switch (error.kind == Error::Kind::Io ? error.code : 0) {
    case EEXIST: return refuse(header, "comes a second time");
    case ENOTDIR:
    case ELOOP: return refuse(header, "leads through something that is no directory");
    case ENAMETOOLONG: return refuse(header, "has a name or a target that is too long");
    case ERANGE:
    case E2BIG: return refuse(header, "has an attribute that is too large");
    default: return error;
  }
}

Result<Dir> TreeBuilder::open_below(const RelPath& path) const {
  ASSIGN_OR_RETURN(Fd fd, open_beneath(top_.fd(), path, O_RDONLY | O_DIRECTORY, path.text()));
  return Dir(std::move(fd), path.text());
}

// Kept open from one entry to the next, since a tar lists a directory's members one after the other. Opened beneath
// the top without following links: a name that goes through a link, even one of this layer, is refused.
Result<void> TreeBuilder::enter_parent(const RelPath& path) {
  const RelPath parent = path.parent();
  if (parent_ && parent == parent_path_) {
    return {};
  }
  Result<Dir> dir = open_below(parent);
  if (!dir && dir.error().is_io(ENOENT)) {
    TRY(make_implied(parent));
    dir = open_below(parent);
  }
  TRY(dir);
  parent_ = std::move(*dir);
  parent_path_ = parent;
  return {};
}

// Directories that only the names of others tell of. From the top down: `path` may be deep.
// As the daemon makes them: 0755, of the root of containers, with the time of now (pkg/archive/archive.go:Unpack).
Result<void> TreeBuilder::make_implied(const RelPath& path) {
  const std::string& bytes = path.bytes();
  for (size_t slash = bytes.find('/');; slash = bytes.find('/', slash + 1)) {
    const RelPath at = *RelPath::parse(bytes.substr(0, slash));
    ASSIGN_OR_RETURN(const Dir parent, open_below(at.parent()));
    const std::string name(at.name());
    const Result<void> made = make_directory(parent, name, kImpliedMode);
    if (!made && !made.error().is_io(EEXIST)) {
      return made;
    }
    if (made) {
      const OwnerMode owner{owners_.layer_uid(), owners_.layer_gid(), kImpliedMode};
      TRY(dress_object(parent, name, S_IFDIR, owner, {}, {}, SetTimes::No));
    }
    if (slash == std::string::npos) {
      return {};
    }
  }
}

// A directory may come twice, and may have been implied: then its attributes are set again. Its time waits for
// finish(), because what is made in it changes it.
Result<void> TreeBuilder::make_directory_entry(const LayerMember& member, const TarHeader& header) {
  const std::string name(member.path.name());
  if (const Result<void> made = make_directory(*parent_, name, 0700); !made) {
    const Result<FileStat> there = made.error().is_io(EEXIST) ? parent_->stat(name) : made.error();
    if (!there || !there->is_dir()) {
      return made;
    }
  }
  const FileTime time = mtime_on_disk(header);
  directories_.emplace_back(member.path, time);
  return dress_object(*parent_, name, S_IFDIR, owner_of(header, owners_), xattrs_on_disk(header, owners_), time,
                      SetTimes::No);
}

// The header of a hard link is applied to the inode that all its names share, as the daemon does: the last entry of a
// file wins, for its owner, mode and times.
Result<void> TreeBuilder::make_link_entry(const LayerMember& member, const TarHeader& header) {
  const std::string name(member.path.name());
  const std::string target(member.target.name());
  const Result<Dir> from = open_below(member.target.parent());
  const Result<FileStat> stat = from ? from->stat(target) : from.error();
  if (!stat || stat->is_dir()) {
    return refuse(header, "is a hard link to " + shown_member(header.link_name) + ", which is no file before it");
  }
  if (const Result<void> made = make_hard_link(*from, target, *parent_, name); !made) {
    return made.error().is_io(EMLINK) ? Result<void>(refuse(header, "is one hard link too many")) : made;
  }
  return dress_object(*parent_, name, stat->mode & S_IFMT, owner_of(header, owners_), xattrs_on_disk(header, owners_),
                      mtime_on_disk(header), SetTimes::Yes);
}

Result<void> TreeBuilder::make_node_entry(const LayerMember& member, const TarHeader& header) {
  if (++nodes_ > kMaxNodes) {
    return limit_error("unpack layer", where_, "has more than " + std::to_string(kMaxNodes) + " devices and FIFOs");
  }
  const std::string name(member.path.name());
  const uint32_t type = header.file_type();
  TRY(make_node(*parent_, name, type, header.device_major, header.device_minor));
  return dress_object(*parent_, name, type, owner_of(header, owners_), xattrs_on_disk(header, owners_),
                      mtime_on_disk(header), SetTimes::Yes);
}

// In the spelling that the root's daemon can set: in a user namespace it has no trusted attributes.
Result<void> TreeBuilder::mark_opaque(const RelPath& directory, const TarHeader& header) {
  if (!directory.is_root()) {
    if (const Result<void> entered = enter_parent(directory / kOpaqueName); !entered) {
      return explained(entered.error(), header);
    }
  }
  const Dir& dir = directory.is_root() ? top_ : *parent_;
  return set_attribute(dir, ".", owners_.opaque_xattr(), "y");
}

Result<Fd> TreeBuilder::make(const LayerMember& member, const TarHeader& header) {
  using Kind = LayerMember::Kind;
  if (member.kind == Kind::Nothing) {
    return Fd();
  }
  if (member.kind == Kind::Opaque) {
    TRY(mark_opaque(member.path, header));
    return Fd();
  }
  // Refused and not given to somebody else: the daemon fails as well with "Container ID cannot be mapped to a host
  // ID".
  if (!owner_on_disk(header, owners_)) {
    return refuse(header, "belongs to " + std::to_string(header.uid) + ":" + std::to_string(header.gid) +
                              ", for whom the daemon of this root has no id");
  }
  if (xattrs_on_disk(header, owners_).size() != header.xattrs.size()) {
    return refuse(header, "has an access list that names somebody for whom the daemon of this root has no id");
  }
  if (header.is_device() && owners_.in_namespace) {
    return Fd();  // as the daemon, which may make none
  }
  if (const Result<void> entered = enter_parent(member.path); !entered) {
    return explained(entered.error(), header);
  }
  const std::string name(member.path.name());
  const OwnerMode owner = owner_of(header, owners_);
  Result<void> made;
  switch (member.kind) {
    case Kind::File: {
      Result<Fd> file = make_file(*parent_, name, "");
      return file ? std::move(file) : Result<Fd>(explained(file.error(), header));
    }
    case Kind::Whiteout:
      // A character device 0:0, mode 0, with the owner of the header and the time of now: no more does the daemon set
      // (pkg/archive/archive_linux.go).
      made = make_node(*parent_, name, S_IFCHR, 0, 0);
      if (made) {
        made = dress_object(*parent_, name, S_IFCHR, {owner.uid, owner.gid, 0}, {}, {}, SetTimes::No);
      }
      break;
    case Kind::Symlink:
      made = make_symlink(*parent_, name, header.link_name);
      if (made) {
        made = dress_object(*parent_, name, S_IFLNK, owner, xattrs_on_disk(header, owners_), mtime_on_disk(header),
                            SetTimes::Yes);
      }
      break;
    case Kind::Directory: made = make_directory_entry(member, header); break;
    case Kind::HardLink: made = make_link_entry(member, header); break;
    default: made = make_node_entry(member, header); break;
  }
  return made ? Result<Fd>(Fd()) : explained(made.error(), header);
}

Result<void> TreeBuilder::finish_file(const Fd& file, const TarHeader& header) {
  const Result<void> dressed =
      dress_file(file.get(), owner_of(header, owners_), xattrs_on_disk(header, owners_), mtime_on_disk(header), where_);
  return dressed ? dressed : explained(dressed.error(), header);
}

// In the order of the tar, when nothing is made any more.
Result<void> TreeBuilder::finish() {
  for (const auto& [path, time] : directories_) {
    ASSIGN_OR_RETURN(const Dir dir, open_below(path));
    TRY(set_mtime_of(dir, time));
  }
  return {};
}

}  // namespace dfsck
