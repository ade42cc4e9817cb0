// Archives of Docker before 1.10, in which no digest names anything.
#pragma once

#include "core/base/result.h"
#include "core/donor/catalogue.h"
#include "core/run/cancel.h"

namespace dfsck {

// Adds the layers of <v1 id>/layer.tar directories, known by what they hash to: all of them are read, `jobs` at a time.
// There are no image configs in such an archive. A problem is noted where `repositories` is missing.
// Format error if there is no layer either.
Result<void> read_v1_layers(Catalogue& catalogue, unsigned jobs, const Cancel& cancel);

}  // namespace dfsck
