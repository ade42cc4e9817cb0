// What a donor says that it holds: images with their configs, and where the layers are.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/donor/limits.h"
#include "core/donor/member_store.h"

namespace dfsck {

struct DonorImage {
  ImageId id;                    // the digest of `config`
  std::string config;            // its exact bytes
  std::vector<DiffId> diff_ids;  // base first
  // As the donor spells them: "app:1" of docker save, "docker.io/library/app:1" or "1" of OCI layouts; sorted. Images
  // of several platforms may have the same name.
  std::vector<std::string> names;
  // The image that it was built on, as docker save tells where the archive holds both; may be wrong.
  std::optional<ImageId> parent;
};

// A file that is said to hold a layer, compressed or not. Not to be believed until it was hashed.
struct LayerPlace {
  RelPath name;
  Member member;
};

// One image as a manifest describes it.
struct ImageClaim {
  RelPath config;
  std::optional<ImageId> id;    // what the config's name or descriptor says of its digest
  std::vector<RelPath> layers;  // base first
  std::vector<std::string> names;
  std::optional<ImageId> parent;
};

// Collects images from a donor's manifests. Not thread-safe.
class Catalogue {
 public:
  Catalogue(const MemberStore& store, const DonorLimits& limits) : store_(store), limits_(limits) {}

  // Reads the config and adds the image. What is wrong with one image becomes a problem, and the others are still good;
  // an error means that the donor as a whole is refused.
  Result<void> add(const ImageClaim& claim);
  void add_names(const ImageId& id, const std::vector<std::string>& names);
  void add_layer(const DiffId& diff, LayerPlace place);
  void note(Error problem);
  // Makes an error of an image a problem; other kinds of errors are handed back.
  Result<void> note_or_refuse(const Error& error);
  // The whole of a manifest, index or config, within the limits for one and for all.
  Result<std::string> read(const RelPath& name);
  bool has_image(const ImageId& id) const { return images_.contains(id); }

  const MemberStore& store() const { return store_; }
  const DonorLimits& limits() const { return limits_; }

  std::map<ImageId, DonorImage>& images() { return images_; }
  std::map<DiffId, std::vector<LayerPlace>>& layers() { return layers_; }
  std::vector<Error>& problems() { return problems_; }

 private:
  Result<void> add_layers(const ImageClaim& claim, const std::vector<DiffId>& diff_ids);

  const MemberStore& store_;
  const DonorLimits& limits_;
  std::map<ImageId, DonorImage> images_;
  std::map<DiffId, std::vector<LayerPlace>> layers_;
  std::vector<Error> problems_;
  size_t layer_count_ = 0;
  uint64_t document_bytes_ = 0;
};

}  // namespace dfsck
