// A strict reader of the one layout; what the moment means is of no interest here.
#include "core/model/rfc3339.h"

#include <algorithm>
#include <optional>

#include "core/base/text.h"

namespace dfsck {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number of exactly `digits` digits at the start of `text`, which is moved past it.
std::optional<unsigned> take_number(std::string_view& text, size_t digits) {
  const std::string_view part = text.substr(0, digits);
  if (part.size() != digits || !std::all_of(part.begin(), part.end(), is_digit)) {
    return std::nullopt;
  }
  text.remove_prefix(digits);
  return static_cast<unsigned>(*parse_uint64(part));
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) {
    return false;
  }
  text.remove_prefix(1);
  return true;
}

bool take_between(std::string_view& text, unsigned low, unsigned high) {
  const std::optional<unsigned> number = take_number(text, 2);
  return number && *number >= low && *number <= high;
}

unsigned days_of(unsigned year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool take_date(std::string_view& text) {
  const std::optional<unsigned> year = take_number(text, 4);
  if (!year || !take(text, '-')) {
    return false;
  }
  const std::optional<unsigned> month = take_number(text, 2);
  return month && *month >= 1 && *month <= 12 && take(text, '-') && take_between(text, 1, days_of(*year, *month));
}

bool take_fraction(std::string_view& text) {
  if (!take(text, '.')) {
    return true;
  }
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits > 0;
}

bool take_zone(std::string_view& text) {
  if (take(text, 'Z')) {
    return true;
  }
  return (take(text, '+') || take(text, '-')) && take_between(text, 0, 23) && take(text, ':') &&
         take_between(text, 0, 59);
}

}  // namespace

bool is_rfc3339(std::string_view text) {
  return take_date(text) && take(text, 'T') && take_between(text, 0, 23) && take(text, ':') &&
         take_between(text, 0, 59) && take(text, ':') && take_between(text, 0, 59) && take_fraction(text) &&
         take_zone(text) && text.empty();
}

}  // namespace dfsck
