// Where the values of a JSON document stand in its text, so that one can be changed without touching any other byte.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json/json.h"

namespace dfsck {

// One step from the top of a document to a value.
struct JsonStep {
  std::string key;   // of an object's member, decoded; empty in arrays
  size_t index = 0;  // in the array or object
  bool in_array = false;
};

struct JsonPlace {
  enum class Kind { String, Object, Array, Other };
  Kind kind = Kind::Other;
  size_t begin = 0, end = 0;  // of the text, with quotes or brackets
};

using JsonVisitor = std::function<void(const std::vector<JsonStep>& path, const JsonPlace& place)>;

// Calls `visit` for every value, those inside of one before itself. Of members with equal keys, all of them. Nothing
// behind the first value is looked at. Errors as parse_json; then nothing was visited.
Result<void> visit_json_text(std::string_view text, const JsonLimits& limits, const JsonVisitor& visit);

// The bytes that a string stands for. `raw`: what is between its quotes, from a valid document. As Go decodes them, but
// invalid UTF-8 stays as it is.
std::string decoded_json(std::string_view raw);

// How many bytes of `raw` make up `wanted`, if that is what the string begins with.
std::optional<size_t> json_prefix(std::string_view raw, std::string_view wanted);

// `bytes` as they stand between quotes, as Go's encoder writes them.
std::string encoded_json(std::string_view bytes);

// "MountPoints./data.Source", "Binds[0]"; escaped.
std::string json_path_text(const std::vector<JsonStep>& path);

}  // namespace dfsck
