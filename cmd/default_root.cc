// Chooses the root as the daemon of this user would.
#include "cmd/default_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/fs/fd.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr const char* kDaemonJson = "/etc/docker/daemon.json";

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<DefaultRoot> rootless_root(const RootEnvironment& environment) {
  if (!environment.xdg_data_home.empty()) {
    return DefaultRoot{environment.xdg_data_home + "/docker", "no ROOT was given and XDG_DATA_HOME is set"};
  }
  if (!environment.home.empty()) {
    return DefaultRoot{environment.home + "/.local/share/docker",
                       "no ROOT was given and you are not root: it is where a rootless daemon keeps its data"};
  }
  return format_error("choose a root", "", "neither HOME nor XDG_DATA_HOME is set");
}

}  // namespace

Result<DefaultRoot> default_root(const RootEnvironment& environment) {
  if (!environment.superuser) {
    return rootless_root(environment);
  }
  if (!environment.daemon_json) {
    return DefaultRoot{"/var/lib/docker", std::string("no ROOT was given and there is no ") + kDaemonJson};
  }
  return DefaultRoot{"/var/lib/docker", std::string("no ROOT was given and ") + kDaemonJson + " sets no data-root"};
}

Result<RootEnvironment> root_environment() {
  RootEnvironment environment;
  environment.superuser = ::geteuid() == 0;
  environment.home = environment_value("HOME");
  environment.xdg_data_home = environment_value("XDG_DATA_HOME");
  return environment;
}

}  // namespace dfsck
