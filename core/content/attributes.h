// What a tar header says of owner, mode, time and extended attributes, against what the disk says.
//
// The rules are those of moby pkg/archive/archive.go:createTarFile; what legitimately differs is left out here.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/codec/override_stat.h"
#include "core/codec/tar/header.h"
#include "core/content/tree/xattr_names.h"
#include "core/content/verify.h"

namespace dfsck {

inline constexpr std::string_view kCapability = "security.capability";

// The owner on disk that the header's container ids become; nothing where the root's map does not tell.
struct DiskOwner {
  uint32_t uid = 0;
  uint32_t gid = 0;
};
std::optional<DiskOwner> owner_on_disk(const TarHeader& header, const RootOwners& owners);
// The attributes as the root's daemon writes them: in a user namespace, the kernel ties capabilities to its root, and
// the ids in access lists are shifted. Lists that name somebody without an id on disk are left out.
std::vector<std::pair<std::string, std::string>> xattrs_on_disk(const TarHeader& header, const RootOwners& owners);
// The modification time on disk: times before 1970 become 0 (pkg/archive/time_linux.go, chtimes).
FileTime mtime_on_disk(const TarHeader& header);

struct OwnerProblem {
  std::string detail;      // "mode 0644, should be 4755", "owner 1:1, should be 0:0", or both
  bool is_hidden = false;  // the owner is none that can be seen from here
};
// The mode of symbolic links does not count. `instead`: what fuse-overlayfs keeps in place of the object's own owner
// and mode.
std::optional<OwnerProblem> owner_mode_problem(const TarHeader& header, const struct ::stat& found,
                                               const std::optional<OverrideStat>& instead, const LayerInput& input);
std::optional<std::string> time_problem(const TarHeader& header, const struct ::stat& found, const LayerInput& input);

// ACLs that the header does not have: what is made in a directory with a default ACL has one from the beginning,
// whoever unpacks it.
enum class OtherAcls { AreForeign, MayBeInherited };

struct XattrProblem {
  std::string name;
  std::string detail;  // "has lost its attribute user.x"
  // An access list that names whom the header names, in a root whose owners are shifted: whoever shifted them, a tool
  // that knows owners alone perhaps, left the lists as they were.
  bool is_unshifted = false;
};

// Calls `report` for every attribute that is missing, differs, or should not be there. A hard link's header (`type` is
// then that of the file it links to) takes away capabilities but leaves other attributes alone. True if an access list
// was seen whose ids are shifted as they should be.
bool find_xattr_problems(const TarHeader& header, uint32_t type, const ObjectPlace& place, const XattrNames& found,
                         const LayerInput& input, OtherAcls acls,
                         const std::function<void(XattrProblem problem)>& report);

// Attributes of the kernel's overlay and of fuse-overlayfs, in any of their namespaces.
bool is_overlay_xattr(std::string_view name);
// The name under which an object carries an opaque mark with the value "y"; nothing if it has none.
std::optional<std::string> opaque_mark(const ObjectPlace& place, const XattrNames& found,
                                       OverlayMarks marks = OverlayMarks::Any);
// What fuse-overlayfs keeps in place of owner and mode; nothing if it does not.
std::optional<OverrideStat> override_stat(const ObjectPlace& place, const XattrNames& found);

}  // namespace dfsck
