// What speaks for one id map of a root or another, and the verdict on it. Internal to core/model, and for its tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/fs/host_ids.h"
#include "core/model/model.h"

namespace dfsck {

struct RemapIds {
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// The host ids in the name of a remapped root, "100000.100000" (moby daemon/daemon_unix.go:setupDaemonRoot).
std::optional<RemapIds> remap_ids(std::string_view name);

struct OwnerEvidence {
  std::optional<RemapIds> name;
  // What only the daemon itself makes, for itself: where its 0 lies.
  struct Thing {
    std::string what;  // for people
    uint32_t uid = 0;
    std::optional<uint32_t> gid;  // none where daemons give the group away
  };
  std::vector<Thing> daemon;
  // Owners in tar headers of layers, and those of the same files on disk.
  struct Pair {
    uint64_t container = 0;
    uint32_t disk = 0;
    size_t layer = 0;  // a number that tells layers apart
  };
  std::vector<Pair> users;
  std::vector<Pair> groups;
  // Opaque directories of layers, by the kind of their mark. None can set a trusted one in a user namespace.
  size_t trusted_marks = 0;
  size_t user_marks = 0;
  HostIds host;
};

// Reads `daemon`, and a sample of the layers' files, the same on every run. What cannot be read says nothing.
void find_daemon_things(const Root& root, const Model& model, OwnerEvidence& evidence);
void sample_layer_owners(const Root& root, const Model& model, OwnerEvidence& evidence);

// What the daemon made for itself belongs to two, and so do whole layers: in words that fit behind "because". Empty
// where that is not so.
std::string contradiction(const OwnerEvidence& evidence);

RootOwners settle_owners(const OwnerEvidence& evidence);

// Three quarters: what a few odd owners do not change.
inline bool is_nearly_all(size_t some, size_t all) { return some * 4 >= all * 3; }

}  // namespace dfsck
