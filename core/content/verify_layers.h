// Verifying all layers of a root, several at a time.
#pragma once

#include "core/content/results.h"
#include "core/model/derive.h"

namespace dfsck {

// One verdict per layer of the model, in its order. The longest layers begin first, so that at the end no thread
// waits long for another. Layers whose directory or reference is not known get the state NotChecked.
ContentResults verify_layers(const Root& root, const Model& model, const Derived& derived, Depth depth, unsigned jobs,
                             const Cancel& cancel, Progress& progress);

}  // namespace dfsck
