// A lost tar-split.json.gz, made again: the layer's tree is packed the way the daemon's own archiver packs it, and what
// comes of it is accepted only if the tar hashes to the layer's diff ID.
//
// Every layer that a daemon packed itself (commit, classic build, BuildKit, docker export and import) has such a tar;
// what others packed has one if they happen to have the same variants.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/codec/compress/gzip_writer.h"
#include "core/content/pack/variant.h"
#include "core/content/verify.h"
#include "core/fs/root.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct PackedLayer {
  bool matches = false;  // the tar hashes to the diff ID; only then has the sink been given anything
  std::string variant;   // by which it does, for people
  std::string reason;    // why it does not
  uint64_t entries = 0;  // in the tar, if it matches
  uint64_t tar_bytes = 0;
  uint64_t tree_bytes = 0;    // `size` as the daemon computes it for layers that it unpacks
  uint64_t header_bytes = 0;  // `size` as it computes it for layers of BuildKit
  size_t variants_tried = 0;
};

// Packs `input.diff_dir` (`input.tar_split` is not read; `input.diff` is what counts). If a variant gives the right
// digest, `sink` gets the bytes of tar-split.json.gz. File contents are read once for each order of entries that is
// tried. Memory: 8 bytes for each file with contents, and what PackWalk needs. Errors: Io where the tree cannot be read
// (with it nothing is proven), Limit for layers of more than 1 TiB and paths that the kernel does not take, Busy where
// the tree changes meanwhile, Cancelled, and those of the sink. Adds what it reads to `progress`. Thread-safe.
Result<PackedLayer> pack_layer(const Root& root, const LayerInput& input, const OwnerNames& names, const Cancel& cancel,
                               Progress& progress, const ByteSink& sink);

}  // namespace dfsck
