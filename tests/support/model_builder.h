// Builds models of small healthy roots by hand, for tests of checks: no disk is involved. Names come from seeds, so
// that a test reads the same at every run. Damage is done by changing the parts that the accessors give.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model/model.h"

namespace dfsck::test {

// A file with these contents.
FileState file_of(std::string bytes);

// A made-up id of 64 hex characters.
std::string hex_of(std::string_view seed);

class ModelBuilder {
 public:
  // An empty overlay2 root with all its stores, each read completely.
  ModelBuilder();

  // A layer with its layerdb entry, its directory in overlay2, its link file and its short link.
  ChainId add_layer(std::string_view seed, const std::optional<ChainId>& parent = std::nullopt);
  // An image whose chain is that of `top`, with a config of the right digest.
  ImageId add_image(std::string_view seed, const std::optional<ChainId>& top = std::nullopt);
  // A tag or digest as repositories.json has it: "app:1".
  void add_tag(const std::string& name, const ImageId& image);
  // A container with both its files, its mount entry, and its two directories. Returns its id.
  std::string add_container(std::string_view seed, const ImageId& image);
  // Just the two directories that a container would have, owned by nobody.
  CacheId add_writable(std::string_view seed, const std::optional<ChainId>& top);
  // Any directory of overlay2 that stands on `below`, with link file and short link.
  OverlayDir& add_dir(const std::string& name, const std::optional<CacheId>& below);
  void add_volume(const std::string& name);
  void add_network(const std::string& name, const std::string& id);

  Model& model() { return model_; }
  Layer& layer(const ChainId& id);
  Image& image(const ImageId& id);
  Container& container(std::string_view id);
  Mount& mount(std::string_view name);
  OverlayDir& dir(const CacheId& id);
  void remove_layer(const ChainId& id);
  void remove_image(const ImageId& id);
  void remove_container(std::string_view id);
  void remove_mount(std::string_view name);

 private:
  Model model_;
};

}  // namespace dfsck::test
