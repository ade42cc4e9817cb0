// Writing swarm/docker-state.json again. Internal to checks.
#pragma once

#include <optional>
#include <string>

#include "core/model/root_entries.h"

namespace dfsck {

struct SwarmStateRebuild {
  std::string bytes;
  std::string known_from;  // for people: what the addresses were taken from
};

// The file as the daemon would write it (moby daemon/cluster/cluster.go:nodeStartConfig), from the node's own
// certificate, the list of managers and the members that the damaged file still has whole. Nothing where these do not
// tell where the node is reached (a manager) or whom it should ask (a worker). What nothing tells has the value that
// `docker swarm init` gives it: a manager listens on all addresses. Thread-safe.
std::optional<SwarmStateRebuild> rebuild_swarm_state(const Swarm& swarm);

}  // namespace dfsck
