// What this machine knows of users and groups: which of them exist where this process runs, and which ranges are set
// aside for user namespaces. Reads /proc and /etc only; changes nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/id_map.h"

namespace dfsck {

// The ids that /etc/subuid or /etc/subgid gives to one user, in the order of the file.
struct SubordinateIds {
  uint32_t owner = 0;
  struct Range {
    uint32_t first = 0;
    uint64_t count = 0;
  };
  std::vector<Range> ranges;
};

// A value, so that tests can say what a machine looks like.
struct HostIds {
  IdMapping visible;          // the ids that this process's user namespace has, each as itself
  bool in_namespace = false;  // it does not have all of them
  // What the kernel shows in place of others.
  uint32_t no_user = 65534;
  uint32_t no_group = 65534;
  std::vector<SubordinateIds> users;
  std::vector<SubordinateIds> groups;
};

// What cannot be read is left out.
HostIds read_host_ids();

// /proc/PID/uid_map as a map of all inner ids to themselves; all ids where the text makes no sense.
IdMap visible_ids(std::string_view uid_map);
// The text of /etc/subuid or /etc/subgid; owners by name are looked up in that of /etc/passwd.
std::vector<SubordinateIds> parse_subordinate_ids(std::string_view text, std::string_view passwd);

}  // namespace dfsck
