// The root's own members, and small areas that are looked at only for a few dangerous states:
// engine-id, swarm, plugins, runtime state, temporary files.
#pragma once

#include <string>
#include <vector>

#include "core/codec/certificate.h"
#include "core/model/file_state.h"

namespace dfsck {

struct Plugin {
  std::string id;
  RelPath path;
  bool removing = false;       // "<id>-removing"
  std::string config_problem;  // empty if config.json parses
};

struct Swarm {
  bool exists = false;           // docker-state.json is there
  std::string state_problem;     // of docker-state.json; empty if it parses
  std::string peers_problem;     // of state.json; empty if it parses or is not there
  std::string state_remains;     // the bytes of a docker-state.json that does not parse
  bool has_certificate = false;  // certificates/swarm-node.crt
  CertificateSubject node;       // what that certificate says; empty if it cannot be read
  struct Manager {
    std::string node_id;
    std::string address;  // "10.0.0.1:2377"
  };
  std::vector<Manager> managers;  // of state.json, in its order
  struct LogProblem {
    RelPath path;
    uint64_t offset = 0;
    std::string detail;
  };
  std::vector<LogProblem> log_problems;
};

// Files of operations that were cut off, by the directory that holds them.
struct Leftover {
  RelPath path;
  size_t count = 0;
};

struct RootEntries {
  std::vector<DirEntry> entries;  // everything directly in the root
  struct WrongType {
    RelPath path;
    uint32_t mode = 0;
  };
  std::vector<WrongType> wrong_types;  // first-level (and image/<driver>) directories that are something else
  FileState engine_id;
  Swarm swarm;
  std::vector<Plugin> plugins;
  std::vector<RelPath> runtime_tasks;           // containerd/daemon/io.containerd.runtime.*/<namespace>/<id>
  std::vector<Leftover> temporary_dirs;         // tmp, tmp-old
  std::vector<RelPath> temporary_files;         // .tmp-* beside files of image/ (others are with their owners)
  std::vector<std::string> driver_dirs;         // directories of storage drivers that are not empty
  std::vector<std::string> image_drivers;       // image/<driver>
  std::vector<RelPath> newer_files;             // made only by the containerd image store and by newer daemons
  std::vector<std::string> unfinished_repairs;  // runs under .docker-fsck whose journal has no end
  // The repair of ours that goes on while the root is read. It is none of those above, and the locks on the databases
  // are its own. Empty: none does.
  std::string own_repair;
  bool hides_own_runs = false;              // .docker-fsck may not be read
  bool is_unfinished_migration = false;     // this root is the target of a migration that has not ended
  std::vector<std::string> remapped_roots;  // "<uid>.<gid>" directories that hold a root of their own
};

}  // namespace dfsck
