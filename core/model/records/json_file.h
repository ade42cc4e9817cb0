// Small JSON files of the daemon, and what is wrong with them in words.
#pragma once

#include <optional>
#include <string>

#include "core/codec/json/json.h"
#include "core/model/file_state.h"

namespace dfsck {

// The JSON value in `file`. Nothing if there is none; `problem` then says why, in words that fit behind "is":
// "missing", "empty", "cut off after 812 bytes", "malformed (not valid at byte 12: "...")".
std::optional<JsonValue> json_in(const FileState& file, JsonTrailing trailing, std::string& problem);

// The same for files that hold an object with something in it; null and {} are problems too.
std::optional<JsonValue> json_object_in(const FileState& file, JsonTrailing trailing, std::string& problem);

}  // namespace dfsck
