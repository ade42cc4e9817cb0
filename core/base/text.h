// Small, strict operations on text that come back in many parsers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dfsck {

// `text` without leading and trailing ASCII white space (what Go's strings.TrimSpace removes of ASCII).
std::string_view trimmed(std::string_view text);

// The pieces between separators; an empty text gives one empty piece, as Go's strings.Split does.
std::vector<std::string_view> split(std::string_view text, char separator);

// Decimal numbers, whole text, no sign (or an optional sign for parse_int64), no blanks; nothing on overflow.
std::optional<uint64_t> parse_uint64(std::string_view text);
std::optional<int64_t> parse_int64(std::string_view text);

// Each of the texts, or what `said` makes of it, with a separator between two.
template <typename Range, typename Said = std::identity>
std::string joined(const Range& range, std::string_view separator, const Said& said = {}) {
  std::string text;
  for (const auto& each : range) {
    text.append(text.empty() ? std::string_view() : separator).append(said(each));
  }
  return text;
}

bool is_lower_hex(std::string_view text);
bool all_of_char(std::string_view text, char wanted);  // false for an empty text

// "1 file", "2 files": the count with the noun in the right number.
std::string counted(uint64_t count, std::string_view noun);

// "0644": a mode as chmod(1) takes it.
std::string octal(uint32_t mode);

// "4.3 GB": decimal units, one digit after the point from KB up.
std::string human_bytes(uint64_t bytes);

}  // namespace dfsck
