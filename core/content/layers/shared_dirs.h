// Which of several layers a directory belongs to that the cache-ids of all of them name: the one whose tar its files
// make.
#pragma once

#include "core/fs/root.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// One ruling for each layer that is proven to name another one's directory. A directory is a layer's if its files, with
// the layer's tar-split, hash to the layer's diff ID; where that holds for several layers, the one that the directory's
// own chain stands under. The others get the directory that nobody owns and that is theirs by the same proof, if there
// is one, or else by all its names and its place. Where nothing is proven there is no ruling. Costs nothing where no
// directory is shared.
Rulings judge_shared_dirs(const Root& root, const Model& model, unsigned jobs, const Cancel& cancel,
                          Progress& progress);

}  // namespace dfsck
