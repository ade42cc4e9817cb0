// The bbolt databases of a root and what is in them: volumes, networks, the build cache.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/codec/bolt/origin.h"
#include "core/model/file_state.h"

namespace dfsck {

struct Database {
  enum class State {
    Absent,
    Empty,  // zero bytes: the daemon initialises it silently
    Good,
    Bad,         // `problem` says why
    Unreadable,  // could not be read at all
  };
  RelPath path;
  State state = State::Absent;
  std::string problem;
  size_t leaked_runs = 0;  // stretches of pages that are neither used nor free: wasted space, harmless
  bool locked = false;     // somebody holds the daemon's exclusive flock; a repair of ours does while it goes on

  // Of a Bad file whose records are all there and current nevertheless: the bytes of a sound one that holds them.
  std::optional<std::string> rewritten;

  // Whether all its records are known.
  bool readable() const {
    return state == State::Good || state == State::Empty || state == State::Absent || rewritten.has_value();
  }
};

// A record of volumes/metadata.db (moby volume/service/db.go).
struct VolumeRecord {
  std::string name;
  std::string driver;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> options;
  BoltOrigin origin = BoltOrigin::Tree;  // of a damaged database: where it was found
  std::string json = {};                 // all of it as it stands in the database
};

// A directory of volumes/ (moby volume/local/local.go). Any directory there is a volume for daemons before 29.4.
struct Volume {
  std::string name;
  RelPath path;
  bool has_data = false;        // _data is a directory, or a symbolic link to one
  std::string data_problem;     // what _data is instead; empty if it is there
  FileState options;            // opts.json
  std::string options_problem;  // empty if absent or if it parses
};

struct VolumeStore {
  bool exists = false;
  std::vector<Volume> volumes;   // sorted by name
  std::vector<RelPath> foreign;  // entries of volumes/ that are none (metadata.db and backingFsBlockDev apart)
  Database database;
  std::vector<VolumeRecord> records;  // sorted by name; of a damaged database, what could be salvaged
  bool complete = true;

  const Volume* find(std::string_view name) const;
  const VolumeRecord* find_record(std::string_view name) const;
};

// network/files/local-kv.db (moby libnetwork/datastore, libnetwork/network.go).
struct NetworkRecord {
  std::string key;               // "network/<id>" and so on, without "docker/network/v1.0/" and trailing slash; escaped
  std::string kind;              // "network", "endpoint", "sandbox", ...
  std::string id;                // first part behind the kind
  std::string second;            // endpoint id of "endpoint/<network>/<endpoint>"
  std::string name;              // of networks
  std::string container;         // of sandboxes: whose it is
  std::string sandbox;           // of endpoints: where it is used
  std::string problem;           // empty if the value parses and has what the daemon needs
  std::optional<int64_t> count;  // of "endpoint_count/<network>": how many endpoints it believes to have
  std::string driver;            // of networks
  std::string subnet;            // of "bridge/<network>": the bridge's IPv4 address with the length of the prefix
  bool in_delete = false;        // of networks: its removal had begun
  BoltOrigin origin = BoltOrigin::Tree;  // of a damaged database: where it was found
};

struct NetworkStore {
  Database database;
  std::vector<NetworkRecord> records;  // sorted by key; of a damaged database, what could be salvaged
  const NetworkRecord* find(std::string_view key) const;
  bool has_network(std::string_view id) const;
  bool has_sandbox(std::string_view id) const;
};

// One bucket of buildkit/snapshots.db (moby builder/builder-next/adapters/snapshot/snapshot.go).
struct BuildSnapshot {
  std::string key;                    // 25 characters, or "sha256:<chain>"
  std::optional<std::string> parent;  // present: this key is itself an overlay2 directory
  std::string committed;              // the overlay2 directory that holds this snapshot's data; empty if none
  std::optional<ChainId> chain;       // layer in layerdb that this snapshot is
};

struct BuildCache {
  bool exists = false;                             // buildkit/ is there
  Database snapshots_db, metadata_db, content_db;  // belong together: snapshots.db, metadata_v2.db, containerdmeta.db
  Database cache_db, history_db;                   // can be dropped alone
  std::vector<BuildSnapshot> snapshots;            // sorted by key
  std::vector<RelPath> executor_leftovers;
  std::vector<RelPath> ingest_leftovers;

  const BuildSnapshot* find(std::string_view key) const;
};

}  // namespace dfsck
