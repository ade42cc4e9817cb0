// Joins names with commas and one "and".
#include "checks/databases/listed.h"

#include <algorithm>

namespace dfsck {

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  const size_t shown = names.size() > kShown + 1 ? kShown : names.size();
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == names.size() && i > 0;
    text += (i == 0 ? "" : last ? " and " : ", ") + names[i];
  }
  return text + (shown < names.size() ? " and " + std::to_string(names.size() - shown) + " more" : "");
}

}  // namespace dfsck
