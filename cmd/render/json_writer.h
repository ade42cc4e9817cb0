// Writes one JSON document, indented, with keys in the order in which they are given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dfsck {

// The caller keeps the order of calls right (a key before each value in an object); the writer sees to commas,
// indentation and escaping. The result is valid JSON and valid UTF-8 whatever bytes the texts hold.
class JsonWriter {
 public:
  JsonWriter& object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& text(std::string_view value);
  JsonWriter& number(uint64_t value) { return raw(std::to_string(value)); }
  JsonWriter& number(int64_t value) { return raw(std::to_string(value)); }
  JsonWriter& number(int value) { return raw(std::to_string(value)); }
  JsonWriter& seconds(double value);  // three digits after the point
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& texts(const std::vector<std::string>& values);

  // The finished document, with a newline at its end.
  std::string take();

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& raw(std::string_view value);
  void begin_value();
  void new_line();

  std::string out_;
  size_t depth_ = 0;
  bool empty_ = true;       // nothing yet in the innermost object or array
  bool after_key_ = false;  // the next value belongs to a key
};

}  // namespace dfsck
