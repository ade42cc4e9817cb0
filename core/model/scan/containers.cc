// Scans containers/: each directory's config.v2.json and hostconfig.json, and what cut-off writes of them left.
#include <algorithm>

#include "core/model/model.h"
#include "core/model/records/container_config.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr size_t kContainerFileLimit = 16 * 1024 * 1024;
constexpr std::string_view kContainerTemporary = ".tmp-";
constexpr std::string_view kConfig = "config.v2.json";
constexpr std::string_view kHostConfig = "hostconfig.json";

// The newest of the container's temporary files for `name` that `accept` takes.
// An atomic write makes .tmp-<name><digits> beside its target and renames it (moby pkg/ioutils/fswriters.go). A crash
// before the rename leaves it, whole or not, and it is newer than the target: where that is damaged it may be the
// better copy. The name of one target can begin another's, so each must be accepted for what it holds.
template <typename Accept>
std::optional<RelPath> newest_copy(StateReader& reader, const Container& container, std::string_view name,
                                   const Accept& accept) {
  std::optional<RelPath> best;
  FileTime best_time;
  for (const RelPath& path : container.temporaries) {
    if (!path.name().substr(kContainerTemporary.size()).starts_with(name)) {
      continue;
    }
    const FileState file = reader.read(path, kContainerFileLimit);
    if ((!best || best_time < file.mtime) && accept(file)) {
      best = path;
      best_time = file.mtime;
    }
  }
  return best;
}

// Only where the file itself is no good, and only what the daemon would load and what belongs to this very container.
void find_copies(StateReader& reader, Container& container) {
  if (!container.config_problem.empty()) {
    container.config_copy = newest_copy(reader, container, kConfig, [&](const FileState& file) {
      Container read;
      parse_container_config(file, read);
      return read.config_problem.empty() && read.id == container.name_on_disk;
    });
  }
  if (!container.hostconfig_problem.empty()) {
    container.hostconfig_copy = newest_copy(reader, container, kHostConfig, [](const FileState& file) {
      Container read;
      parse_host_config(file, read);
      return read.hostconfig_problem.empty();
    });
  }
}

Container read_container(StateReader& reader, const RelPath& path, const std::string& name) {
  Container container;
  container.name_on_disk = name;
  container.path = path;
  container.dir_id = ContainerId::parse(name);
  for (const DirEntry& entry : reader.list(path).entries) {
    if (entry.name.starts_with(kContainerTemporary)) {
      container.temporaries.push_back(path / entry.name);
    }
  }
  const FileState config = reader.read(path / kConfig, kContainerFileLimit);
  parse_container_config(config, container);
  const FileState host_config = reader.read(path / kHostConfig, kContainerFileLimit);
  parse_host_config(host_config, container);
  container.error_code = config.code != 0 ? config.code : host_config.code;
  find_copies(reader, container);
  return container;
}

}  // namespace

void scan_containers(const Root& root, unsigned jobs, const Cancel& cancel, Model& model) {
  ContainerStore& store = model.containers;
  const RelPath base("containers");
  StateReader lists(root);
  StateReader::Listing listing = lists.list(base);
  store.exists = listing.state == FileState::Kind::Present;
  store.complete = listing.state == FileState::Kind::Present || listing.state == FileState::Kind::Absent;
  // A file here makes the daemon log an error and go on; it is told apart so that nobody takes it for a container.
  for (const DirEntry& entry : listing.entries) {
    if (entry.type != S_IFDIR) {
      store.foreign.push_back(base / entry.name);
    }
  }
  std::erase_if(listing.entries, [](const DirEntry& entry) { return entry.type != S_IFDIR; });

  std::vector<std::optional<Container>> containers(listing.entries.size());
  // Each job fills its own place, so no lock is needed and the result has the order of the listing at any number of
  // jobs.
  std::vector<std::vector<ScanFailure>> failures(listing.entries.size());
  for_each_index(containers.size(), jobs, cancel, [&](size_t i) {
    StateReader reader(root);
    containers[i] = read_container(reader, base / listing.entries[i].name, listing.entries[i].name);
    failures[i] = reader.take_failures();
  });
  failures.push_back(lists.take_failures());
  for (size_t i = 0; i < containers.size(); ++i) {
    // A container that was not read, also because the scan was cancelled, may use any volume and any layer.
    store.complete = store.complete && containers[i] && failures[i].empty();
    if (containers[i]) {
      store.containers.push_back(std::move(*containers[i]));
    }
  }
  for (const std::vector<ScanFailure>& some : failures) {
    model.failures.insert(model.failures.end(), some.begin(), some.end());
  }
}

}  // namespace dfsck
