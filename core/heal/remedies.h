// Finding the bytes of damaged files: in the file itself where one bit flipped, in other layers of the root, elsewhere
// in the root, in donors. A file is known by its size and CRC-64, which tar-split keeps; that the right one was found
// is proven by the digest of the whole layer.
#pragma once

#include "core/content/layers/results.h"
#include "core/heal/donors.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// For each layer of `content` with files whose bytes are wrong or gone: where they are to be had. Nothing is written.
// Fills in `content.remedies`. Reads no more than is needed: without damage, nothing.
void find_remedies(const Root& root, const Model& model, const Derived& derived, const Donors& donors, unsigned jobs,
                   const Cancel& cancel, Progress& progress, ContentResults& content);

}  // namespace dfsck
