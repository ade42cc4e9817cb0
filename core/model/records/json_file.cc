// From a file's state to its JSON value, or to words for what is wrong with it.
#include "core/model/records/json_file.h"

#include "core/base/text.h"

namespace dfsck {

std::optional<JsonValue> json_in(const FileState& file, JsonTrailing trailing, std::string& problem) {
  if (!file.present() || file.empty() || file.zero_filled()) {
    problem = file.problem();
    return std::nullopt;
  }
  // Whether bytes behind the value matter depends on the reader in the daemon: a json.Decoder stops after the first
  // value, json.Unmarshal refuses the rest.
  JsonLimits limits;
  limits.trailing = trailing;
  JsonFault fault = JsonFault::None;
  Result<JsonValue> value = parse_json(file.bytes, limits, &fault);
  if (value) {
    return std::move(*value);
  }
  // The words follow what a person can do: cut off is a crash or a full disk, and a temporary file beside it may be
  // whole; malformed is something else.
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
  // An empty object and null decode without an error into all-zero values, and the daemon passes over the object
  // without a line in its log. So they are named as problems here.
  if (members != nullptr && !members->empty()) {
    return value;
  }
  problem = members != nullptr ? "an empty object" : value->is_null() ? "null" : "no JSON object";
  return std::nullopt;
}

}  // namespace dfsck
