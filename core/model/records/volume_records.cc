// Decoding of volume records.
#include "core/model/records/volume_records.h"

#include <map>

#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// A Go map[string]string; nothing if it holds anything else.
std::optional<std::map<std::string, std::string>> string_map(const JsonValue& value) {
  std::map<std::string, std::string> map;
  if (value.is_null()) {
    return map;
  }
  const JsonValue::Object* members = value.as_object();
  if (members == nullptr) {
    return std::nullopt;
  }
  for (const JsonMember& member : *members) {
    const std::string* text = member.value.as_string();
    if (text == nullptr && !member.value.is_null()) {
      return std::nullopt;
    }
    map[member.key] = text != nullptr ? *text : "";
  }
  return map;
}

}  // namespace

// The name stands in the key and in the value; where they differ the record is none that a daemon wrote.
std::optional<VolumeRecord> parse_volume_record(std::string_view key, std::string_view json) {
  const Result<JsonValue> value = parse_json(json);
  if (!value || value->as_object() == nullptr) {
    return std::nullopt;
  }
  const std::string* name = value->get("Name").as_string();
  const std::string* driver = value->get("Driver").as_string();
  auto labels = string_map(value->get("Labels"));
  auto options = string_map(value->get("Options"));
  if (name == nullptr || *name != key || driver == nullptr || !labels || !options) {
    return std::nullopt;
  }
  return VolumeRecord{*name, *driver, std::move(*labels), std::move(*options), BoltOrigin::Tree, std::string(json)};
}

// By this the salvage of a damaged file knows pages of this bucket that nothing leads to any more.
BoltHome volume_home() {
  return {"volumes",
          [](std::string_view key, std::string_view value) { return parse_volume_record(key, value).has_value(); }};
}

std::vector<VolumeRecord> volume_records(const DatabaseFile& database) {
  std::vector<VolumeRecord> records;
  for_each_record(database, "volumes", [&](std::string_view key, std::string_view value, BoltOrigin origin) {
    if (auto record = parse_volume_record(key, value); record) {
      record->origin = origin;
      records.push_back(std::move(*record));
    }
  });
  return records;
}

}  // namespace dfsck
