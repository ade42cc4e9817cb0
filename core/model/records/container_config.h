// config.v2.json and hostconfig.json of a container: what the daemon needs of them. Internal to core/model.
#pragma once

#include "core/model/containers.h"

namespace dfsck {

// Fills the fields of `container` that come from config.v2.json; `config_problem` says why the daemon would not load
// it (moby container/container.go:FromDisk). Members of types that the daemon cannot decode are problems.
void parse_container_config(const FileState& file, Container& container);

// The same for hostconfig.json (container.go:readHostConfig).
void parse_host_config(const FileState& file, Container& container);

}  // namespace dfsck
