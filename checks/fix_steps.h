// What fixes need to write their steps: the order of levels, and owners.
#pragma once

#include "checks/input.h"
#include "core/plan/expect.h"
#include "core/plan/plan.h"

namespace dfsck {

// In which order the levels of a root are repaired: what others are judged by comes first.
namespace stage {
inline constexpr int kUrgent = 0;  // what a daemon would destroy things by
inline constexpr int kDatabases = 10;
inline constexpr int kImages = 20;
inline constexpr int kLayers = 30;
inline constexpr int kLinks = 40;
inline constexpr int kLower = 50;
inline constexpr int kDirs = 60;
inline constexpr int kContent = 70;
inline constexpr int kMounts = 80;
inline constexpr int kContainers = 90;
inline constexpr int kReferences = 100;
inline constexpr int kVolumes = 110;
inline constexpr int kSwarm = 115;
inline constexpr int kGarbage = 120;
}  // namespace stage

// The owner that the daemon gives to what it makes: root of its containers to layer trees, its own root to all else,
// and to the directory around a tree root with the group of its containers' root.
Ownership layer_owner(const Model& model, uint32_t mode);
Ownership layer_home_owner(const Model& model, uint32_t mode);
Ownership daemon_owner(const Model& model, uint32_t mode);
// A symbolic link with its owner; its mode is of no meaning.
void add_symlink(const CheckInput& input, int stage, const WriteSymlink& link, Ownership owner, size_t index,
                 PlanBuilder& plan);

}  // namespace dfsck
