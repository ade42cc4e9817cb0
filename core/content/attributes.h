// What a tar header says of owner, mode, time and extended attributes, against what the disk says.
//
// The rules are those of moby pkg/archive/archive.go:createTarFile; what legitimately differs is left out here.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>

#include "core/codec/tar_header.h"
#include "core/content/verify.h"
#include "core/content/xattr_names.h"

namespace dfsck {

inline constexpr std::string_view kCapability = "security.capability";

// The owner on disk that the header's container ids become.
uint32_t uid_on_disk(const TarHeader& header, const LayerInput& input);
uint32_t gid_on_disk(const TarHeader& header, const LayerInput& input);
// The modification time on disk: times before 1970 become 0 (pkg/archive/time_linux.go, chtimes).
FileTime mtime_on_disk(const TarHeader& header);

// "mode 0644, should be 4755", "owner 1:1, should be 0:0", both, or nothing. The mode of symbolic links does not count.
std::optional<std::string> owner_mode_problem(const TarHeader& header, const struct ::stat& found,
                                              const LayerInput& input);
std::optional<std::string> owner_problem(const TarHeader& header, const struct ::stat& found, const LayerInput& input);
std::optional<std::string> time_problem(const TarHeader& header, const struct ::stat& found, const LayerInput& input);

// ACLs that the header does not have: what is made in a directory with a default ACL has one from the beginning, whoever
// unpacks it.
enum class OtherAcls { AreForeign, MayBeInherited };

// Calls report(name, detail) for every attribute that is missing, differs, or should not be there. A hard link's header
// (`type` is then that of the file it links to) takes away capabilities but leaves other attributes alone.
void find_xattr_problems(const TarHeader& header, uint32_t type, const ObjectPlace& place, const XattrNames& found,
                         const LayerInput& input, OtherAcls acls,
                         const std::function<void(const std::string& name, std::string detail)>& report);

// Attributes of the kernel's overlay and of fuse-overlayfs, in any of their namespaces.
bool is_overlay_xattr(std::string_view name);
// The name under which an object carries an opaque mark with the value "y"; nothing if it has none.
std::optional<std::string> opaque_mark(const ObjectPlace& place, const XattrNames& found);

}  // namespace dfsck
