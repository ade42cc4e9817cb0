// What loading an archive did, or would do, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "cmd/render/output.h"
#include "core/load/unpack_layer.h"
#include "core/load/work.h"

namespace dfsck {

struct LoadReport {
  std::string root;                   // path
  std::string archive;                // as it was given
  std::string run;                    // empty: nothing was changed
  std::vector<UnpackedLayer> layers;  // as LoadWork::layers
};

// Text, or a document of the schema docker-fsck/load/1.
Output load_output(const Options& options, const LoadArchive& archive, const LoadWork& work, const LoadReport& report);

}  // namespace dfsck
