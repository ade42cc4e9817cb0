// Scans volumes/: a directory for each local volume, and the database of all of them.
#include "core/fs/area_links.h"
#include "core/model/model.h"
#include "core/model/records/json_file.h"
#include "core/model/records/volume_records.h"

namespace dfsck {
namespace {

constexpr size_t kOptionsLimit = 1024 * 1024;

// Why json.Unmarshal into volume/local's optsConfig would fail; empty if it does not. The daemon does not start then.
std::string options_problem(const FileState& file) {
  if (!file.present() && file.kind != FileState::Kind::TooLarge) {
    return "";  // what cannot be opened is passed over by the daemon
  }
  std::string problem;
  const std::optional<JsonValue> value = json_in(file, JsonTrailing::Reject, problem);
  if (!value || value->is_null()) {
    return problem;
  }
  if (value->as_object() == nullptr) {
    return "no JSON object";
  }
  for (const std::string_view key : {"MountType", "MountOpts", "MountDevice"}) {
    const JsonValue& member = value->get(key);
    if (!member.is_null() && member.as_string() == nullptr) {
      return "malformed (" + std::string(key) + " is no string)";
    }
  }
  const JsonValue& quota = value->get("Quota");
  const JsonValue& size = quota.get("Size");
  if ((!quota.is_null() && quota.as_object() == nullptr) || (!size.is_null() && !size.as_uint64())) {
    return "malformed (Quota is not as it should be)";
  }
  return "";
}

// Any directory directly in volumes/ is a volume, whatever its name (moby volume/local/local.go:New). A missing _data
// shows only when a container with that volume starts.
Volume scan_volume(StateReader& reader, const RelPath& base, const std::string& name) {
  Volume volume;
  volume.name = name;
  volume.path = base / name;
  const Result<Dir> dir = reader.root().open_dir(volume.path);
  if (!dir) {
    reader.note(volume.path, dir.error());
    volume.data_problem = "unreadable";
    return volume;
  }
  const Result<FileStat> data = dir->stat("_data");
  if (data) {
    const AreaLink* link = reader.root().area_links().at(volume.path / "_data");
    volume.has_data = data->is_dir() || (link != nullptr && link->is_followed());
    volume.data_problem = volume.has_data   ? ""
                          : link != nullptr ? "a link that leads " + link->problem
                                            : "a " + std::string(type_name(data->mode));
  } else if (data.error().is_io(ENOENT)) {
    volume.data_problem = "missing";
  } else {
    reader.note(volume.path / "_data", data.error());
    volume.data_problem = "unreadable";
  }
  volume.options = reader.read(*dir, volume.path, "opts.json", kOptionsLimit);
  volume.options_problem = options_problem(volume.options);
  return volume;
}

}  // namespace

void scan_volumes(const Root& root, Model& model) {
  const RelPath base = "volumes";
  VolumeStore& store = model.volumes;
  StateReader reader(root);
  const StateReader::Listing listing = reader.list(base);
  store.exists = listing.state == FileState::Kind::Present;
  store.complete = store.exists || listing.state == FileState::Kind::Absent;
  // A link to a directory is no volume to the daemon, but for the links that stand for an area of the root.
  for (const DirEntry& entry : listing.entries) {
    const AreaLink* link = entry.type == S_IFLNK ? root.area_links().at(base / entry.name) : nullptr;
    if (entry.type == S_IFDIR || (link != nullptr && link->is_followed())) {
      store.volumes.push_back(scan_volume(reader, base, entry.name));
    } else if (entry.name != "metadata.db" && entry.name != "backingFsBlockDev") {
      store.foreign.push_back(base / entry.name);
    }
  }
  const DatabaseFile database = read_database(reader, base / "metadata.db", volume_home());
  store.database = database.facts;
  store.records = volume_records(database);
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck
