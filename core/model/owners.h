// Who owns what in a root.
//
// A daemon on the host gives the owners in a layer's tar headers to the files as they are. One with --userns-remap
// shifts them, and one that runs in a user namespace itself (rootless, in an unprivileged container) has everything
// shifted, its own files too. None of them says so anywhere: it is read from what lies in the root.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/id_map.h"

namespace dfsck {

struct RootOwners {
  IdMapping containers;  // from ids in tar headers to ids on disk
  IdMapping daemon;      // from ids as the daemon sees them to ids on disk
  // The daemon runs in a user namespace: it cannot make device nodes, and overlay keeps its marks in user attributes.
  bool in_namespace = false;
  // `containers` holds. If not, `doubt` says why, in words that fit behind "because"; no owner is judged then.
  bool known = true;
  std::string doubt;
  std::vector<std::string> known_by;  // for people: "the root directory", "layerdb", ...
  bool by_name_alone = false;         // the directory's name said it, and nothing is shifted besides
  // Ids that this process's user namespace does not have are seen as these.
  bool hides_ids = false;
  uint32_t no_user = 0;
  uint32_t no_group = 0;

  // What belongs to the daemon's root.
  uint32_t daemon_uid() const { return daemon.users.to_host(0).value_or(0); }
  uint32_t daemon_gid() const { return daemon.groups.to_host(0).value_or(0); }
  // What belongs to the root of containers.
  uint32_t layer_uid() const { return containers.users.to_host(0).value_or(daemon_uid()); }
  uint32_t layer_gid() const { return containers.groups.to_host(0).value_or(daemon_gid()); }

  const char* opaque_xattr() const { return in_namespace ? "user.overlay.opaque" : "trusted.overlay.opaque"; }
  // The owner is one that cannot be told from here.
  bool is_hidden(uint32_t uid, uint32_t gid) const { return hides_ids && (uid == no_user || gid == no_group); }
};

}  // namespace dfsck
