// A layer's tar becomes a tree in overlay2 and a tar-split, in one pass over its bytes.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/codec/compress/gzip_writer.h"
#include "core/content/verify.h"
#include "core/donor/layer_source.h"
#include "core/fs/dir.h"
#include "core/run/progress.h"

namespace dfsck {

struct UnpackedLayer {
  uint64_t tree_bytes = 0;  // what layerdb keeps as "size": see core/content/tree/tree_size.h
  uint64_t tar_bytes = 0;
  uint64_t entries = 0;
};

// Unpacks into `diff`, an empty directory of ours, as the daemon unpacks into overlay2 (moby pkg/archive/archive.go:
// Unpack with overlay's form of whiteouts); `tar_split` gets the bytes of tar-split.json.gz. Owners are shifted by
// `ids`. `source` must verify the layer. Stricter than the daemon in what could lead out of the tree or that the daemon
// itself could not give back: see judge_member; nor may a name go through anything but directories, or come twice
// (directories may). Format, or Limit, where the layer is refused, and Io errors. Never leaves `diff`, nor follows a
// link. Adds what it reads to `progress`. Nothing is made durable.
Result<UnpackedLayer> unpack_layer(LayerSource& source, const Dir& diff, const RootOwners& owners,
                                   const ByteSink& tar_split, Progress& progress);

// Reads and judges the layer as unpack_layer would, as far as that goes without a tree.
Result<UnpackedLayer> inspect_layer(LayerSource& source, Progress& progress);

}  // namespace dfsck
