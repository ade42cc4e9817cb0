// Names in a sentence.
#pragma once

#include <string>
#include <vector>

namespace dfsck {

// "a", "a and b", "a, b and c"; of many names the first five: "a, b, c, d, e and 7 more".
std::string listed(const std::vector<std::string>& names);

}  // namespace dfsck
