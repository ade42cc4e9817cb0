// Sections of text reports.
#include "cmd/render/text_section.h"

#include <algorithm>

#include "cmd/render/safe_text.h"

namespace dfsck {

// Nothing for an empty list: a heading without lines looks like something that was cut off.
std::string text_section(const std::string& heading, const std::vector<std::string>& lines,
                         const RenderSettings& settings) {
  constexpr size_t kShownLines = 20;
  if (lines.empty()) {
    return "";
  }
  std::string text = "\n" + heading + ":\n";
  const size_t count = settings.truncate == Truncate::Yes ? std::min(lines.size(), kShownLines) : lines.size();
  for (size_t i = 0; i < count; ++i) {
    text += "  " + shown_text(lines[i], settings.truncate) + "\n";
  }
  if (lines.size() > count) {
    text += "  and " + std::to_string(lines.size() - count) + " more; --no-trunc shows all\n";
  }
  return text;
}

}  // namespace dfsck
