// Archives that no root may take: each is a docker save archive with one thing wrong.
#pragma once

#include <string>
#include <vector>

namespace dfsck::test {

struct HostileArchive {
  std::string name;   // for people
  std::string bytes;  // of the archive
  std::string said;   // a part of what must be said of it
};

// Layers with one hostile entry each, under their right diff IDs: only who unpacks them sees what they are.
std::vector<HostileArchive> hostile_layers();
// Archives whose manifests, configs, names or sizes are wrong.
std::vector<HostileArchive> hostile_manifests();

}  // namespace dfsck::test
