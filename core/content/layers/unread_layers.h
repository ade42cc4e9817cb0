// Verdicts on layers of which something could not be read.
#pragma once

#include <cstddef>

#include "core/content/layers/results.h"
#include "core/model/derive/derive.h"

namespace dfsck {

// Makes verdicts Unreadable whose layer, or a layer below it that it was compared with, has something that could not be
// read since the count of unread things was `from` (see core/base/unread.h), though who compared them could do without
// it. The verdicts are those of verify_layers.
void set_aside_unread(const Root& root, const Model& model, const Derived& derived, size_t from,
                      ContentResults& results);

}  // namespace dfsck
