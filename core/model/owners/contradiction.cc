// A change of all owners that was cut off half-way leaves two roots in one. Which of them is meant cannot be told.
#include <algorithm>
#include <map>
#include <set>

#include "core/model/owners/evidence.h"

namespace dfsck {
namespace {

// Users alone: groups are given away by daemons here and there, so they tell less.
std::map<uint32_t, size_t> owners_of_things(const OwnerEvidence& evidence) {
  std::map<uint32_t, size_t> counts;
  for (const OwnerEvidence::Thing& thing : evidence.daemon) {
    ++counts[thing.uid];
  }
  return counts;
}

// To whom nearly all of a layer's files belong that are root's in it.
std::set<uint32_t> owners_of_layers(const OwnerEvidence& evidence) {
  std::map<size_t, std::map<uint32_t, size_t>> layers;
  for (const OwnerEvidence::Pair& pair : evidence.users) {
    if (pair.container == 0) {
      ++layers[pair.layer][pair.disk];
    }
  }
  std::set<uint32_t> owners;
  for (const auto& [layer, counts] : layers) {
    size_t all = 0;
    for (const auto& [owner, count] : counts) {
      all += count;
    }
    for (const auto& [owner, count] : counts) {
      if (is_nearly_all(count, all)) {
        owners.insert(owner);
      }
    }
  }
  return owners;
}

std::string things_of(const OwnerEvidence& evidence, uint32_t owner) {
  std::set<std::string> named;
  std::string text;
  for (const OwnerEvidence::Thing& thing : evidence.daemon) {
    if (thing.uid == owner && named.insert(thing.what).second) {
      text += (text.empty() ? "" : ", ") + thing.what;
    }
  }
  return text;
}

}  // namespace

// Both must have whole layers as well as files of the daemon's own: a few files that some other tool has changed are
// an accident, not a second root. Which of two is right cannot be told, and a repair that guessed would change the
// owner of everything.
std::string contradiction(const OwnerEvidence& evidence) {
  const std::map<uint32_t, size_t> counts = owners_of_things(evidence);
  std::vector<std::pair<size_t, uint32_t>> owners;
  for (const auto& [owner, count] : counts) {
    owners.emplace_back(count, owner);
  }
  std::sort(owners.rbegin(), owners.rend());
  if (owners.size() < 2 || is_nearly_all(owners[0].first, evidence.daemon.size())) {
    return "";
  }
  const std::set<uint32_t> layers = owners_of_layers(evidence);
  if (!layers.contains(owners[0].second) || !layers.contains(owners[1].second)) {
    return "";
  }
  std::string text = "what the daemon made for itself contradicts itself";
  for (size_t i = 0; i < 2; ++i) {
    text += (i == 0 ? ": " : ", ") + things_of(evidence, owners[i].second) + " and whole layers belong to " +
            std::to_string(owners[i].second);
  }
  return text + ", as where a change of all owners was cut off";
}

}  // namespace dfsck
