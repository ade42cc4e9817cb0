// Nearness of names: edit distance with swaps, bounded by the length of the word.
#include "cmd/options/nearest.h"

#include <algorithm>
#include <utility>

#include "checks/table.h"

namespace dfsck {
namespace {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
// Swapped letters are the most frequent slip of all, and cost two in the plain distance.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] =
          std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 60;  // longer ones are no names: not worth the square of their length
  constexpr size_t kMost = 3;
  constexpr size_t kShortestPart = 4;
  if (word.empty() || word.size() > kLongestWord) {
    return {};
  }
  // One slip for each five letters. More and every short word has a neighbour.
  const size_t allowed = 1 + word.size() / 5;
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& candidate : candidates) {
    const size_t distance = edit_distance(word, candidate);
    if (distance <= allowed) {
      near.emplace_back(distance, candidate);
    } else if (word.size() >= kShortestPart && candidate.find(word) != std::string::npos) {
      // Part of a name counts as near too: slugs are long, and people remember a word of them.
      near.emplace_back(allowed + 1, candidate);
    }
  }
  // Equal ones stay in the order in which they are known, so that a hint does not change from run to run.
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (size_t i = 0; i < near.size() && i < kMost; ++i) {
    names.push_back(near[i].second);
  }
  return names;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string> names = nearest(word, candidates);
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "; did you mean " : i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text.empty() ? text : text + "?";
}

// Areas and slugs before codes: a mistyped word is rather meant to be one of these.
std::vector<std::string> selector_names() {
  std::vector<std::string> names;
  for (const Area& area : all_areas()) {
    names.emplace_back(area.name);
  }
  for (const Problem& problem : all_problems()) {
    names.push_back(problem.slug());
  }
  for (const Problem& problem : all_problems()) {
    names.push_back(problem.code());
  }
  return names;
}

}  // namespace dfsck
