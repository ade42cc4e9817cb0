// What could not be read, in lines.
#include "cmd/render/text_failures.h"

#include <algorithm>
#include <vector>

#include "cmd/render/safe_text.h"
#include "cmd/render/totals.h"

namespace dfsck {
namespace {

// What could not be read or done, of the first check and of the one after the repair.
std::vector<std::string> failures_of(const RootReport& report) {
  std::vector<std::string> failures = report.failures;
  for (const RootReport& after : report.after) {
    for (const std::string& failure : after.failures) {
      if (std::find(failures.begin(), failures.end(), failure) == failures.end()) {
        failures.push_back(failure);
      }
    }
  }
  return failures;
}

}  // namespace

// Before the findings and in red: what is not in a report matters most when nobody knows that it is missing.
std::string render_failures(const RootReport& report, std::string_view where, const RenderSettings& settings) {
  const std::vector<std::string> failures = failures_of(report);
  if (failures.empty()) {
    return "";
  }
  constexpr size_t kShown = 20;
  const size_t count = settings.truncate == Truncate::Yes ? std::min(failures.size(), kShown) : failures.size();
  std::string text = "\n" + settings.paint.red("NOT EVERYTHING COULD BE READ" + std::string(where)) +
                     ": there may be more than is found below.\n";
  for (size_t i = 0; i < count; ++i) {
    text += "  " + shown_text(failures[i], settings.truncate) + "\n";
  }
  if (failures.size() > count) {
    text += "  and " + std::to_string(failures.size() - count) + " more; --no-trunc shows all\n";
  }
  return text + (needs_root(report) ? "  Run docker-fsck as root to read everything.\n" : "");
}

}  // namespace dfsck
