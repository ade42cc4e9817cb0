// Evidence that a root is in use. The root's own bind mount is none: a killed daemon leaves it behind.
#include "checks/liveness.h"

#include "core/base/text.h"

namespace dfsck {

// Mounts count without a daemon: with live-restore, or after a kill of dockerd
// alone, containers run on and no lock is held.
std::vector<std::string> user_evidence(const Model& model) {
  std::vector<std::string> evidence;
  for (const HostFacts::Daemon& daemon : model.host.daemons) {
    evidence.push_back(daemon.name + " (pid " + std::to_string(daemon.pid) +
                       (daemon.by_argument ? ") runs on this root" : ") has a database of this root open"));
  }
  if (const std::vector<RelPath>& mounts = model.host.container_mounts; !mounts.empty()) {
    evidence.push_back(counted(mounts.size(), "mount") + " of containers, first " + mounts.front().text());
  }
  return evidence;
}

// bbolt takes a flock on the file itself, which holds across mount namespaces: it shows a daemon in
// another container, whose processes may not be seen from here.
std::vector<const Database*> locked_databases(const Model& model) {
  std::vector<const Database*> locked;
  for (const Database* database : model.databases()) {
    if (database->locked && model.entries.own_repair.empty()) {
      locked.push_back(database);
    }
  }
  return locked;
}

std::vector<std::string> live_evidence(const Model& model) {
  std::vector<std::string> evidence = user_evidence(model);
  for (const Database* database : locked_databases(model)) {
    evidence.push_back(database->path.text() + " is locked by another process");
  }
  return evidence;
}

}  // namespace dfsck
