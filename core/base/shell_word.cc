// Quotes what is not plain, one backslash at a time: a backslash of the name stays one.
#include "core/base/shell_word.h"

#include <algorithm>

#include "core/base/escape.h"

namespace dfsck {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_./:@%+=,-").find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view path) {
  if (std::all_of(path.begin(), path.end(), is_plain)) {
    return std::string(path);
  }
  // In single quotes a shell changes nothing at all, so that only the quote itself has to be written in another way:
  // the quotes end, a quote follows behind a backslash, and they begin again. A backslash is kept from `escaped`, which
  // would write it as \x5c.
  std::string word = "'";
  for (size_t start = 0; start < path.size();) {
    const size_t end = std::min(path.find_first_of("\\'", start), path.size());
    word += escaped(path.substr(start, end - start));
    if (end < path.size()) {
      word += path[end] == '\'' ? "'\\''" : "\\";
    }
    start = end + 1;
  }
  return word + "'";
}

}  // namespace dfsck
