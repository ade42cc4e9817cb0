// The additional names of files that a run has made in its `saved/` and does not use. Internal to core/journal.
#pragma once

#include "core/base/result.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"

namespace dfsck {

// Removes what hard link steps have prepared, where the step was taken back or never taken: it would merely make the
// file's link count differ from before. Only names of files that have another name are removed, so no byte goes with
// them. For the end of a run, when no step is in an unknown state.
Result<void> remove_spare_links(const RunPlace& place, const RunLog& log);

}  // namespace dfsck
