// layerdb: the image store's layers, container mounts, and unfinished operations.
// Written by moby layer/filestore.go and layer/layer_store.go; docker-fsck reads what these leave behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/model/file_state.h"

namespace dfsck {

// A directory of layerdb/sha256 whose name is a chain ID, whatever is in it.
struct Layer {
  ChainId id;
  RelPath path;  // of the entry
  bool is_directory = true;
  bool is_empty = false;  // a directory with nothing in it

  FileState diff, parent, size, cache_id, descriptor;
  FileState tar_split;  // its bytes are not read: Present, or how it is not
  // The values of the files, as the daemon would parse them; nothing where it would refuse.
  std::optional<DiffId> diff_id;
  std::optional<ChainId> parent_id;
  std::optional<uint64_t> size_value;
  std::optional<CacheId> cache;
  // What cache-id names, even where it is no id that we know (ownership is judged by the text).
  std::string cache_text;
  bool descriptor_bad = false;

  explicit Layer(ChainId chain) : id(std::move(chain)) {}

  // What the daemon needs to load the entry itself, its parents apart (layer_store.go:loadLayer).
  bool loads() const {
    return diff_id && size_value && !cache_text.empty() && (parent.absent() || parent_id) && !descriptor_bad;
  }
};

// layerdb/sha256/<chain>-<random>-removing: a layer whose removal began. At each clean stop daemons since 20.10 remove
// the directory of the driver that its cache-id names, and then the entry (layer/layer_store.go:Cleanup). They do not
// ask who else uses that directory.
struct RemovingLayer {
  ChainId id;
  RelPath path;
  FileState cache_id;
  std::string cache_text;        // what cache-id names, as the daemon reads it
  std::optional<CacheId> cache;  // the same, where it is the name of a directory

  explicit RemovingLayer(ChainId chain) : id(std::move(chain)) {}
};

// layerdb/mounts/<name>: which directory is the writable layer of a container (64 hex) or of a build step (25
// characters).
struct Mount {
  std::string name;
  RelPath path;
  bool of_build = false;
  FileState mount_id, init_id, parent;
  std::optional<CacheId> dir;       // from mount-id
  std::optional<CacheId> init_dir;  // from init-id
  std::optional<ChainId> parent_id;
};

struct LayerStore {
  bool exists = false;
  std::vector<Layer> layers;            // sorted by chain ID
  std::vector<RemovingLayer> removing;  // sorted by path
  std::vector<RelPath> write_sets;      // layerdb/tmp/*
  std::vector<Mount> mounts;            // sorted by name
  std::vector<RelPath> foreign_layers;  // entries of layerdb/sha256 that are none
  std::vector<RelPath> foreign_mounts;
  // Layers or mounts could not all be listed: nothing may be called an orphan.
  bool layers_complete = true;
  bool mounts_complete = true;

  const Layer* find(const ChainId& id) const;
  const Mount* find_mount(std::string_view name) const;
};

}  // namespace dfsck
