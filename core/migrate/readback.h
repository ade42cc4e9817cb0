// Reading back what was copied, from the target's disk.
#pragma once

#include <functional>

#include "core/migrate/copy_walk.h"

namespace dfsck {

// How the files of a unit are judged.
enum class ReadBack {
  Sum,      // only summed up, into unit.content; those with several names are compared
  Compare,  // each is compared with the source
};

// Reads all files of the unit's source that should be in the target; those that are not there or not the same become
// TargetDiffers problems of `unit`. Reads of the target go past the page cache where it can be told to forget (so sync
// before). What cannot be read of the source is not judged. Adds the bytes read to the progress.
void read_back(CopyContext& context, CopyUnit& unit, SharedWork& work, ReadBack how, std::function<void()> ended);

}  // namespace dfsck
