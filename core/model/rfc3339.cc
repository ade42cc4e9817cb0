// A strict reader of the one layout.
#include "core/model/rfc3339.h"

#include <algorithm>
#include <chrono>

#include "core/base/text.h"

namespace dfsck {
namespace {

bool is_decimal(char c) { return c >= '0' && c <= '9'; }

// A number of exactly `digits` digits at the start of `text`, which is moved past it.
std::optional<unsigned> take_number(std::string_view& text, size_t digits) {
  const std::string_view part = text.substr(0, digits);
  if (part.size() != digits || !std::all_of(part.begin(), part.end(), is_decimal)) {
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

// Any number of digits, as Go reads them; what is behind the ninth is dropped.
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

// As time.Time's UnmarshalJSON: a day that the month does not have, an hour 24 or a second 60 are refused, and with
// them the whole file.
bool is_rfc3339(std::string_view text) {
  return take_date(text) && take(text, 'T') && take_between(text, 0, 23) && take(text, ':') &&
         take_between(text, 0, 59) && take(text, ':') && take_between(text, 0, 59) && take_fraction(text) &&
         take_zone(text) && text.empty();
}

namespace {

constexpr size_t kDateAndTime = 19;  // "2026-11-23T19:57:07"

// The digits of a fraction that count: nanoseconds, without zeros at their end.
std::string_view fraction_of(std::string_view text) {
  if (text.size() <= kDateAndTime || text[kDateAndTime] != '.') {
    return {};
  }
  const size_t end = std::min(text.find_first_not_of("0123456789", kDateAndTime + 1), text.size());
  const std::string_view digits = text.substr(kDateAndTime + 1, std::min<size_t>(end - kDateAndTime - 1, 9));
  return digits.substr(0, digits.find_last_not_of('0') + 1);
}

// "Z", "+01:00", ...
std::string_view zone_of(std::string_view text) { return text.substr(text.find_first_of("Z+-", kDateAndTime)); }

int64_t number_at(std::string_view text, size_t at, size_t digits) {
  return static_cast<int64_t>(*parse_uint64(text.substr(at, digits)));
}

}  // namespace

// By the proleptic Gregorian calendar, which Go counts in too. The zero time of Go, 0001-01-01, is well before 1970
// and comes out negative.
std::optional<FileTime> rfc3339_time(std::string_view text) {
  if (!is_rfc3339(text)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(number_at(text, 0, 4))),
                                         std::chrono::month(static_cast<unsigned>(number_at(text, 5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number_at(text, 8, 2))));
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  FileTime time;
  time.seconds = ((days * 24 + number_at(text, 11, 2)) * 60 + number_at(text, 14, 2)) * 60 + number_at(text, 17, 2);
  if (const std::string_view zone = zone_of(text); zone != "Z") {
    const int64_t offset = (number_at(zone, 1, 2) * 60 + number_at(zone, 4, 2)) * 60;
    time.seconds -= zone.front() == '-' ? -offset : offset;
  }
  std::string nanoseconds(fraction_of(text));
  nanoseconds.resize(9, '0');
  time.nanoseconds = number_at(nanoseconds, 0, 9);
  return time;
}

// RFC3339Nano: zeros at the end of the fraction are not written, and a zone of zero minutes is "Z". What is hashed
// must come out byte for byte as the daemon writes it.
std::optional<std::string> as_go_writes_time(std::string_view text) {
  if (!is_rfc3339(text)) {
    return std::nullopt;
  }
  std::string written(text.substr(0, kDateAndTime));
  if (const std::string_view fraction = fraction_of(text); !fraction.empty()) {
    written.append(".").append(fraction);
  }
  const std::string_view zone = zone_of(text);
  return written.append(zone.substr(zone.size() - std::min<size_t>(5, zone.size())) == "00:00" ? "Z" : zone);
}

}  // namespace dfsck
