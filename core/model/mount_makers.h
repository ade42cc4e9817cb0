// The words for who made a mount that is not data of a root (Boundary::made_by), besides containers and volumes'
// options.
#pragma once

#include <string_view>

#include "core/model/boundaries.h"

namespace dfsck {

inline constexpr std::string_view kPlugin = "a plugin";
inline constexpr std::string_view kBuildStep = "a build step";
inline constexpr std::string_view kSomethingThatRan =
    "something that ran";  // what the kernel shows there is nobody's data
inline constexpr std::string_view kNoDaemon = "somebody, not by a daemon";

// Neither data that can be copied, nor mounted again by whoever made it: what is in it may be missed.
inline bool is_missed(const Boundary& boundary) { return boundary.made_by == kNoDaemon; }

}  // namespace dfsck
