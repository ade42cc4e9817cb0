// Strict reading: a member that is missing, of another type or out of range is an error that names it.
#include "core/plan/json_members.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/codec/base64.h"

namespace dfsck {
namespace {

// What a reader gets in place of a member that is missing: it can go on to the end of the object, and whoever called
// it asks once whether anything failed.
const JsonValue kNull;
const JsonValue::Array kNoItems;

// What a person can read in a journal as it is; anything else is base64.
bool is_plain_text(std::string_view bytes) {
  std::string shown(bytes);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c == '\n' || c == '\t' || c == '\\'; }, ' ');
  return escaped(shown) == shown;
}

// Names and contents on a disk are bytes, not text; JSON has no bytes. The key tells which of the two a value is, so
// no text can be taken for the other.
std::string base64_key(std::string_view key) { return std::string(key) + "_base64"; }

}  // namespace

JsonValue json_unsigned(uint64_t number) { return JsonValue::number_text(std::to_string(number)); }

JsonValue json_time(const FileTime& time) {
  return JsonValue::array({JsonValue::number(time.seconds), JsonValue::number(time.nanoseconds)});
}

void add_bytes(JsonValue::Object& object, std::string_view key, std::string_view bytes) {
  if (is_plain_text(bytes)) {
    object.push_back({std::string(key), JsonValue::string(std::string(bytes))});
  } else {
    object.push_back({base64_key(key), JsonValue::string(encode_base64(bytes))});
  }
}

MemberReader::MemberReader(const JsonValue& value, std::string where) : value_(value), where_(std::move(where)) {
  if (value_.as_object() == nullptr) {
    error_ = format_error("read", where_, "is no JSON object");
  }
}

// The first failure is the one to tell: later ones often follow from it.
void MemberReader::fail(std::string_view key, std::string_view what) {
  if (!error_) {
    error_ = format_error("read", where_, "member \"" + std::string(key) + "\" " + std::string(what));
  }
}

const JsonValue& MemberReader::member(std::string_view key) {
  const JsonValue* found = value_.find_exact(key);
  if (found == nullptr) {
    fail(key, "is missing");
  }
  return found != nullptr ? *found : kNull;
}

bool MemberReader::has_bytes(std::string_view key) const { return has(key) || has(base64_key(key)); }

std::string MemberReader::text(std::string_view key) {
  const std::string* found = member(key).as_string();
  if (found == nullptr) {
    fail(key, "is no text");
  }
  return found != nullptr ? *found : std::string();
}

std::string MemberReader::bytes(std::string_view key) {
  if (has(key)) {
    return text(key);
  }
  std::string decoded;
  const std::string* encoded = member(base64_key(key)).as_string();
  if (encoded == nullptr || !decode_base64(*encoded, decoded)) {
    fail(base64_key(key), "is no base64");
    return "";
  }
  return decoded;
}

// A journal or a plan is a file that anybody with rights on the root can edit: what is no plain path below the root
// never becomes one, so no step can be made to lead outside.
RelPath MemberReader::path(std::string_view key) {
  const std::optional<RelPath> path = RelPath::parse(bytes(key));
  if (!path) {
    fail(key, "is no path below the root");
  }
  return path.value_or(RelPath());
}

uint64_t MemberReader::number(std::string_view key, uint64_t most) {
  const std::optional<uint64_t> found = member(key).as_uint64();
  if (!found || *found > most) {
    fail(key, "is no number that fits");
    return 0;
  }
  return *found;
}

uint32_t MemberReader::number32(std::string_view key, uint32_t most) {
  return static_cast<uint32_t>(number(key, most));
}

int64_t MemberReader::signed_number(std::string_view key) {
  const std::optional<int64_t> found = member(key).as_int64();
  if (!found) {
    fail(key, "is no number that fits");
  }
  return found.value_or(0);
}

// Absent is false: such members are written only where they are true, and older versions did not know some of them.
bool MemberReader::truth(std::string_view key) {
  if (!has(key)) {
    return false;
  }
  const std::optional<bool> found = member(key).as_bool();
  if (!found) {
    fail(key, "is neither true nor false");
  }
  return found.value_or(false);
}

std::optional<FileTime> MemberReader::time(std::string_view key) {
  if (!has(key)) {
    return std::nullopt;
  }
  const JsonValue::Array& parts = array(key);
  const auto seconds = parts.size() == 2 ? parts[0].as_int64() : std::nullopt;
  const auto nanoseconds = parts.size() == 2 ? parts[1].as_int64() : std::nullopt;
  // The kernel refuses nanoseconds beyond a second, but for two values, which would mean "now" and "leave it".
  if (!seconds || !nanoseconds || *nanoseconds < 0 || *nanoseconds > 999'999'999) {
    fail(key, "is no time");
    return std::nullopt;
  }
  return FileTime{*seconds, *nanoseconds};
}

const JsonValue::Array& MemberReader::array(std::string_view key) {
  const JsonValue::Array* found = member(key).as_array();
  if (found == nullptr) {
    fail(key, "is no array");
  }
  return found != nullptr ? *found : kNoItems;
}

}  // namespace dfsck
