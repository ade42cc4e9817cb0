// Volume records and opts.json say the same thing in two forms; this translates between them.
#include "checks/databases/volume_rebuild.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "checks/databases/listed.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

constexpr std::string_view kUnits = "kmgtp";

// "10m", "1.5 GiB": as docker/go-units RAMInBytes reads it.
// The database keeps what the user typed, opts.json what the daemon made of it. A size
// that the daemon would refuse makes no file.
std::optional<uint64_t> parse_size(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || text.starts_with('-')) {
    return std::nullopt;
  }
  std::string unit(end, static_cast<size_t>(text.data() + text.size() - end));
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  std::string_view rest = unit;
  rest.remove_prefix(rest.starts_with(' ') ? 1 : 0);
  if (const size_t power = rest.empty() ? std::string_view::npos : kUnits.find(rest.front());
      power != std::string_view::npos) {
    value *= std::pow(1024.0, static_cast<double>(power + 1));
    rest.remove_prefix(1);
  }
  rest.remove_prefix(rest.starts_with('i') ? 1 : 0);
  rest.remove_prefix(rest.starts_with('b') ? 1 : 0);
  constexpr double kMost = 9.2e18;
  return rest.empty() && value < kMost ? std::optional(static_cast<uint64_t>(value)) : std::nullopt;
}

JsonValue string_map(const std::map<std::string, std::string>& map) {
  if (map.empty()) {
    return {};
  }
  JsonValue::Object members;
  for (const auto& [key, value] : map) {
    members.push_back({key, JsonValue::string(value)});
  }
  return JsonValue::object(std::move(members));
}

// opts.json has them by other names (moby volume/local/local_unix.go).
std::map<std::string, std::string> options_of(const Volume& volume) {
  std::map<std::string, std::string> options;
  const Result<JsonValue> file = parse_json(volume.options.bytes);
  if (!volume.options.present() || !file) {
    return options;
  }
  const auto take = [&](const char* option, const char* member) {
    if (const std::string* text = file->get(member).as_string(); text != nullptr && !text->empty()) {
      options[option] = *text;
    }
  };
  take("type", "MountType");
  take("o", "MountOpts");
  take("device", "MountDevice");
  if (const auto size = file->get("Quota").get("Size").as_uint64(); size && *size > 0) {
    options["size"] = std::to_string(*size);
  }
  return options;
}

}  // namespace

bool is_local(const VolumeRecord& record) { return record.driver.empty() || record.driver == "local"; }

std::optional<std::string> volume_options_file(const VolumeRecord& record) {
  const auto option = [&](const char* name) {
    const auto found = record.options.find(name);
    return found != record.options.end() ? found->second : std::string();
  };
  const std::string size_text = option("size");
  const std::optional<uint64_t> size = size_text.empty() ? std::optional<uint64_t>(0) : parse_size(size_text);
  if (!is_local(record) || record.options.empty() || !size) {
    return std::nullopt;
  }
  JsonValue::Object quota{{"Size", JsonValue::number_text(std::to_string(*size))}};
  return to_go_json(JsonValue::object({{"MountType", JsonValue::string(option("type"))},
                                       {"MountOpts", JsonValue::string(option("o"))},
                                       {"MountDevice", JsonValue::string(option("device"))},
                                       {"Quota", JsonValue::object(std::move(quota))}}));
}

// Local records without a directory are left out: the daemon would drop them at its next start. Those
// of plugins are kept whatever is here, since their volumes exist in the plugin only.
VolumeRebuild rebuild_volumes(const Model& model) {
  const VolumeStore& store = model.volumes;
  std::map<std::string, VolumeRecord> records;
  VolumeRebuild rebuild;
  for (const VolumeRecord& record : store.records) {
    if (!is_local(record) || store.find(record.name) != nullptr) {
      records[record.name] = record;
      if (record.origin != BoltOrigin::Tree) {
        rebuild.doubtful.push_back(escaped(record.name));
      }
    }
  }
  const auto add_unlabelled = [&](VolumeRecord record) {
    if (const auto [at, added] = records.try_emplace(record.name, std::move(record)); added) {
      rebuild.unlabelled.push_back(escaped(at->first));
    }
  };
  for (const Volume& volume : store.volumes) {
    if (volume.has_data || !volume.options.absent()) {
      add_unlabelled({volume.name, "local", {}, options_of(volume), BoltOrigin::Tree});
    }
  }
  for (const Container& container : model.containers.containers) {
    for (const Container::MountPoint& mount : container.mount_points) {
      if (!mount.name.empty() && !mount.driver.empty() && mount.driver != "local") {
        add_unlabelled({mount.name, mount.driver, {}, {}, BoltOrigin::Tree});
      }
    }
  }
  for (auto& [name, record] : records) {
    rebuild.records.push_back(std::move(record));
  }
  return rebuild;
}

std::string VolumeRebuild::text() const { return counted(records.size(), "volume"); }

std::string VolumeRebuild::lost_text() const {
  std::string text;
  if (!unlabelled.empty()) {
    text = "labels that " + listed(unlabelled) + " may have had are lost";
  }
  if (!doubtful.empty()) {
    text += (text.empty() ? "" : "; ") + std::string("what is known of ") + listed(doubtful) + " may be out of date";
  }
  return text.empty() ? "nothing is known to be lost" : text;
}

// Where the record was read it goes back as it stood, with members that this program does not know.
std::string volume_record_json(const VolumeRecord& record) {
  if (!record.json.empty()) {
    return record.json;
  }
  return to_go_json(JsonValue::object({{"Name", JsonValue::string(record.name)},
                                       {"Driver", JsonValue::string(record.driver)},
                                       {"Labels", string_map(record.labels)},
                                       {"Options", string_map(record.options)}}));
}

}  // namespace dfsck
