// Words for exit codes.
#include "cmd/options/exit_codes.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace dfsck {

// Sums are taken apart, since 12 is in nobody's head. The parts are those of fsck(8), so scripts that
// know them can look at single bits; 8 beside 4 says that there may be more than what was found.
std::string exit_code_meaning(int code, FailedPart part) {
  static constexpr std::array<std::pair<int, std::string_view>, 5> kParts{{
      {kExitCorrected, "problems were found, and all of them are repaired"},
      {kExitProblemsLeft, "problems were found and are left as they are"},
      {kExitFailed, "the check or the repair failed, at least in part"},
      {kExitUsage, "the command line was wrong"},
      {kExitCancelled, "it was cancelled before its end"},
  }};
  std::vector<std::pair<int, std::string_view>> parts;
  for (const auto& each : kParts) {
    if ((code & each.first) != 0) {
      parts.push_back(each);
      // A root with a storage driver that is not covered gives this each time.
      // It would be wrong to call that a failure.
      if (each.first == kExitFailed && part == FailedPart::NotChecked) {
        parts.back().second = "not everything was checked";
      }
    }
  }
  std::string text = std::to_string(code) + ": ";
  if (parts.empty()) {
    return text + "nothing is wrong";
  }
  if (parts.size() == 1) {
    return text.append(parts[0].second);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    text.append(i == 0 ? "" : "; ").append(parts[i].second).append(" (" + std::to_string(parts[i].first) + ")");
  }
  return text;
}

}  // namespace dfsck
