// The verdicts on the content of all layers of a root, and what could heal them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/content/layers/hidden.h"
#include "core/content/origin.h"
#include "core/content/verify.h"

namespace dfsck {

struct WrongBytes {
  uint64_t offset = 0;
  uint64_t length = 0;
};

// Where the bytes of one damaged file are to be had.
struct Remedy {
  size_t issue = 0;  // in the layer's verdict
  Origin origin;
  // Of a file that has its right size: from the first byte that is wrong to the last, against those of `origin`.
  std::optional<WrongBytes> wrong = {};
  std::vector<RelPath> links;  // further names of the file, relative to diff/: hard links to be made anew
};

struct LayerRemedies {
  // One for each file whose bytes are wrong or gone, in the order of the issues. With them the layer hashes to its diff
  // ID, or there are none at all.
  std::vector<Remedy> files;
  // Where there are none though bytes are wrong: why, in words. "3 of 4 files were found, not etc/passwd".
  std::string why;
};

// A tar-split that was made again.
struct RebuiltReference {
  std::string tar_split;  // bytes of tar-split.json.gz; empty where it could not be made
  std::string source;     // out of what, for people
  std::string why;        // why not, for people
};

// A second directory of a layer, on which other layers stand (DirOwner::Kind::Duplicate), held against the layer's
// tar-split.
struct DuplicateDirectory {
  size_t layer = 0;  // in the model
  size_t dir = 0;    // in the model
  LayerVerdict verdict;

  // A digest that differs over files that are right speaks of the tar-split, and so of the layer.
  bool is_damaged() const { return verdict.state == LayerVerdict::State::Damaged; }
};

struct ContentResults {
  // Like model.layers.layers; empty when the layer trees were not looked at. A layer that could not be looked at
  // because of its metadata has a verdict of state NotChecked.
  std::vector<LayerVerdict> layers;
  std::vector<DuplicateDirectory> duplicates;  // by directory
  // Like `layers`; empty where no layer has such damage.
  std::vector<LayerRemedies> remedies;
  // Like `layers`; empty where every layer has a tar-split that can be used.
  std::vector<RebuiltReference> references;
  HiddenContent hidden;               // what of the trees could not be judged
  std::vector<RelPath> mounted_over;  // mount points inside of layers' trees that hide something of them
  uint64_t unshifted_acls = 0;        // access lists that all name the ids of their headers, where owners are shifted

  // The remedy of an issue; null if there is none.
  const Remedy* find_remedy(size_t layer, size_t issue) const;
  // The layer's tree is lost, and all that was in it can be made again.
  bool can_restore_tree(size_t layer) const;
  // The tar-split that was made again for the layer; null if there is none.
  const RebuiltReference* find_reference(size_t layer) const;
};

}  // namespace dfsck
