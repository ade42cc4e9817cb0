// Where a run prepares whole trees before any of its steps: `.docker-fsck/<run>/staged`. Internal to core/journal.
//
// Nothing in it is named by the journal until a batch takes it: a crash before that leaves what nobody needs, and the
// end of every run, recovery or undo removes it.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/journal/run/place.h"

namespace dfsck {

// Opens the directory; makes it where it is missing, with the security label of the root's directory at `label_of`.
Result<Dir> make_staging(const Root& root, const KeepPlace& keep, const RelPath& label_of);

// Moves the tree from the staging place to where the batches of `step` have their new objects. One that is there
// already, from a run that was cut off, stays. Format where it is in neither place.
Result<void> take_staged(const KeepPlace& keep, uint64_t staged, size_t step);

// Removes what was prepared and not taken.
Result<void> remove_staging(const RunPlace& place);

}  // namespace dfsck
