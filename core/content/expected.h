// What a tar entry says should be on disk, as a value that outlives the stream.
#pragma once

#include "core/codec/tar/layer_stream.h"
#include "core/content/verify.h"

namespace dfsck {

// Of a hard link the type is not known from the header: `mode` has the permission bits only.
ExpectedEntry expected_of(const LayerEntry& entry, const LayerInput& input);
// The whiteout that a ".wh." entry stands for.
ExpectedEntry expected_whiteout(const LayerEntry& entry, const LayerInput& input);

}  // namespace dfsck
