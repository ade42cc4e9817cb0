// Escaping, shortening and wrapping of text for people.
#include "cmd/render/safe_text.h"

#include <algorithm>
#include <vector>

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {

// Names from a root may hold escape sequences that move the cursor or change a terminal's title. What is
// escaped already has backslashes of its own, which stay as they are, so that it may be applied twice.
std::string safe_text(std::string_view text) {
  std::string out;
  for (const std::string_view piece : split(text, '\\')) {  // a backslash would be escaped a second time
    out += (out.empty() && piece.data() == text.data() ? "" : "\\") + escaped(piece);
  }
  return out;
}

// Twelve digits, as docker shows them, and of runs of exactly 64 only: a shorter run is no id,
// and a longer one would become a wrong id.
std::string with_short_ids(std::string_view text) {
  constexpr size_t kIdLength = 64;
  constexpr size_t kShownLength = 12;
  std::string out;
  while (!text.empty()) {
    const size_t run = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
    out += text.substr(0, run == kIdLength ? kShownLength : run);
    text.remove_prefix(run);
    const size_t other = std::min(text.find_first_of("0123456789abcdef"), text.size());
    out += text.substr(0, other);
    text.remove_prefix(other);
  }
  return out;
}

// Escaped before it is shortened, so that no part of an escape is taken for an id.
std::string shown_text(std::string_view text, Truncate truncate) {
  return truncate == Truncate::Yes ? with_short_ids(safe_text(text)) : safe_text(text);
}

// Width 0 is no terminal: lines stay whole for grep.
std::string wrapped(std::string_view text, size_t width, size_t start, std::string_view indent) {
  if (width == 0) {
    return std::string(text);
  }
  std::string out;
  size_t column = start;
  bool line_is_empty = true;
  for (const std::string_view word : split(text, ' ')) {
    if (!line_is_empty && column + 1 + word.size() > width) {
      out.append("\n").append(indent);
      column = indent.size();
      line_is_empty = true;
    }
    out.append(line_is_empty ? "" : " ").append(word);
    column += word.size() + (line_is_empty ? 0 : 1);
    line_is_empty = false;
  }
  return out;
}

}  // namespace dfsck
