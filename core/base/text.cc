// Strict text parsing and plain formatting; no locale, no exceptions.
#include "core/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

namespace dfsck {
namespace {

// Not isspace(3), which asks the locale.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (;;) {
    const size_t end = text.find(separator);
    pieces.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return pieces;
    }
    text.remove_prefix(end + 1);
  }
}

// from_chars alone takes a number with something behind it; the whole text has to be one, as for Go's ParseUint.
std::optional<uint64_t> parse_uint64(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> parse_int64(std::string_view text) {
  if (text.starts_with('+')) {  // Go's ParseInt allows a plus sign, from_chars does not
    text.remove_prefix(1);
    if (text.starts_with('-')) {
      return std::nullopt;
    }
  }
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_of_char(std::string_view text, char wanted) {
  return !text.empty() && text.find_first_not_of(wanted) == std::string_view::npos;
}

std::string counted(uint64_t count, std::string_view noun) {
  std::string text = std::to_string(count) + " ";
  if (count == 1) {
    return text.append(noun);
  }
  if (noun.ends_with('y') && !noun.ends_with("ay") && !noun.ends_with("ey")) {
    return text.append(noun.substr(0, noun.size() - 1)).append("ies");
  }
  return text.append(noun).append("s");
}

std::string octal(uint32_t mode) {
  std::array<char, 16> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04o", mode);
  return buffer.data();
}

std::string human_bytes(uint64_t bytes) {
  static constexpr std::array kUnits{"bytes", "KB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) {
    return counted(bytes, "byte");
  }
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  // 999.95 is where "%.1f" would print 1000.0.
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f %s", value, kUnits[unit]);
  return buffer.data();
}

}  // namespace dfsck
