// Scans swarm/, plugins/ and the runtime state of a containerd that lives in the root, for the few states of them that
// are dangerous.
#include "core/base/ids.h"
#include "core/codec/etcd_wal.h"
#include "core/model/model.h"
#include "core/model/records/json_file.h"

namespace dfsck {
namespace {

constexpr size_t kConfigFile = 16U << 20;
constexpr size_t kLogFile = 512U << 20;  // etcd makes them of 64 MiB

const RelPath kLogs = "swarm/raft/wal-v3-encrypted";
const RelPath kSnapshots = "swarm/raft/snap-v3-encrypted";

// The value of a JSON file, and what keeps the daemon from loading it with json.Unmarshal; empty if nothing does.
std::optional<JsonValue> json_of(const FileState& file, std::string& problem) {
  std::optional<JsonValue> value = json_in(file, JsonTrailing::Reject, problem);
  if (value && value->as_object() == nullptr && value->as_array() == nullptr && !value->is_null()) {
    problem = "no JSON object";
  }
  return value;
}

// The files of a raft directory with this ending, by name, which is their order.
std::vector<RelPath> raft_files(StateReader& reader, const RelPath& directory, std::string_view ending) {
  std::vector<RelPath> files;
  for (const DirEntry& entry : reader.list(directory).entries) {
    if (entry.type == S_IFREG && entry.name.ends_with(ending)) {
      files.push_back(directory / entry.name);
    }
  }
  return files;
}

// The records' sums run on through all files, so a gap ends what can be judged. Contents are encrypted and not looked
// at.
void scan_logs(StateReader& reader, const std::vector<RelPath>& logs, Swarm& swarm) {
  uint32_t crc = 0;
  for (const RelPath& path : logs) {
    const FileState file = reader.read(path, kLogFile);
    if (!file.present()) {
      return;  // the sums of the following files go on from this one's
    }
    const WalCheck check = check_wal(file.bytes, crc, path == logs.back() ? WalPlace::Last : WalPlace::Earlier);
    crc = check.crc;
    // A torn end of the last file is what a crash leaves; etcd lives with it.
    if (check.problem && !check.problem->torn_tail) {
      swarm.log_problems.push_back({path, check.problem->offset, check.problem->detail});
      return;
    }
    if (check.records == 0) {
      swarm.log_problems.push_back({path, 0, "it holds no record"});
      return;
    }
  }
}

// A snapshot that a crash cut off is passed over by etcd. It is missed only if there is no other, and if the log does
// not go back to the beginning either.
void scan_raft(StateReader& reader, Swarm& swarm) {
  const std::vector<RelPath> logs = raft_files(reader, kLogs, ".wal");
  if (logs.empty() && reader.list(kLogs).state == FileState::Kind::Present) {
    swarm.log_problems.push_back({kLogs, 0, "it holds no log"});  // a worker has no such directory
  }
  scan_logs(reader, logs, swarm);
  std::optional<Swarm::LogProblem> bad;
  for (const RelPath& path : raft_files(reader, kSnapshots, ".snap")) {
    const FileState file = reader.read(path, kLogFile);
    const Result<void> check = file.present() ? check_raft_snapshot(file.bytes) : Result<void>();
    if (check) {
      return;
    }
    bad = Swarm::LogProblem{path, 0, check.error().detail};
  }
  const bool is_whole_log = !logs.empty() && logs.front().name().starts_with("0000000000000000-");
  if (bad && !is_whole_log) {
    swarm.log_problems.push_back(std::move(*bad));
  }
}

// moby swarmkit node/node.go:persistentRemotes. A node makes the file anew where it is missing.
void scan_managers(StateReader& reader, Swarm& swarm) {
  const FileState file = reader.read("swarm/state.json", kConfigFile);
  if (file.absent()) {
    return;
  }
  const std::optional<JsonValue> value = json_of(file, swarm.peers_problem);
  const JsonValue::Array* managers = value ? value->as_array() : nullptr;
  for (const JsonValue& manager : managers != nullptr ? *managers : JsonValue::Array{}) {
    const std::string* id = manager.get("node_id").as_string();
    const std::string* address = manager.get("addr").as_string();
    if (id != nullptr && address != nullptr) {
      swarm.managers.push_back({*id, *address});
    }
  }
}

// moby daemon/cluster/utils.go:loadPersistentState, swarmkit node/node.go.
// A state without a node certificate makes the daemon empty swarm/ at its start, raft log and all: what a copy has left
// out takes the rest along.
void scan_swarm(StateReader& reader, Swarm& swarm) {
  FileState state = reader.read("swarm/docker-state.json", kConfigFile);
  swarm.exists = !state.absent();
  if (!swarm.exists) {
    return;
  }
  json_of(state, swarm.state_problem);
  if (!swarm.state_problem.empty()) {
    // Kept: what can still be read in it helps a person to write it anew.
    swarm.state_remains = std::move(state.bytes);
  }
  scan_managers(reader, swarm);
  const FileState certificate = reader.read("swarm/certificates/swarm-node.crt", kConfigFile);
  swarm.has_certificate = !certificate.absent();
  if (const auto subject = subject_of_certificate(certificate.bytes); subject) {
    swarm.node = *subject;
  }
  scan_raft(reader, swarm);
}

constexpr std::string_view kPluginRemoving = "-removing";

// moby plugin/manager.go:reload.
// A plugin whose config does not decode is skipped with a line in the log; its directory and its data stay.
void scan_plugins(StateReader& reader, RootEntries& entries) {
  const RelPath base = "plugins";
  for (const DirEntry& entry : reader.list(base).entries) {
    const std::string_view name = entry.name;
    const bool removing = name.ends_with(kPluginRemoving);
    const std::string_view id = removing ? name.substr(0, name.size() - kPluginRemoving.size()) : name;
    if (entry.type != S_IFDIR || !is_hex64(id)) {
      continue;
    }
    Plugin& plugin = entries.plugins.emplace_back();
    plugin.id = id;
    plugin.path = base / name;
    plugin.removing = removing;
    if (!removing) {
      json_of(reader.read(plugin.path / "config.json", kConfigFile), plugin.config_problem);
    }
  }
}

// containerd keeps a bundle at <state>/<plugin>/<namespace>/<id> for every task; in a data root only "daemon" is ours.
void scan_runtime_tasks(StateReader& reader, RootEntries& entries) {
  const RelPath base = "containerd/daemon";
  for (const DirEntry& plugin : reader.list(base).entries) {
    if (!plugin.name.starts_with("io.containerd.runtime.") || plugin.type != S_IFDIR) {
      continue;
    }
    for (const DirEntry& space : reader.list(base / plugin.name).entries) {
      const RelPath path = base / plugin.name / space.name;
      for (const DirEntry& task : reader.list(path).entries) {
        if (task.type == S_IFDIR) {
          entries.runtime_tasks.push_back(path / task.name);
        }
      }
    }
  }
}

}  // namespace

void scan_swarm_and_plugins(const Root& root, Model& model) {
  StateReader reader(root);
  scan_swarm(reader, model.entries.swarm);
  scan_plugins(reader, model.entries);
  scan_runtime_tasks(reader, model.entries);
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck
