// A writable layer packed as `docker commit` packs it: there is no digest to compare with, the tar is a new one.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/content/verify.h"
#include "core/fs/root.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct PackedTree {
  DiffId diff;            // of the tar
  std::string tar_split;  // bytes of its tar-split.json.gz
  uint64_t entries = 0;
};

// Packs `input.diff_dir` by the variant of Docker since 24: whiteouts and opaque marks in the form of tars, of attributes
// only capabilities, no sockets, owners as containers see them. Reads every file once. Memory: the compressed
// tar-split, and what PackWalk needs. Errors: Format where a part of the tree lies in a layer below (the kernel's
// redirect_dir and metacopy), Io, Limit, Busy where the tree changes meanwhile, Cancelled. Adds what it reads to
// `progress`. Thread-safe.
Result<PackedTree> pack_tree(const Root& root, const LayerInput& input, const Cancel& cancel, Progress& progress);

}  // namespace dfsck
