// Finding the writable layer of a container. Shared by the checks of containers and mounts and by their repairs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/input.h"

namespace dfsck {

// The container's entry in layerdb/mounts: under the id that its configuration gives, else under its directory's name
// (one of them is wrong where they differ). Null if there is none.
const Mount* entry_of(const Model& model, const Container& container);

// What should be in the container's entry of layerdb/mounts; null if it has none.
const MountTruth* mount_of(const CheckInput& input, const Container& container);

// True if the daemon that uses this root must be able to load the container's writable layer.
bool needs_mount(const CheckInput& input, const Container& container);

// mount-id names a writable directory in the form that the daemon gives them.
bool has_mount_id(const Mount& entry);

// Writable directories without an owner that `container` may have lost: those that stand on the right layer.
std::vector<CacheId> candidates_of(const CheckInput& input, const Container& container);

// The container's writable directory: by its mount-id, else by its init-id, else the one directory that it may have
// lost if no other container may have lost it.
std::optional<CacheId> directory_of(const CheckInput& input, const Container& container);

// The layer that the container stands on; an empty inner value for an image without layers. What the entry says,
// unless its image and the chain of its init layer agree on another one. Nothing if nothing says it.
std::optional<std::optional<ChainId>> layer_below(const CheckInput& input, const Container& container);

}  // namespace dfsck
