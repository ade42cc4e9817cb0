// Writing a lost hostconfig.json again from what config.v2.json says twice.
#pragma once

#include <string>

#include "core/model/containers.h"

namespace dfsck {

struct RebuiltHostConfig {
  std::string bytes;      // the whole file, as moby container/container.go:WriteHostConfig writes it
  std::string recovered;  // what of it is more than a default, in words: "1 bind, 2 published ports, network web"
};

// Binds and volumes come from MountPoints, ports from NetworkSettings.Ports (empty unless the container ran when its
// configuration was last saved), the network mode from NetworkSettings.Networks, the log driver from LogPath.
// All else gets the values that docker run has without options. Needs a container whose config.v2.json parses.
RebuiltHostConfig rebuild_host_config(const Container& container);

}  // namespace dfsck
