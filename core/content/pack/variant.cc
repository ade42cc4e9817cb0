// One function per step of the daemon's archiver.
#include "core/content/pack/variant.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/content/tree/whiteout_names.h"

namespace dfsck {
namespace {

constexpr uint32_t kWhiteoutMode = 0600;
constexpr size_t kMaxOwnerFile = 4U << 20;

// "name:x:number:..." per line; the first line of a number wins, as it does for the daemon.
std::map<uint32_t, std::string> parse_names(const char* path) {
  std::map<uint32_t, std::string> names;
  const Fd fd(patient::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const Result<std::string> text = fd ? read_all(fd.get(), kMaxOwnerFile, path) : Result<std::string>("");
  for (const std::string_view line : split(text ? std::string_view(*text) : std::string_view(), '\n')) {
    const std::vector<std::string_view> fields = split(line, ':');
    const std::optional<uint64_t> number = fields.size() > 2 ? parse_uint64(fields[2]) : std::nullopt;
    if (number && *number <= UINT32_MAX && !fields[0].empty() && !fields[0].starts_with('#')) {
      names.try_emplace(static_cast<uint32_t>(*number), fields[0]);
    }
  }
  return names;
}

std::string name_of(uint32_t id, const std::map<uint32_t, std::string>& names, PackVariant::Names which) {
  if (which == PackVariant::Names::None) {
    return "";
  }
  if (id == 0) {
    return "root";
  }
  const auto found = names.find(id);
  return which == PackVariant::Names::Host && found != names.end() ? found->second : "";
}

// 0 for what the daemon leaves out.
char type_flag(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return '0';
    case S_IFLNK: return '2';
    case S_IFCHR: return '3';
    case S_IFBLK: return '4';
    case S_IFDIR: return '5';
    case S_IFIFO: return '6';
    default: return 0;
  }
}

// Capabilities bound to a user namespace are written as plain ones, which leaves out the namespace's root at the end.
std::string portable_capability(std::string value) {
  constexpr size_t kRevision = 3;
  constexpr size_t kPlainSize = 20;
  if (value.size() > kRevision && value[kRevision] == 3) {
    value[kRevision] = 2;
    value.resize(std::min(value.size(), kPlainSize));
  }
  return value;
}

}  // namespace

OwnerNames host_owner_names() { return {parse_names("/etc/passwd"), parse_names("/etc/group")}; }

std::string PackVariant::name() const {
  std::string text = mode == Mode::WithType
                         ? (names == Names::None ? "Docker 20.10.27 to 23" : "Docker up to 20.10.26")
                         : (names == Names::None ? "Docker since 24" : "bare modes with owners' names");
  if (names == Names::OnlyRoot) {
    text += ", no owner but root known by name";
  }
  if (packed == Packed::Unmapped) {
    text += ", without user namespaces";
  } else if (packed == Packed::AsOnDisk) {
    text += ", owners as on disk";
  }
  if (whiteout_time == WhiteoutTime::OfDirectory) {
    text += ", whiteouts as old as their directories";
  } else if (whiteout_time == WhiteoutTime::Fixed) {
    text += ", whiteouts of second " + std::to_string(fixed_time);
  }
  if (whiteouts == Whiteouts::OneInode) {
    text += ", all whiteouts one inode";
  } else if (whiteouts == Whiteouts::MadeUp) {
    text += ", whiteouts made up";
  }
  return text;
}

namespace {

// All that has nothing to do with whiteouts.
// A variant is what the versions of one archiver have in common. Three things have changed over the years: type bits in
// the mode, owners' names, and how whiteouts are written; and one depends on the root, how owners were taken back to
// the ids of containers.
std::vector<PackVariant> base_variants(const LayerInput& input) {
  using Mode = PackVariant::Mode;
  using Names = PackVariant::Names;
  using Packed = PackVariant::Packed;
  std::vector<PackVariant> bases;
  const bool is_remapped = input.owners.containers != input.owners.daemon;
  for (const Packed packed : {Packed::Here, Packed::Unmapped, Packed::AsOnDisk}) {
    // Without a remapping all three are the same tar.
    if (packed != Packed::Here && !is_remapped) {
      continue;
    }
    for (const auto& [mode, names] :
         {std::pair(Mode::Bare, Names::None), std::pair(Mode::WithType, Names::Host),
          std::pair(Mode::WithType, Names::None), std::pair(Mode::WithType, Names::OnlyRoot),
          std::pair(Mode::Bare, Names::Host), std::pair(Mode::Bare, Names::OnlyRoot)}) {
      PackVariant& base = bases.emplace_back();
      base.mode = mode;
      base.names = names;
      base.packed = packed;
    }
  }
  return bases;
}

PackVariant with_time(PackVariant variant, PackVariant::Whiteouts whiteouts, int64_t seconds) {
  variant.whiteouts = whiteouts;
  variant.whiteout_time = PackVariant::WhiteoutTime::Fixed;
  variant.fixed_time = seconds;
  return variant;
}

}  // namespace

// Ordered by likelihood only for the name that is reported: all of them run in one pass, and the digest decides.
std::vector<PackVariant> variants_for(const PackSurvey& survey, const LayerInput& input) {
  std::vector<PackVariant> bases = base_variants(input);
  // Every other difference lies in whiteouts.
  if (survey.whiteouts == 0) {
    return bases;
  }
  using Whiteouts = PackVariant::Whiteouts;
  std::vector<PackVariant> variants;
  for (PackVariant variant : bases) {
    variants.push_back(variant);
    for (const Whiteouts whiteouts : {Whiteouts::OwnInodes, Whiteouts::OneInode}) {
      variant.whiteouts = whiteouts;
      variant.whiteout_time = PackVariant::WhiteoutTime::OfDirectory;
      variants.push_back(variant);
      variants.push_back(with_time(variant, whiteouts, survey.first_whiteout_time));
    }
    variants.push_back(with_time(variant, Whiteouts::MadeUp, 0));  // containerd since 2.0
  }
  return variants;
}

std::vector<PackVariant> searching_variants(const PackSurvey& survey, uint64_t hashed_bytes) {
  using Whiteouts = PackVariant::Whiteouts;
  // A quarter of an hour, which is longer than most build steps take.
  constexpr uint64_t kMostSeconds = 900;
  constexpr uint64_t kHeaderCost = 3 * 512;
  PackVariant with_names;
  with_names.mode = PackVariant::Mode::WithType;
  with_names.names = PackVariant::Names::Host;
  PackVariant with_type;
  with_type.mode = PackVariant::Mode::WithType;
  PackVariant bare_names;
  bare_names.names = PackVariant::Names::OnlyRoot;
  constexpr uint64_t kKinds = 5;
  // Each second makes variants of its own, whose tars are hashed apart from the first whiteout on, and counted as if
  // from the beginning: for a large layer there are few seconds for the same work.
  const uint64_t cost = (survey.bytes + survey.entries * kHeaderCost) * kKinds + 1;
  const auto seconds = static_cast<int64_t>(std::min(kMostSeconds, hashed_bytes / cost));
  std::vector<PackVariant> variants;
  // The first whiteout is older than what its directory went through later; what is made up is younger than all.
  for (int64_t i = 1; i <= seconds && survey.whiteouts > 0; ++i) {
    for (const PackVariant& variant : {PackVariant{}, with_names, with_type}) {
      variants.push_back(with_time(variant, Whiteouts::OneInode, survey.first_whiteout_time - i));
    }
    for (const PackVariant& variant : {PackVariant{}, bare_names}) {
      variants.push_back(with_time(variant, Whiteouts::MadeUp, survey.newest_time + i - 1));
    }
  }
  return variants;
}

bool PackWriter::is_alike(const PackWriter& other) const {
  return variant_.mode == other.variant_.mode && variant_.names == other.variant_.names &&
         variant_.packed == other.variant_.packed;
}

// False for an owner that the daemon has no container id for; it then leaves the entry out.
bool PackWriter::set_owner(const PackEntry& entry, NewTarHeader& header) const {
  const bool is_whiteout = entry.stat.is_whiteout();
  const bool was_unpacked = provenance_ == Provenance::Unpacked;
  const bool is_literal = variant_.packed == PackVariant::Packed::AsOnDisk || (is_whiteout && !was_unpacked) ||
                          entry.name.starts_with(kWhiteoutPrefix);
  const IdMapping& map = is_literal ? owners_.daemon : owners_.containers;
  const std::optional<uint32_t> uid = map.users.to_container(entry.stat.uid);
  const std::optional<uint32_t> gid = map.groups.to_container(entry.stat.gid);
  if (!uid || !gid) {
    return false;
  }
  header.uid = *uid;
  header.gid = *gid;
  // Whiteouts belong to root where the kernel makes them.
  const bool named_by_header = variant_.packed == PackVariant::Packed::Unmapped || (is_whiteout && was_unpacked);
  const uint32_t user = named_by_header ? *uid : owners_.daemon.users.to_container(entry.stat.uid).value_or(*uid);
  const uint32_t group = named_by_header ? *gid : owners_.daemon.groups.to_container(entry.stat.gid).value_or(*gid);
  header.user_name = name_of(user, names_.users, variant_.names);
  header.group_name = name_of(group, names_.groups, variant_.names);
  return true;
}

// archive_linux.go:ConvertWrite turns the device node into an empty file with a name; the rest of its header stays what
// the node had, which is how whiteouts come to have a time and an owner.
void PackWriter::become_whiteout(const PackEntry& entry, NewTarHeader& header) {
  const size_t directory = entry.path.size() - entry.name.size();
  header.name = entry.path.substr(0, directory) + std::string(kWhiteoutPrefix) + entry.name;
  header.type = '0';
  header.mode = kWhiteoutMode;
  if (variant_.whiteout_time == PackVariant::WhiteoutTime::OfDirectory) {
    header.mtime_seconds = entry.parent_mtime.seconds;
  } else if (variant_.whiteout_time == PackVariant::WhiteoutTime::Fixed) {
    header.mtime_seconds = variant_.fixed_time;
  }
  if (variant_.whiteouts == PackVariant::Whiteouts::MadeUp) {
    NewTarHeader bare;
    bare.name = header.name;
    bare.mtime_seconds = header.mtime_seconds;
    header = bare;
  } else if (variant_.whiteouts == PackVariant::Whiteouts::OneInode) {
    header.link_name = first_whiteout_;
    first_whiteout_ = first_whiteout_.empty() ? entry.path : first_whiteout_;
  }
}

// In the order of the daemon's own steps, since each overrules what the one before it set: FileInfoHeader, then
// capabilities, then hard links, then ConvertWrite.
bool PackWriter::write(const PackEntry& entry, std::vector<PackedEntry>& out) {
  out.clear();
  NewTarHeader header;
  header.type = type_flag(entry.stat.mode);
  if (header.type == 0 || !set_owner(entry, header)) {
    return false;  // the daemon logs an error and goes on
  }
  header.name = entry.path + (entry.stat.is_dir() ? "/" : "");
  header.mode = entry.stat.mode & (variant_.mode == PackVariant::Mode::WithType ? 07777 | S_IFMT : 07777);
  header.size = entry.stat.is_file() ? entry.stat.size : 0;
  header.link_name = entry.link_target;
  header.mtime_seconds = entry.stat.mtime.seconds;
  if (header.type == '3' || header.type == '4') {
    header.device_major = entry.stat.rdev_major;
    header.device_minor = entry.stat.rdev_minor;
  }
  if (entry.capability) {
    header.xattrs.emplace_back("security.capability", portable_capability(*entry.capability));
  }
  // addTarFile: a later name of an inode has no contents of its own in the archive.
  if (!entry.first_name.empty()) {
    header.type = '1';
    header.link_name = entry.first_name;
    header.size = 0;
  }
  if (entry.stat.is_whiteout()) {
    become_whiteout(entry, header);
  }
  PackedEntry& packed = out.emplace_back();
  packed.name = header.name;
  if (!append_tar_header(header, packed.header)) {
    out.clear();
    return false;
  }
  if (entry.is_opaque) {
    NewTarHeader mark;
    mark.name = entry.path + "/" + std::string(kOpaqueName);
    // ConvertWrite makes the mark with the directory's permissions and owner, and no time at all (the epoch).
    mark.mode = header.mode & 0777;
    mark.uid = header.uid;
    mark.gid = header.gid;
    mark.user_name = header.user_name;
    mark.group_name = header.group_name;
    PackedEntry& second = out.emplace_back();
    second.name = mark.name;
    append_tar_header(mark, second.header);
  }
  return header.type == '0' && header.size > 0;
}

}  // namespace dfsck
