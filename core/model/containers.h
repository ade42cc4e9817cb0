// containers/: configuration of containers. Written by moby container/container.go:toDisk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/model/file_state.h"

namespace dfsck {

struct Container {
  std::string name_on_disk;  // directory name
  RelPath path;
  std::optional<ContainerId> dir_id;  // if the directory name is one
  FileState::Kind config_state = FileState::Kind::Absent;
  std::string config_problem;  // empty if config.v2.json parses to a configuration
  FileState::Kind hostconfig_state = FileState::Kind::Absent;
  std::string hostconfig_problem;  // empty if hostconfig.json parses
  int error_code = 0;              // errno, where one of the two is Unreadable
  // The newest of `temporaries` that is a complete file, looked for where the file itself is damaged or missing.
  std::optional<RelPath> config_copy, hostconfig_copy;

  // From config.v2.json, where it parses.
  std::string id;
  std::string name;  // without the leading slash
  std::string driver;
  bool in_containerd = false;  // its layers are in containerd's image store
  std::optional<ImageId> image;
  std::string image_name;  // what the user typed: Config.Image
  std::string created;     // RFC 3339, raw
  bool dead = false;       // Dead or RemovalInProgress
  bool running = false;    // as last recorded, whether or not it still is
  struct MountPoint {
    std::string destination, source, name, driver, type;
    std::string mode;         // options as the user typed them: "ro,z"
    std::string propagation;  // of bind mounts
    bool writable = true;
  };
  std::vector<MountPoint> mount_points;  // sorted by destination
  struct NetworkUse {
    std::string name, id;
  };
  std::vector<NetworkUse> networks;  // sorted by name
  std::string log_path;              // LogPath, which tells the log driver
  std::string ports_json;            // NetworkSettings.Ports as HostConfig.PortBindings has them, compact
  size_t published_ports = 0;

  // From hostconfig.json, where it parses.
  std::string size_limit;  // StorageOpt.size

  std::vector<RelPath> temporaries;  // .tmp-* of cut-off writes

  bool loads() const { return config_problem.empty() && hostconfig_problem.empty() && dir_id && id == name_on_disk; }
};

struct ContainerStore {
  bool exists = false;
  std::vector<Container> containers;  // sorted by directory name
  std::vector<RelPath> foreign;       // files and other things directly in containers/
  bool complete = true;

  const Container* find(std::string_view id) const;
};

}  // namespace dfsck
