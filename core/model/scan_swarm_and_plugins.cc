// Scans swarm/, plugins/ and the runtime state of a containerd that lives in the root, for the few states of them that
// are dangerous.
#include <cerrno>

#include "core/base/ids.h"
#include "core/model/json_file.h"
#include "core/model/model.h"

namespace dfsck {
namespace {

constexpr size_t kConfigFile = 16U << 20;

// What keeps the daemon from loading a JSON file with json.Unmarshal; empty if nothing does.
std::string json_problem(StateReader& reader, const RelPath& path, FileState& file) {
  file = reader.read(path, kConfigFile);
  std::string problem;
  const std::optional<JsonValue> value = json_in(file, JsonTrailing::Reject, problem);
  if (value && value->as_object() == nullptr && value->as_array() == nullptr && !value->is_null()) {
    problem = "no JSON object";
  }
  return problem;
}

// moby daemon/cluster/utils.go:loadPersistentState, swarmkit node/node.go
void scan_swarm(StateReader& reader, Swarm& swarm) {
  FileState file;
  swarm.state_problem = json_problem(reader, "swarm/docker-state.json", file);
  swarm.exists = !file.absent();
  if (!swarm.exists) {
    swarm.state_problem.clear();
    return;
  }
  swarm.peers_problem = json_problem(reader, "swarm/state.json", file);
  if (file.absent()) {
    swarm.peers_problem.clear();
  }
  const Result<FileStat> certificate = reader.root().stat("swarm/certificates/swarm-node.crt");
  swarm.has_certificate = certificate || !certificate.error().is_io(ENOENT);
}

constexpr std::string_view kRemoving = "-removing";

// moby plugin/manager.go:reload
void scan_plugins(StateReader& reader, RootEntries& entries) {
  const RelPath base = "plugins";
  for (const DirEntry& entry : reader.list(base).entries) {
    const std::string_view name = entry.name;
    const bool removing = name.ends_with(kRemoving);
    const std::string_view id = removing ? name.substr(0, name.size() - kRemoving.size()) : name;
    if (entry.type != S_IFDIR || !is_hex64(id)) {
      continue;
    }
    Plugin& plugin = entries.plugins.emplace_back();
    plugin.id = id;
    plugin.path = base / name;
    plugin.removing = removing;
    if (!removing) {
      FileState file;
      plugin.config_problem = json_problem(reader, plugin.path / "config.json", file);
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
