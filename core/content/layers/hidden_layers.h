// Taking out of the verdicts on all layers what cannot be told from here: the filesystem hides it, the kernel does not
// show it to this process, or something is mounted over it.
#pragma once

#include "core/content/layers/results.h"
#include "core/fs/root.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"

namespace dfsck {

// Fills in `hidden`, `mounted_over` and `unshifted_acls` of the results.
void take_back_all_hidden(const Root& root, const Model& model, const Derived& derived, ContentResults& content);

}  // namespace dfsck
