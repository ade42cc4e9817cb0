// "Did you mean": names that are nearly what was typed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dfsck {

// The candidates that are at most a few typing errors away from `word` or contain it, nearest first, at most three.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean short-link-missing or short-link-wrong?"; empty if nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// Everything that --only and --skip accept: areas, slugs, codes.
std::vector<std::string> selector_names();

}  // namespace dfsck
