// Text of a report on its way to a person: harmless to a terminal, and no wider than it needs to be.
#pragma once

#include <string>
#include <string_view>

#include "cmd/options/options.h"

namespace dfsck {

// `text` with control characters and invalid UTF-8 written as \xNN. Reports are escaped where names enter them; this is
// the last line of defence, and it leaves what is escaped already as it is.
std::string safe_text(std::string_view text);

// Cuts each id (a run of exactly 64 hex digits) to its first 12 digits. A "-init" that follows stays.
std::string with_short_ids(std::string_view text);

// safe_text, and with_short_ids unless `truncate` is No.
std::string shown_text(std::string_view text, Truncate truncate);

// Breaks `text` at blanks into lines of at most `width` columns and puts `indent` before each but the first, which
// is taken to start at column `start`. Words longer than a line stay whole. Width 0: no breaking.
std::string wrapped(std::string_view text, size_t width, size_t start, std::string_view indent);

}  // namespace dfsck
