// Decoding and salvaging of volume records.
#include "core/model/volume_records.h"

#include <map>

#include "core/codec/json.h"

namespace dfsck {
namespace {

constexpr size_t kBucketHeader = 16;  // bbolt bucket.go: root page and sequence, 8 bytes each

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

using Records = std::map<std::string, VolumeRecord>;

void salvage(const BoltPage& page, Records& records, const BoltLayout& layout) {
  for (uint64_t i = 0; page.kind() == BoltPage::Kind::Leaf && i < page.count(); ++i) {
    const BoltLeafElement element = page.leaf(i);
    if (!element.is_bucket) {
      if (auto record = parse_volume_record(element.key, element.value); record) {
        records.try_emplace(record->name, std::move(*record));
      }
      continue;
    }
    // A small bucket has no page of its own: it lies inside of its parent's.
    if (element.key == "volumes" && element.value.size() > kBucketHeader &&
        bolt_integer<uint64_t>(element.value, 0, layout.order) == 0) {
      const Result<BoltPage> inner =
          BoltPage::parse_inline(element.value.substr(kBucketHeader), layout.order, page.id());
      if (inner) {
        salvage(*inner, records, layout);
      }
    }
  }
}

}  // namespace

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
  return VolumeRecord{*name, *driver, std::move(*labels), std::move(*options)};
}

std::vector<VolumeRecord> volume_records(const DatabaseFile& database) {
  Records records;
  if (const BoltBucket* bucket = database.bucket("volumes"); bucket != nullptr) {
    for (const BoltEntry& entry : bucket->entries) {
      if (auto record = parse_volume_record(entry.key, entry.value); record && !entry.bucket) {
        records.try_emplace(record->name, std::move(*record));
      }
    }
  }
  if (database.facts.state == Database::State::Bad && database.file) {
    for (const BoltPage& page : database.file->readable_pages()) {
      salvage(page, records, database.file->layout());
    }
  }
  std::vector<VolumeRecord> sorted;
  for (auto& [name, record] : records) {
    sorted.push_back(std::move(record));
  }
  return sorted;
}

}  // namespace dfsck
