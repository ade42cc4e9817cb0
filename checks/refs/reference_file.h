// What repositories.json should hold: worked out once for the checks that count tags and the repairs that write them.
#pragma once

#include <cstddef>

#include "core/model/model.h"
#include "core/model/tags.h"

namespace dfsck {

// Tags that other things than an intact file prove, for images that are here: complete entries of the torn text, then
// those of cut-off writes, newest first, then what containers were made from, newest first.
Tags provable_tags(const Model& model);

size_t count_of(const Tags& tags);

}  // namespace dfsck
