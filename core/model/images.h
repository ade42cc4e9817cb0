// imagedb, repositories.json and the registry cache: image/<driver>/{imagedb,repositories.json,distribution}.
// Written by moby image/fs.go, reference/store.go, distribution/metadata.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/model/file_state.h"

namespace dfsck {

// A copy of a config that is damaged or missing. Its bytes have the right digest.
struct ConfigCopy {
  std::string place;  // for people, escaped: a path below the root, or a donor
  std::string bytes;
};

// imagedb/content/sha256/<id>. An image whose config is missing is listed only if its exact bytes were found elsewhere.
struct Image {
  ImageId id;
  RelPath path;
  FileState::Kind state = FileState::Kind::Absent;
  int error_code = 0;    // errno, where the state is Unreadable
  std::string problem;   // why the bytes are not the image's config ("empty", ...); empty if their digest is right
  std::string unusable;  // why the daemon refuses a config whose digest is right; empty if it does not
  std::vector<DiffId> diff_ids;      // only of a config whose digest is right
  std::vector<ChainId> chain;        // chain[i] is the chain ID of diff_ids[0..i]
  size_t repeated_empty_layers = 0;  // how often the empty layer's DiffID is in diff_ids, if more than once
  std::vector<std::string> history;  // one digest of each history item, for the rule of parent images
  std::optional<ConfigCopy> copy;    // looked for where there is a `problem`

  explicit Image(ImageId image) : id(std::move(image)) {}
  bool usable() const { return problem.empty() && unusable.empty(); }
};

// imagedb/metadata/sha256/<id>
struct ImageMetadata {
  std::string name;
  RelPath path;
  std::optional<ImageId> id;
  bool is_directory = true;
  FileState parent, last_updated;
  std::optional<ImageId> parent_id;
  bool last_updated_bad = false;
};

// One inner entry of repositories.json.
struct Reference {
  std::string repository;  // outer key, raw
  std::string name;        // inner key, raw: "app:1" or "app@sha256:..."
  std::string target;      // value, raw
  std::optional<ImageId> image;
  bool well_formed = true;  // name parses, and lies under the right outer key
};

struct ReferenceStore {
  FileState file;
  std::string problem;                // empty if it parses, and where the file is missing
  std::vector<Reference> references;  // sorted by name; of a damaged file, the entries that could be salvaged
  // Complete entries of writes that were cut off (".tmp-repositories.json*"), newest file first. Looked for only where
  // the file itself is damaged or missing.
  std::vector<Reference> unfinished;
};

// distribution/diffid-by-digest/sha256/<blob> and distribution/v2metadata-by-diffid/sha256/<diff>.
struct DistributionEntry {
  RelPath path;
  std::string key;             // hex of the name
  std::string problem;         // empty if it parses
  std::optional<DiffId> diff;  // of a diffid-by-digest entry
  struct Source {
    BlobDigest digest;
    std::string repository;
  };
  std::vector<Source> sources;  // of a v2metadata-by-diffid entry
};

struct ImageStore {
  bool exists = false;
  std::vector<Image> images;            // sorted by id
  std::vector<ImageMetadata> metadata;  // sorted by name
  std::vector<RelPath> foreign;         // entries of imagedb/content/sha256 that are none (".tmp-*" apart)
  ReferenceStore references;
  std::vector<DistributionEntry> diffid_by_digest;
  std::vector<DistributionEntry> v2metadata_by_diffid;
  bool complete = true;  // every config could be read

  const Image* find(const ImageId& id) const;
  // The ids that tags and metadata name but that are not in `images`.
  std::set<ImageId> missing() const;
  // Lists an image whose config is missing, at `path`, with the copy that was found of it.
  void add_lost(const ImageId& id, RelPath path, ConfigCopy copy);
};

}  // namespace dfsck
