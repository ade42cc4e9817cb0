// From a file's state to its JSON value, or to words for what is wrong with it.
#include "core/model/json_file.h"

#include "core/base/text.h"

namespace dfsck {

std::optional<JsonValue> json_in(const FileState& file, JsonTrailing trailing, std::string& problem) {
  if (!file.present() || file.empty() || file.zero_filled()) {
    problem = file.problem();
    return std::nullopt;
  }
  JsonLimits limits;
  limits.trailing = trailing;
  JsonFault fault = JsonFault::None;
  Result<JsonValue> value = parse_json(file.bytes, limits, &fault);
  if (value) {
    return std::move(*value);
  }
  switch (fault) {
    case JsonFault::Empty: problem = "blank"; break;
    case JsonFault::Truncated: problem = "cut off after " + counted(file.bytes.size(), "byte"); break;
    case JsonFault::TooBig: problem = "too large (" + value.error().detail + ")"; break;
    case JsonFault::None:
    case JsonFault::Garbage: problem = "malformed (" + value.error().detail + ")"; break;
  }
  return std::nullopt;
}

std::optional<JsonValue> json_object_in(const FileState& file, JsonTrailing trailing, std::string& problem) {
  std::optional<JsonValue> value = json_in(file, trailing, problem);
  if (!value) {
    return std::nullopt;
  }
  const JsonValue::Object* members = value->as_object();
  if (members != nullptr && !members->empty()) {
    return value;
  }
  problem = members != nullptr ? "an empty object" : value->is_null() ? "null" : "no JSON object";
  return std::nullopt;
}

}  // namespace dfsck
