// Names and link targets inside an archive that somebody else made.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/relpath.h"

namespace dfsck {

// The place that a member's name means: "./a//b/" is a/b. Nothing for absolute names, names with "..", and empty ones;
// "./" is the root.
std::optional<RelPath> member_name(std::string_view name);

// Where a symbolic link at `link` leads to, by its text alone. Nothing if it is absolute or leads out of the archive.
std::optional<RelPath> link_target(const RelPath& link, std::string_view target);

}  // namespace dfsck
