// Exit codes, added up as in fsck(8), and the words for them.
#pragma once

#include <string>

namespace dfsck {

inline constexpr int kExitClean = 0;
inline constexpr int kExitCorrected = 1;
inline constexpr int kExitProblemsLeft = 4;
inline constexpr int kExitFailed = 8;
inline constexpr int kExitUsage = 16;
inline constexpr int kExitCancelled = 32;

// "4: problems were found and are left as they are"; sums are taken apart: "12: ... (4), ... (8)".
// What the part 8 stands for: any failure, or nothing but that there are things which cannot be checked.
enum class FailedPart { Any, NotChecked };
std::string exit_code_meaning(int code, FailedPart part = FailedPart::Any);

}  // namespace dfsck
