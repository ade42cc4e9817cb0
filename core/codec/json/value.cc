// Access to a JSON tree with the rules of Go's decoder: case-insensitive field names, last one wins.
#include "core/codec/json/value.h"

#include "core/base/text.h"

namespace dfsck {
namespace {

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) {
    return false;
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (ascii_lower(left[i]) != ascii_lower(right[i])) {
      return false;
    }
  }
  return true;
}

}  // namespace

JsonValue JsonValue::boolean(bool truth) {
  JsonValue value;
  value.value_.emplace<bool>(truth);
  return value;
}

JsonValue JsonValue::number(int64_t number) { return number_text(std::to_string(number)); }

JsonValue JsonValue::number_text(std::string text) {
  JsonValue value;
  value.value_.emplace<JsonNumber>(JsonNumber{std::move(text)});
  return value;
}

JsonValue JsonValue::string(std::string text) {
  JsonValue value;
  value.value_.emplace<std::string>(std::move(text));
  return value;
}

JsonValue JsonValue::array(Array items) {
  JsonValue value;
  value.value_.emplace<Array>(std::move(items));
  return value;
}

JsonValue JsonValue::object(Object members) {
  JsonValue value;
  value.value_.emplace<Object>(std::move(members));
  return value;
}

std::optional<bool> JsonValue::as_bool() const {
  const bool* truth = std::get_if<bool>(&value_);
  return truth != nullptr ? std::optional(*truth) : std::nullopt;
}

std::optional<int64_t> JsonValue::as_int64() const {
  const JsonNumber* number = as_number();
  return number != nullptr ? parse_int64(number->text) : std::nullopt;
}

const std::string& JsonValue::text() const {
  static const std::string kNone;
  const std::string* text = as_string();
  return text != nullptr ? *text : kNone;
}

std::optional<uint64_t> JsonValue::as_uint64() const {
  const JsonNumber* number = as_number();
  return number != nullptr ? parse_uint64(number->text) : std::nullopt;
}

const JsonValue* JsonValue::find(std::string_view key) const {
  const Object* members = as_object();
  if (members == nullptr) {
    return nullptr;
  }
  for (auto member = members->rbegin(); member != members->rend(); ++member) {
    if (equal_ignoring_case(member->key, key)) {
      return &member->value;
    }
  }
  return nullptr;
}

const JsonValue* JsonValue::find_exact(std::string_view key) const {
  const Object* members = as_object();
  if (members == nullptr) {
    return nullptr;
  }
  for (auto member = members->rbegin(); member != members->rend(); ++member) {
    if (member->key == key) {
      return &member->value;
    }
  }
  return nullptr;
}

const JsonValue& JsonValue::get(std::string_view key) const {
  static const JsonValue kAbsent;
  const JsonValue* value = find(key);
  return value != nullptr ? *value : kAbsent;
}

}  // namespace dfsck
