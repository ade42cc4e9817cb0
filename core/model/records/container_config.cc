// Decodes the members of container files that checks need, with the types that moby container.Container gives them.
// Go takes null for any member; every other type but the right one makes it refuse the whole file.
#include "core/model/records/container_config.h"

#include <algorithm>
#include <array>

#include "core/model/records/json_file.h"
#include "core/model/rfc3339.h"

namespace dfsck {
namespace {

// Only the members whose Go types matter for loading are listed; a member of another name can hold anything, since
// encoding/json passes over what it does not know.
enum class Type { Text, Truth, Object };

bool has_type(const JsonValue& value, Type type) {
  switch (type) {
    case Type::Text: return value.as_string() != nullptr;
    case Type::Truth: return value.as_bool().has_value();
    case Type::Object: return value.as_object() != nullptr;
  }
  return false;
}

struct ConfigMember {
  const char* name;
  Type type;
};

// The name of the first of `members` that is there with a type that Go could not decode; empty if there is none.
template <size_t N>
std::string wrongly_typed(const JsonValue& object, const std::array<ConfigMember, N>& members) {
  for (const ConfigMember& member : members) {
    const JsonValue& value = object.get(member.name);
    if (!value.is_null() && !has_type(value, member.type)) {
      return member.name;
    }
  }
  return "";
}

constexpr std::array kConfigMembers = {
    ConfigMember{"State", Type::Object},       ConfigMember{"ID", Type::Text},
    ConfigMember{"Created", Type::Text},       ConfigMember{"Path", Type::Text},
    ConfigMember{"Config", Type::Object},      ConfigMember{"Image", Type::Text},
    ConfigMember{"Name", Type::Text},          ConfigMember{"Driver", Type::Text},
    ConfigMember{"LogPath", Type::Text},       ConfigMember{"NetworkSettings", Type::Object},
    ConfigMember{"MountPoints", Type::Object},
};
constexpr std::array kStateMembers = {ConfigMember{"Dead", Type::Truth}, ConfigMember{"RemovalInProgress", Type::Truth},
                                      ConfigMember{"Running", Type::Truth}};
constexpr std::array kMountMembers = {ConfigMember{"Source", Type::Text},  ConfigMember{"Destination", Type::Text},
                                      ConfigMember{"RW", Type::Truth},     ConfigMember{"Name", Type::Text},
                                      ConfigMember{"Driver", Type::Text},  ConfigMember{"Type", Type::Text},
                                      ConfigMember{"Relabel", Type::Text}, ConfigMember{"Propagation", Type::Text}};
constexpr std::array kHostMembers = {
    ConfigMember{"NetworkMode", Type::Text},     ConfigMember{"PortBindings", Type::Object},
    ConfigMember{"RestartPolicy", Type::Object}, ConfigMember{"LogConfig", Type::Object},
    ConfigMember{"AutoRemove", Type::Truth},     ConfigMember{"Privileged", Type::Truth},
    ConfigMember{"StorageOpt", Type::Object}};

// The daemon's log then says that it cannot unmarshal a value into a Go struct field, and the container is gone from
// every list.
std::string of_wrong_type(const std::string& member) {
  return "malformed (its member " + member + " has a wrong type)";
}

// What would keep Go from decoding `config`, as words for a problem.
std::string type_problem(const JsonValue& config) {
  if (const std::string member = wrongly_typed(config, kConfigMembers); !member.empty()) {
    return of_wrong_type(member);
  }
  if (const std::string member = wrongly_typed(config.get("State"), kStateMembers); !member.empty()) {
    return of_wrong_type("State." + member);
  }
  const std::string* created = config.get("Created").as_string();
  if (created != nullptr && !is_rfc3339(*created)) {
    return "malformed (its member Created is no time)";
  }
  const JsonValue::Object* mounts = config.get("MountPoints").as_object();
  const bool mounts_decode =
      mounts == nullptr || std::all_of(mounts->begin(), mounts->end(), [](const JsonMember& m) {
        return m.value.is_null() || (m.value.as_object() != nullptr && wrongly_typed(m.value, kMountMembers).empty());
      });
  if (!mounts_decode) {
    return of_wrong_type("MountPoints");
  }
  // The daemon would read on from here and then fail at the first use.
  return config.get("Config").is_null() ? "without its member Config" : "";
}

Container::MountPoint mount_point(const JsonMember& member) {
  const JsonValue& value = member.value;
  Container::MountPoint mount;
  // The map's key is the destination too: it stands in where the member is empty.
  mount.destination = value.get("Destination").text();
  if (mount.destination.empty()) {
    mount.destination = member.key;
  }
  mount.source = value.get("Source").text();
  mount.name = value.get("Name").text();
  mount.driver = value.get("Driver").text();
  mount.type = value.get("Type").text();
  mount.mode = value.get("Relabel").text();
  mount.propagation = value.get("Propagation").text();
  mount.writable = value.get("RW").as_bool().value_or(false);
  if (mount.type.empty()) {  // daemons before 1.13 did not write it
    mount.type = mount.name.empty() ? "bind" : "volume";
  }
  return mount;
}

void read_mount_points(const JsonValue& config, Container& container) {
  if (const JsonValue::Object* mounts = config.get("MountPoints").as_object(); mounts != nullptr) {
    for (const JsonMember& member : *mounts) {
      container.mount_points.push_back(mount_point(member));
    }
  }
  std::sort(container.mount_points.begin(), container.mount_points.end(),
            [](const auto& a, const auto& b) { return a.destination < b.destination; });
}

void read_networks(const JsonValue& settings, Container& container) {
  if (const JsonValue::Object* networks = settings.get("Networks").as_object(); networks != nullptr) {
    for (const JsonMember& member : *networks) {
      container.networks.push_back({member.key, member.value.get("NetworkID").text()});
    }
  }
  std::sort(container.networks.begin(), container.networks.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
}

// Bindings of one port as HostConfig.PortBindings has them: the wildcard addresses of IPv4 and IPv6, which the daemon
// lists one by one, are the one empty address that the user gave.
JsonValue::Array bindings_of(const JsonValue& port) {
  JsonValue::Array bindings;
  const JsonValue::Array* items = port.as_array();
  for (const JsonValue& item : items != nullptr ? *items : JsonValue::Array{}) {
    std::string address = item.get("HostIp").text();
    if (address == "0.0.0.0" || address == "::") {
      address.clear();
    }
    JsonValue binding = JsonValue::object(
        {{"HostIp", JsonValue::string(address)}, {"HostPort", JsonValue::string(item.get("HostPort").text())}});
    if (std::find(bindings.begin(), bindings.end(), binding) == bindings.end()) {
      bindings.push_back(std::move(binding));
    }
  }
  return bindings;
}

void read_ports(const JsonValue& settings, Container& container) {
  JsonValue::Object published;
  if (const JsonValue::Object* ports = settings.get("Ports").as_object(); ports != nullptr) {
    for (const JsonMember& port : *ports) {
      if (JsonValue::Array bindings = bindings_of(port.value); !bindings.empty()) {
        published.push_back({port.key, JsonValue::array(std::move(bindings))});
      }
    }
  }
  std::sort(published.begin(), published.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  container.published_ports = published.size();
  container.ports_json = to_go_json(JsonValue::object(std::move(published)));
}

// Of the names of containerd's snapshotters those that no storage driver has.
bool is_snapshotter(std::string_view driver) {
  constexpr std::array<std::string_view, 9> kNames{"overlayfs", "native",    "erofs",     "stargz",   "nydus",
                                                   "soci",      "blockfile", "devmapper", "overlaybd"};
  return std::find(kNames.begin(), kNames.end(), driver) != kNames.end();
}

}  // namespace

void parse_container_config(const FileState& file, Container& container) {
  container.config_state = file.kind;
  const std::optional<JsonValue> config = json_object_in(file, JsonTrailing::Ignore, container.config_problem);
  if (!config) {
    return;
  }
  container.config_problem = type_problem(*config);
  if (!container.config_problem.empty()) {
    return;
  }
  const JsonValue& state = config->get("State");
  container.id = config->get("ID").text();
  container.name = config->get("Name").text();
  if (container.name.starts_with('/')) {
    container.name.erase(0, 1);
  }
  container.driver = config->get("Driver").text();
  // ImageManifest is only set by daemons that keep images in containerd; older ones of that kind are known by the
  // snapshotter that they write as the driver. Which store a root's daemon will use is another question; this is
  // about where the container's files are.
  container.in_containerd = !config->get("ImageManifest").is_null() || is_snapshotter(container.driver);
  container.image = ImageId::parse(config->get("Image").text());
  container.image_name = config->get("Config").get("Image").text();
  container.created = config->get("Created").text();
  // What was true when the file was written: after a crash of the host it still says Running, and the next daemon
  // finds no task and sets it right.
  container.running = state.get("Running").as_bool().value_or(false);
  // Set while a removal is under way, before the writable layer goes: a crash leaves such a container for the next
  // `docker rm`.
  container.dead =
      state.get("Dead").as_bool().value_or(false) || state.get("RemovalInProgress").as_bool().value_or(false);
  container.log_path = config->get("LogPath").text();
  read_mount_points(*config, container);
  read_networks(config->get("NetworkSettings"), container);
  read_ports(config->get("NetworkSettings"), container);
}

// A missing hostconfig.json is no problem of parsing: the daemon takes default values and, worse, writes them back at
// its next save. Checks speak of that; here it is only a state.
void parse_host_config(const FileState& file, Container& container) {
  container.hostconfig_state = file.kind;
  const std::optional<JsonValue> config = json_object_in(file, JsonTrailing::Ignore, container.hostconfig_problem);
  if (!config) {
    return;
  }
  if (const std::string member = wrongly_typed(*config, kHostMembers); !member.empty()) {
    container.hostconfig_problem = of_wrong_type(member);
    return;
  }
  container.size_limit = config->get("StorageOpt").get("size").text();
}

}  // namespace dfsck
