// The proof that remedies are the right ones: with them the layer's tar has its digest. Internal to core/heal.
#pragma once

#include <optional>
#include <vector>

#include "core/content/layers/results.h"
#include "core/content/verify.h"
#include "core/fs/root.h"
#include "core/heal/origin_reader.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// A damaged file and the bytes that it is to have.
struct Replacement {
  std::string path;  // in the layer's tree
  uint64_t size = 0;
  uint64_t crc64 = 0;
  Origin origin;
  bool has_size = false;                 // a regular file of that size is there
  std::vector<RelPath> links;            // set by the proof: hard links to the file
  std::optional<WrongBytes> wrong = {};  // set by the proof: how the file that is there differs, if it has its size
};

struct Proof {
  bool holds = false;
  std::optional<size_t> useless;  // the replacement whose origin does not give the bytes: nothing was proven then
};

// Puts the tar together once, out of tar-split, the tree and the replacements. Nothing is written. An error is of the
// tree, of tar-split, or Cancelled.
Result<Proof> prove_layer(const Root& root, const LayerInput& input, std::vector<Replacement>& replacements,
                          OriginReader& reader, const Cancel& cancel, Progress& progress);

}  // namespace dfsck
