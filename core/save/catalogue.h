// What goes into an archive: images with their configs and names, and each layer once, however many images share it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/codec/json/value.h"
#include "core/content/tar_source.h"
#include "core/fs/root.h"
#include "core/model/derive/derive.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// A root and what was read of it. All must outlive the catalogue.
struct SaveRoot {
  const Root& root;
  const Model& model;
  const Derived& derived;
};

// A tag of an image, in familiar form.
struct ImageName {
  std::string repository;  // "app", "ghcr.io/team/app"
  std::string tag;

  std::string text() const { return repository + ":" + tag; }
  friend auto operator<=>(const ImageName&, const ImageName&) = default;
};

struct ChosenImage {
  size_t root = 0;  // index
  ImageId id;
  std::vector<ImageName> names;  // with which it is saved; may be empty
};

struct SavedLayer {
  // One place where the layer's tar is to be had.
  struct Candidate {
    const Root* root;
    LayerInput input;
    bool repack;  // its tar-split is of no use: make one by packing the tree
  };

  DiffId diff;
  std::vector<Candidate> candidates;  // that have not been tried, the likeliest last
  const Root* root = nullptr;         // of `source`; null if the layer is not to be had
  TarSource source;
  uint64_t size = 0;                   // of the tar
  std::vector<std::string> problems;   // why the candidates that were tried are of no use, in words
  std::vector<std::string> bad_files;  // of these, "overlay2/.../diff/etc/passwd is 0 bytes, ..."; escaped

  explicit SavedLayer(DiffId id) : diff(std::move(id)) {}
  bool usable() const { return root != nullptr; }
};

struct SavedImage {
  ImageId id;
  std::vector<ImageName> names;
  std::string container;  // whose filesystem it is; empty: an image of the root
  std::string config;     // exact bytes
  JsonValue parsed;       // the same
  int64_t created = 0;    // seconds since 1970; 0 if it does not say
  std::vector<ChainId> chain;
  std::vector<size_t> layers;  // indexes, base first
  std::optional<ImageId> parent;
  std::string problem;  // why it cannot be saved, whatever its layers are like; in words

  explicit SavedImage(ImageId image) : id(std::move(image)) {}
};

class SaveCatalogue {
 public:
  explicit SaveCatalogue(std::vector<SaveRoot> roots);

  // What is wrong with the image is in its `problem`.
  void add_image(const ChosenImage& chosen);
  // Adds an image whose config and top layer were made for it. `below` is the image that it stands on. A null `top`
  // stands for a layer without changes, which is left out.
  void add_derived_image(const SavedImage& below, SavedImage image, std::optional<SavedLayer> top);

  const std::vector<SavedImage>& images() const { return images_; }
  const std::vector<SavedLayer>& layers() const { return layers_; }
  // Reads the image without adding it.
  SavedImage read_image(const ChosenImage& chosen);

  // Finds out for every layer where it is to be had, and its size; up to `jobs` at once. Reads no file of a layer
  // unless its tar-split has to be made again. Thread-safe towards nobody.
  void locate(unsigned jobs, const Cancel& cancel, Progress& progress);
  // The layer's tar turned out wrong: goes on to the next place where it may be had.
  void reject(size_t layer, const std::string& problem, std::vector<std::string> bad_files, const Cancel& cancel,
              Progress& progress);

  // Why the image cannot be saved: its own problem, or its layers'. Empty if it can.
  std::string problem_of(const SavedImage& image) const;
  // Indexes of the images that can be saved, in the order in which they were added.
  std::vector<size_t> savable() const;

 private:
  size_t layer_slot(size_t root, const ChainId& chain, const DiffId& diff);
  void add_candidates(size_t root, const ChainId& chain, SavedLayer& layer) const;
  void advance(SavedLayer& layer, const Cancel& cancel, Progress& progress) const;

  // The layers of a root, as indexes into its model.
  struct LayerIndex {
    std::map<ChainId, size_t> by_chain;
    std::multimap<DiffId, size_t> by_diff;
  };

  std::vector<SaveRoot> roots_;
  std::vector<LayerIndex> indexes_;  // like roots_
  std::vector<SavedImage> images_;
  std::vector<SavedLayer> layers_;
  std::map<ImageId, size_t> image_slots_;
  std::map<DiffId, size_t> layer_slots_;
};

}  // namespace dfsck
