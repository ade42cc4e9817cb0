// What is open, as a path: for calls that take nothing else.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

inline constexpr std::string_view kOpenDescriptors = "/proc/self/fd/";

// Leads to what the descriptor is open on, a symbolic link excepted: that is followed.
inline std::string proc_path(int fd) { return std::string(kOpenDescriptors) + std::to_string(fd); }

// A name in an open directory.
inline std::string proc_path(int dir, std::string_view name) { return proc_path(dir).append("/").append(name); }

}  // namespace dfsck
