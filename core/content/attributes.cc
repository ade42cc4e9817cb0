// Comparison of attributes.
#include "core/content/attributes.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/posix_acl.h"

namespace dfsck {
namespace {

std::string owner(uint32_t uid, uint32_t gid) { return std::to_string(uid) + ":" + std::to_string(gid); }

std::string time_text(const FileTime& time) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%lld.%09lld", static_cast<long long>(time.seconds),
                static_cast<long long>(time.nanoseconds));
  return text.data();
}

// Set by hosts or by nobody in particular; not what a layer is made of.
bool is_never_compared(std::string_view name) {
  return is_overlay_xattr(name) || name == "security.selinux" || name == "security.ima" || name == "security.evm";
}

// Whether an attribute that the header does not have is damage.
// A capability that is too much gives a program rights, so it is always judged. Others only where the tree was written
// from the tar: the upper directory of a BuildKit step may have had any, and its tar need not have taken them.
bool is_foreign(std::string_view name, const LayerInput& input) {
  if (name == kCapability) {
    return true;
  }
  return input.provenance == Provenance::Unpacked && (name.starts_with("user.") || is_posix_acl(name));
}

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

// linux/capability.h: XATTR_CAPS_SZ_2 and XATTR_CAPS_SZ_3. A revision of 3 has the root's id at its end.
constexpr size_t kCapabilityV2 = 20;
constexpr size_t kCapabilityV3 = 24;
constexpr uint32_t kRevisionMask = 0xff000000;
constexpr size_t kRevisionAt = 3;

// A capability of revision 3 belongs to a user namespace, whose root it names; the daemon writes revision 2 into tars
// and the kernel shows either, depending on who asks. Revision 3 of this very root is given as revision 2.
std::string normalized_capability(std::string value, const RootOwners& owners) {
  if (value.size() == kCapabilityV3 && (little_endian(value) & kRevisionMask) == 0x03000000) {
    const uint32_t root = little_endian(std::string_view(value).substr(kCapabilityV2));
    // Bound to another namespace's root the capability counts for nobody in this one's containers: that stays a
    // difference.
    if (root == 0 || root == owners.layer_uid() || root == owners.daemon_uid() || !owners.known) {
      value.resize(kCapabilityV2);
      value[kRevisionAt] = 2;
    }
  }
  return value;
}

// chmod, which follows when the daemon unpacks, changes all but what named users and groups may. Of an id that cannot
// be seen from here, the kernel says that it is none.
enum class AclMatch { Same, Shifted, Unshifted, Differs };  // Shifted: the same, and no tar says so

AclMatch match_acl(const std::string& expected, const std::string& found, const RootOwners& owners) {
  const std::optional<PosixAcl> in_tar = parse_posix_acl(expected);
  const std::optional<PosixAcl> right = in_tar && owners.known ? in_tar->on_disk(owners.daemon) : std::nullopt;
  const std::optional<PosixAcl> have = parse_posix_acl(found);
  // Undetermined and so not damage: the tar's list, the owners' map or what is on disk makes no sense to us.
  if (!right || !have) {
    return AclMatch::Same;
  }
  const auto named = have->named();
  const bool hidden = owners.hides_ids && std::any_of(named.begin(), named.end(), [](const PosixAcl::Entry& entry) {
                        return entry.id == UINT32_MAX;
                      });
  const bool is_shifted = in_tar->named() != right->named();
  if (hidden || named == right->named()) {
    return is_shifted && !hidden ? AclMatch::Shifted : AclMatch::Same;
  }
  // Whoever shifted a root's owners with a tool that knows no lists has left them all as in the tar. Seen in one file
  // that looks like damage; whether it is one shows only when all files were seen (take_back_unshifted_acls).
  return is_shifted && named == in_tar->named() ? AclMatch::Unshifted : AclMatch::Differs;
}

bool same_value(const std::string& name, const std::string& expected, const std::string& found,
                const LayerInput& input) {
  return name == kCapability
             ? normalized_capability(expected, input.owners) == normalized_capability(found, input.owners)
             : expected == found;
}

// The kernel refuses some on all but files and directories, or on links, and the daemon goes on without.
bool can_carry(uint32_t type, std::string_view name) {
  return name.starts_with("user.") ? type == S_IFREG || type == S_IFDIR : !is_posix_acl(name) || type != S_IFLNK;
}

// An access list that the kernel does not keep as an attribute.
bool becomes_mode(const std::string& name, const std::string& value) {
  const std::optional<PosixAcl> acl = name == kAccessAcl ? parse_posix_acl(value) : std::nullopt;
  return acl && acl->is_mode_alone();
}

}  // namespace

// Ids are 64 bits in a header and 32 on disk; what the root's map has no place for cannot be compared, nor repaired.
std::optional<DiskOwner> owner_on_disk(const TarHeader& header, const RootOwners& owners) {
  const std::optional<uint32_t> uid = owners.containers.users.to_host(header.uid);
  const std::optional<uint32_t> gid = owners.containers.groups.to_host(header.gid);
  return owners.known && uid && gid ? std::optional(DiskOwner{*uid, *gid}) : std::nullopt;
}

std::vector<std::pair<std::string, std::string>> xattrs_on_disk(const TarHeader& header, const RootOwners& owners) {
  std::vector<std::pair<std::string, std::string>> xattrs;
  const uint32_t root = owners.daemon_uid();
  for (auto [name, value] : header.xattrs) {
    if (const auto acl = is_posix_acl(name) ? parse_posix_acl(value) : std::nullopt; acl) {
      const std::optional<PosixAcl> moved = acl->on_disk(owners.daemon);
      if (!moved) {
        continue;
      }
      value = moved->value();
    }
    // The kernel does the same when the daemon sets the attribute from within its namespace. Written from outside, a
    // plain revision 2 would belong to the root of the initial namespace and count for nobody in the container.
    if (name == kCapability && root != 0 && value.size() == kCapabilityV2) {
      value[kRevisionAt] = 3;
      for (size_t i = 0; i < kCapabilityV3 - kCapabilityV2; ++i) {
        value += static_cast<char>(root >> (8 * i));
      }
    }
    xattrs.emplace_back(std::move(name), std::move(value));
  }
  return xattrs;
}

FileTime mtime_on_disk(const TarHeader& header) {
  return header.mtime_seconds < 0 ? FileTime{} : FileTime{header.mtime_seconds, header.mtime_nanoseconds};
}

namespace {

std::string owner_detail(const TarHeader& header, const struct ::stat& found,
                         const std::optional<OverrideStat>& instead, const RootOwners& owners) {
  // What fuse-overlayfs keeps are the ids that containers see.
  const std::optional<DiskOwner> wanted =
      instead ? std::optional(DiskOwner{static_cast<uint32_t>(header.uid), static_cast<uint32_t>(header.gid)})
              : owner_on_disk(header, owners);
  const uint32_t uid = instead ? instead->uid : found.st_uid;
  const uint32_t gid = instead ? instead->gid : found.st_gid;
  if (!wanted || (wanted->uid == uid && wanted->gid == gid)) {
    return "";
  }
  return "owner " + owner(uid, gid) + ", should be " + owner(wanted->uid, wanted->gid);
}

}  // namespace

std::optional<OwnerProblem> owner_mode_problem(const TarHeader& header, const struct ::stat& found,
                                               const std::optional<OverrideStat>& instead, const LayerInput& input) {
  constexpr uint32_t kBits = 07777;
  OwnerProblem problem;
  // fuse-overlayfs of an ordinary user cannot chown, and keeps owner and mode of a file in an attribute: that is what
  // its containers see, and the inode's own are those of the user.
  const uint32_t mode = instead ? instead->mode : found.st_mode & kBits;
  // A link has no mode that could be set; createTarFile leaves links out as well.
  if (!S_ISLNK(found.st_mode) && mode != header.mode) {
    problem.detail = "mode " + octal(mode) + ", should be " + octal(header.mode);
  }
  if (const std::string detail = owner_detail(header, found, instead, input.owners); !detail.empty()) {
    problem.detail += (problem.detail.empty() ? "" : "; ") + detail;
    problem.is_hidden = !instead && input.owners.is_hidden(found.st_uid, found.st_gid);
  }
  return problem.detail.empty() ? std::nullopt : std::optional(std::move(problem));
}

std::optional<std::string> time_problem(const TarHeader& header, const struct ::stat& found, const LayerInput& input) {
  const FileTime expected = mtime_on_disk(header);
  const FileTime have{found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  // Filesystems that keep whole seconds only show no nanoseconds.
  const bool coarse = input.provenance == Provenance::RawUpper || have.nanoseconds == 0;
  // A raw upper directory keeps times before 1970 as they are, where an unpacked one has 0.
  const bool same_second =
      expected.seconds == have.seconds || (input.provenance == Provenance::RawUpper && header.mtime_seconds < 0);
  if (same_second && (coarse || expected.nanoseconds == have.nanoseconds)) {
    return std::nullopt;
  }
  return "modified " + time_text(have) + ", should be " + time_text(expected);
}

bool is_overlay_xattr(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.") ||
         name.starts_with("user.fuseoverlayfs.") || is_override_xattr(name);
}

// Which of them counts is the overlay's choice: a mark in a namespace that it does not read hides nothing. "x" as a
// value is another mark of newer kernels and hides nothing either.
std::optional<std::string> opaque_mark(const ObjectPlace& place, const XattrNames& found, OverlayMarks marks) {
  const auto is_marked = [&](const char* name) { return found.contains(name) && read_xattr(place, name) == "y"; };
  if (marks != OverlayMarks::User && is_marked("trusted.overlay.opaque")) {
    return "trusted.overlay.opaque";
  }
  if (marks != OverlayMarks::Trusted && is_marked("user.overlay.opaque")) {
    return "user.overlay.opaque";
  }
  return marks == OverlayMarks::Any && is_marked("user.fuseoverlayfs.opaque")
             ? std::optional<std::string>("user.fuseoverlayfs.opaque")
             : std::nullopt;
}

std::optional<OverrideStat> override_stat(const ObjectPlace& place, const XattrNames& found) {
  for (const char* name : kOverrideXattrs) {
    const std::optional<std::string> value = found.contains(name) ? read_xattr(place, name) : std::nullopt;
    if (const auto instead = value ? parse_override_stat(*value) : std::nullopt; instead) {
      return instead;
    }
  }
  return std::nullopt;
}

bool find_xattr_problems(const TarHeader& header, uint32_t type, const ObjectPlace& place, const XattrNames& found,
                         const LayerInput& input, OtherAcls acls,
                         const std::function<void(XattrProblem problem)>& report) {
  bool shows_shifted = false;
  for (const auto& [name, expected] : header.xattrs) {
    if (is_never_compared(name) || !can_carry(type, name) || becomes_mode(name, expected)) {
      continue;
    }
    if (!found.contains(name)) {
      report({name, "has lost its attribute " + escaped(name)});
      continue;
    }
    const std::optional<std::string> value = read_xattr(place, name);
    const std::string differs = "its attribute " + escaped(name) + " has another value";
    if (value && is_posix_acl(name)) {
      const AclMatch match = match_acl(expected, *value, input.owners);
      shows_shifted = shows_shifted || match == AclMatch::Shifted;
      if (match == AclMatch::Unshifted || match == AclMatch::Differs) {
        report({name, differs, match == AclMatch::Unshifted});
      }
    } else if (value && !same_value(name, expected, *value, input)) {
      report({name, differs});
    }
  }
  const auto header_has = [&](std::string_view name) {
    return std::any_of(header.xattrs.begin(), header.xattrs.end(),
                       [&](const auto& have) { return have.first == name; });
  };
  found.each([&](std::string_view name) {
    // A hard-link header's lchown takes capabilities from the shared inode, and its own attributes are added to those
    // that are there: so only a capability can be one too many.
    const bool judged = header.is_hard_link() ? name == kCapability : is_foreign(name, input);
    if (judged && !is_never_compared(name) && !header_has(name) &&
        !(acls == OtherAcls::MayBeInherited && is_posix_acl(name))) {
      report({std::string(name), "has an attribute " + escaped(name) + " that it should not have"});
    }
  });
  return shows_shifted;
}

}  // namespace dfsck
