// Making lost tar-splits again: out of a donor's tar of the layer, else by packing the layer's tree as a daemon would.
// Either is proven by the digest.
#pragma once

#include "core/content/layers/results.h"
#include "core/heal/donors.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// For each layer of `content` that has a tree, but no tar-split that can be used. Nothing is written. Fills in
// `content.references`. Reads the trees of those layers, and no others.
void rebuild_references(const Root& root, const Model& model, const Derived& derived, const Donors& donors,
                        unsigned jobs, const Cancel& cancel, Progress& progress, ContentResults& content);

}  // namespace dfsck
