// How layers spell deletions: in tars by names (aufs' whiteouts), in trees by what overlay understands
// (moby pkg/archive/whiteouts.go, archive_linux.go).
#pragma once

#include <string_view>

namespace dfsck {

inline constexpr std::string_view kWhiteoutPrefix = ".wh.";
inline constexpr std::string_view kOpaqueName = ".wh..wh..opq";

}  // namespace dfsck
