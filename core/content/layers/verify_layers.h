// Verifying all layers of a root, several at a time.
#pragma once

#include <optional>
#include <set>

#include "core/content/layers/results.h"
#include "core/model/derive/derive.h"

namespace dfsck {

// The tree of the i-th layer of the model and all that is known of it. Nothing where it is not known where the tree
// should be.
std::optional<LayerInput> tree_input(const Model& model, const Derived& derived, size_t i);
// The same where there is a tar-split to compare it with.
std::optional<LayerInput> layer_input(const Model& model, const Derived& derived, size_t i);
// And for the layer's tree in another directory than its own.
std::optional<LayerInput> layer_input_in(const Model& model, const Derived& derived, size_t i, const CacheId& dir);

// One verdict per layer of the model, in its order, and one for each second directory of a layer. The longest layers
// begin first, so that at the end no thread waits long for another. Layers whose directory or reference is not known
// get the state NotChecked, and so do those that are not in `chosen`, if it is not null.
ContentResults verify_layers(const Root& root, const Model& model, const Derived& derived,
                             const std::set<ChainId>* chosen, Depth depth, unsigned jobs, const Cancel& cancel,
                             Progress& progress);

}  // namespace dfsck
