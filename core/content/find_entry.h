// What a layer's tar-split says of one path.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/content/verify.h"
#include "core/fs/root.h"
#include "core/run/cancel.h"

namespace dfsck {

struct PathInTar {
  std::optional<ExpectedEntry> entry;    // the last header of this name, which wins
  bool is_whiteout = false;              // the tar deletes the name: it hides what layers below have there
  bool is_opaque = false;                // the tar hides everything that layers below have in this directory
  bool is_implied = false;               // no header of its own, but headers below it
  std::vector<std::string> other_names;  // hard links to it, cleaned, in the tar's order; the first kMaxOtherNames

  static constexpr size_t kMaxOtherNames = 100;

  bool is_directory() const { return entry ? S_ISDIR(entry->mode) : is_opaque || is_implied; }
  bool is_known() const { return entry || is_whiteout || is_opaque || is_implied; }
};

// Reads through the whole tar-split of `layer`. `path` is relative to diff/, cleaned: see clean_tar_name. Errors as
// LayerStream::next, and those of opening the file; Cancelled.
Result<PathInTar> find_in_tar(const Root& root, const LayerInput& layer, std::string_view path, const Cancel& cancel);

}  // namespace dfsck
