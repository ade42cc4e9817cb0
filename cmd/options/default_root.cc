// Chooses the root as the daemon of this user would.
#include "cmd/options/default_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/json/json.h"
#include "core/fs/fd.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

constexpr const char* kDaemonJson = "/etc/docker/daemon.json";

std::string environment_value(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// A rootless daemon takes the same two variables in the same order, so whoever runs one gets his own root.
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

// What daemon.json sets; nothing if it sets no root. Before Docker 23 the key could also be "graph".
// One that does not parse is an error and no reason to take the usual root: the daemon would not start
// with it, and the root that is meant is unknown.
Result<std::optional<std::string>> configured_root(const std::string& bytes) {
  const Result<JsonValue> parsed = parse_json(bytes);
  if (!parsed) {
    const Error& error = parsed.error();
    return Error{error.kind, error.code, error.op, kDaemonJson, error.detail};
  }
  for (const char* key : {"data-root", "graph"}) {
    const std::string* path = parsed->get(key).as_string();
    if (path != nullptr && !path->empty()) {
      return std::optional(*path);
    }
  }
  return std::optional<std::string>();
}

}  // namespace

// The reason goes along: where the root cannot be opened, whoever never named one has to know why this one was tried.
Result<DefaultRoot> default_root(const RootEnvironment& environment) {
  const DefaultRoot usual{"/var/lib/docker", std::string("no ROOT was given and ") + kDaemonJson +
                                                 (environment.daemon_json ? " sets no data-root" : " does not exist")};
  if (!environment.superuser) {
    return rootless_root(environment);
  }
  if (!environment.daemon_json || trimmed(*environment.daemon_json).empty()) {
    return usual;
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> configured, configured_root(*environment.daemon_json));
  return configured ? DefaultRoot{*configured, std::string("no ROOT was given and ") + kDaemonJson + " sets it"}
                    : usual;
}

Result<RootEnvironment> root_environment() {
  constexpr size_t kLargest = 1 << 20;
  RootEnvironment environment;
  environment.superuser = ::geteuid() == 0;
  environment.home = environment_value("HOME");
  environment.xdg_data_home = environment_value("XDG_DATA_HOME");
  // O_NONBLOCK: where somebody has put a pipe in its place, it must not wait for a writer.
  const Fd file(patient::open(kDaemonJson, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    const Error error = sys_error("open", kDaemonJson);
    // For an ordinary user the file says nothing, so it does not matter that it may not be read.
    return environment.superuser && !error.is_io(ENOENT) ? Result<RootEnvironment>(error) : environment;
  }
  ASSIGN_OR_RETURN(std::string bytes, read_all(file.get(), kLargest, kDaemonJson));
  environment.daemon_json = std::move(bytes);
  return environment;
}

}  // namespace dfsck
