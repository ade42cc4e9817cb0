// A JSON document in memory, independent of the library that parses it.
//
// What Go's encoding/json would see is kept: object members in the order of the text, numbers as their text.
// Strings hold the bytes behind the escapes as they are on disk, valid UTF-8 or not. Values are plain data:
// copying copies the whole tree, reading from many threads is safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dfsck {

struct JsonMember;

// A number as it is spelled in the document, so that writing it back changes nothing (1.0 stays 1.0).
struct JsonNumber {
  std::string text;
  friend bool operator==(const JsonNumber&, const JsonNumber&) = default;
};

class JsonValue {
 public:
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;

  JsonValue() = default;  // null
  static JsonValue boolean(bool truth);
  static JsonValue number(int64_t number);
  static JsonValue number_text(std::string text);  // trusts the caller that `text` is a JSON number
  static JsonValue string(std::string text);
  static JsonValue array(Array items);
  static JsonValue object(Object members);

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }

  // The content if the value is of that type, else nothing. Pointers live as long as the value.
  std::optional<bool> as_bool() const;
  const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  const std::string& text() const;  // the string; empty for a value of another type
  const JsonNumber* as_number() const { return std::get_if<JsonNumber>(&value_); }
  const Array* as_array() const { return std::get_if<Array>(&value_); }
  const Object* as_object() const { return std::get_if<Object>(&value_); }
  Array* as_array() { return std::get_if<Array>(&value_); }
  Object* as_object() { return std::get_if<Object>(&value_); }

  // A number that Go would accept for an integer field: no fraction, no exponent (1.0 and 1e3 are refused), in range.
  std::optional<int64_t> as_int64() const;
  std::optional<uint64_t> as_uint64() const;

  // The member that Go decodes into a struct field tagged `key`: ASCII case does not matter and the last match
  // in the document wins (encoding/json decode.go:object). Null if this is no object or has no such member.
  const JsonValue* find(std::string_view key) const;
  // The member that Go decodes into a map under `key`: the exact bytes.
  const JsonValue* find_exact(std::string_view key) const;
  // Like find, but a JSON null stands for "absent", so that look-ups can be chained.
  const JsonValue& get(std::string_view key) const;

  // Same tree: types, member order, number spelling.
  friend bool operator==(const JsonValue&, const JsonValue&) = default;

 private:
  std::variant<std::monostate, bool, JsonNumber, std::string, Array, Object> value_;
};

struct JsonMember {
  std::string key;
  JsonValue value;
  friend bool operator==(const JsonMember&, const JsonMember&) = default;
};

}  // namespace dfsck
