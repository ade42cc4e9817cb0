// Both files are somebody's: anything that is not understood is as if it were not there.
#include "core/model/records/host_containerd.h"

#include "core/base/text.h"
#include "core/codec/json/json.h"
#include "core/fs/host_file.h"

namespace dfsck {
namespace {

std::string text_of(const std::string& path) {
  const Result<std::string> text = read_host_file(path);
  return text ? *text : std::string();
}

// Before Docker 23 the key could also be "graph".
std::string data_root_in(const JsonValue& config) {
  for (const char* key : {"data-root", "graph"}) {
    if (const std::string* path = config.get(key).as_string(); path != nullptr && !path->empty()) {
      return *path;
    }
  }
  return "/var/lib/docker";
}

// moby daemon/config: the one feature that decides where images are kept.
// Only if that configuration is the one of this root: a host can have several roots, and a daemon.json speaks of one.
bool turns_store_on(const std::string& daemon_json, const Root& root) {
  const Result<JsonValue> config = parse_json(daemon_json);
  if (!config || !config->get("features").get("containerd-snapshotter").as_bool().value_or(false)) {
    return false;
  }
  const Result<Root> configured = Root::open(data_root_in(*config));
  return configured && configured->path() == root.path();
}

// The value of a line `root = "/x"` or `root = '/x'`, a comment behind it allowed.
std::string quoted_value(std::string_view rest) {
  const char quote = rest.empty() ? ' ' : rest.front();
  const size_t end = quote == '"' || quote == '\'' ? rest.find(quote, 1) : std::string_view::npos;
  const std::string_view value = end != std::string_view::npos ? rest.substr(1, end - 1) : std::string_view();
  const bool is_plain = value.starts_with('/') && value.find('\\') == std::string_view::npos;
  return is_plain ? std::string(value) : std::string();
}

}  // namespace

// Not a reader of TOML: `root` must stand in the top table, that is before the first "[", and a value that would need
// unescaping counts as none. What imports add, or a flag of the process, is not seen; a root that is not found is
// looked for in the usual places.
std::string containerd_root_in(std::string_view toml) {
  for (const std::string_view line : split(toml, '\n')) {
    const std::string_view text = trimmed(line);
    if (text.starts_with('[')) {
      break;
    }
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos && trimmed(text.substr(0, equals)) == "root") {
      return quoted_value(trimmed(text.substr(equals + 1)));
    }
  }
  return "";
}

HostContainerd read_host_containerd(const Root& root, const std::string& top) {
  return {turns_store_on(text_of(top + "/etc/docker/daemon.json"), root),
          containerd_root_in(text_of(top + "/etc/containerd/config.toml"))};
}

}  // namespace dfsck
