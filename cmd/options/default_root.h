// Which root is meant when none is named.
#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"

namespace dfsck {

struct DefaultRoot {
  std::string path;
  std::string reason;  // where the path comes from, for the message that it does not exist
};

// What the choice depends on.
struct RootEnvironment {
  bool superuser = false;
  std::optional<std::string> daemon_json;  // contents of /etc/docker/daemon.json; nothing if there is none
  std::string home;                        // $HOME, or empty
  std::string xdg_data_home;               // $XDG_DATA_HOME, or empty
};

// As the daemon chooses it: data-root in daemon.json, else /var/lib/docker; for an ordinary user, whose daemon is a
// rootless one, $XDG_DATA_HOME/docker, else ~/.local/share/docker. An Error if daemon.json cannot be understood: the
// wrong root would be checked.
Result<DefaultRoot> default_root(const RootEnvironment& environment);

// Of this process and machine. An Error if daemon.json is there but cannot be read.
Result<RootEnvironment> root_environment();

}  // namespace dfsck
