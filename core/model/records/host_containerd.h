// What a host's configuration says of the containerd image store of a root. Internal to core/model, and for its tests.
#pragma once

#include <string>
#include <string_view>

#include "core/fs/root.h"

namespace dfsck {

struct HostContainerd {
  bool serves_root = false;  // daemon.json is that of this root, and turns the store on
  std::string root;          // where config.toml has containerd's own root; empty where it does not say
};

// Reads /etc/docker/daemon.json and /etc/containerd/config.toml; what cannot be read says nothing. `top` is put in
// front of both: for tests.
HostContainerd read_host_containerd(const Root& root, const std::string& top = "");

// The value of `root` in front of all tables; empty where there is none, or no absolute path.
std::string containerd_root_in(std::string_view toml);

}  // namespace dfsck
