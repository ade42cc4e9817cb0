// Builds hostconfig.json in the order of moby's struct HostConfig, with what docker run without options would give.
// MaskedPaths and ReadonlyPaths stay null, which every daemon takes for its own default lists.
#include "checks/containers/host_config.h"

#include "core/base/escape.h"
#include "core/base/ids.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// Everything from VolumeDriver on that nothing can be recovered of.
// What a daemon writes for docker run without options.
constexpr std::string_view kDefaults =
    R"("VolumeDriver":"","VolumesFrom":null,"CapAdd":null,"CapDrop":null,"CgroupnsMode":"","Dns":[],"DnsOptions":[],)"
    R"("DnsSearch":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,)"
    R"("PidMode":"","Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"UTSMode":"",)"
    R"("UsernsMode":"","ShmSize":67108864,"Runtime":"runc","ConsoleSize":[0,0],"Isolation":"","CpuShares":0,)"
    R"("Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,"BlkioWeightDevice":[],"BlkioDeviceReadBps":null,)"
    R"("BlkioDeviceWriteBps":null,"BlkioDeviceReadIOps":null,"BlkioDeviceWriteIOps":null,"CpuPeriod":0,"CpuQuota":0,)"
    R"("CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpusetCpus":"","CpusetMems":"","Devices":[],)"
    R"("DeviceCgroupRules":null,"DeviceRequests":null,"KernelMemory":0,"KernelMemoryTCP":0,"MemoryReservation":0,)"
    R"("MemorySwap":0,"MemorySwappiness":null,"OomKillDisable":false,"PidsLimit":null,"Ulimits":null,"CpuCount":0,)"
    R"("CpuPercent":0,"IOMaximumIOps":0,"IOMaximumBandwidth":0,)";

std::string quoted(std::string text) { return to_go_json(JsonValue::string(std::move(text))); }

// The options behind the second colon of "source:destination:options"; empty if there are none to give.
// rprivate is what a daemon takes where nothing is said, so it is not said.
std::string bind_options(const Container::MountPoint& mount) {
  if (mount.type == "bind" && !mount.mode.empty()) {
    return mount.mode;
  }
  std::string options = mount.writable ? "" : "ro";
  if (mount.type == "bind" && !mount.propagation.empty() && mount.propagation != "rprivate") {
    options += (options.empty() ? "" : ",") + mount.propagation;
  }
  return options;
}

std::string bind_of(const Container::MountPoint& mount) {
  const std::string options = bind_options(mount);
  return (mount.type == "volume" ? mount.name : mount.source) + ":" + mount.destination +
         (options.empty() ? "" : ":" + options);
}

struct Mounts {
  JsonValue::Array binds, tmpfs;
  size_t bind_count = 0, volume_count = 0;
};

// Volumes that have no name but an id were made for the container and are not in its binds: MountPoints alone has them.
Mounts mounts_of(const Container& container) {
  Mounts mounts;
  for (const Container::MountPoint& mount : container.mount_points) {
    if (mount.type == "tmpfs") {
      mounts.tmpfs.push_back(
          JsonValue::object({{"Type", JsonValue::string("tmpfs")}, {"Target", JsonValue::string(mount.destination)}}));
    } else if (mount.type == "bind" || (mount.type == "volume" && !is_hex64(mount.name))) {
      mounts.binds.push_back(JsonValue::string(bind_of(mount)));
      (mount.type == "bind" ? mounts.bind_count : mounts.volume_count) += 1;
    }
  }
  return mounts;
}

// The path is the only trace of the log driver in config.v2.json; drivers that keep no file leave none.
std::string log_driver(const Container& container) {
  return container.log_path.find("/local-logs/") != std::string::npos ? "local" : "json-file";
}

std::string rebuilt_in_words(const Mounts& mounts, const Container& container, const std::string& network) {
  std::string words;
  const auto add = [&](std::string more) { words += (words.empty() ? "" : ", ") + more; };
  if (mounts.bind_count > 0) {
    add(counted(mounts.bind_count, "bind"));
  }
  if (mounts.volume_count > 0) {
    add(counted(mounts.volume_count, "volume"));
  }
  if (!mounts.tmpfs.empty()) {
    add(counted(mounts.tmpfs.size(), "tmpfs mount"));
  }
  if (container.published_ports > 0) {
    add(counted(container.published_ports, "published port"));
  }
  add("network " + escaped(network));
  return words;
}

}  // namespace

// The restart policy becomes "no" and not what it may have been: a container that does not start by
// itself is noticed, one that starts without its limits and mounts does harm.
RebuiltHostConfig rebuild_host_config(const Container& container) {
  const std::string network = container.networks.empty() ? "default" : container.networks.front().name;
  Mounts mounts = mounts_of(container);
  RebuiltHostConfig rebuilt;
  rebuilt.recovered = rebuilt_in_words(mounts, container, network);
  std::string& text = rebuilt.bytes;
  text = R"({"Binds":)" + (mounts.binds.empty() ? "null" : to_go_json(JsonValue::array(std::move(mounts.binds))));
  text += R"(,"ContainerIDFile":"","LogConfig":{"Type":)" + quoted(log_driver(container)) + R"(,"Config":{}})";
  text += R"(,"NetworkMode":)" + quoted(network);
  text += R"(,"PortBindings":)" + (container.ports_json.empty() ? "{}" : container.ports_json);
  text += R"(,"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,)";
  text += kDefaults;
  if (!mounts.tmpfs.empty()) {
    text += R"("Mounts":)" + to_go_json(JsonValue::array(std::move(mounts.tmpfs))) + ",";
  }
  text += R"("MaskedPaths":null,"ReadonlyPaths":null})";
  text += '\n';
  return rebuilt;
}

}  // namespace dfsck
