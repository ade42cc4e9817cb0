// Taking a finished repair back.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/journal/history.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct UndoResult {
  std::string id;    // the run that is now undone
  size_t steps = 0;  // taken back
  // Why it stopped half-way; empty where it did not. The run is unfinished then, and recover goes on.
  std::string stopped;
  size_t left = 0;  // steps that are not taken back yet
};

// Puts back what run `id` (empty: the newest that changed something and is not undone) changed: objects with
// their bytes, names, owners, modes, times and attributes, and the times of the directories around them. What the run
// made goes to its `saved/`, but for additional names of files, which go away. First every step is checked; if anything
// is not as the run left it, nothing is changed and a Format error names the path and what changed. Refuses (Format) a
// run that is older than another that is not undone, and while any run is unfinished. Busy as RootLock::take. Cancelled
// only before the first change: the rest of an undo is quick. An Error means that nothing was changed. Cut off
// anywhere, it is completed by recover.
Result<UndoResult> undo(const Root& root, const std::string& id, const Cancel& cancel, Progress& progress);

// What undo would take back, in the order in which it would: the same checks and errors, but nothing is changed and no
// lock taken.
Result<std::vector<RunStep>> undo_preview(const Root& root, const std::string& id);

}  // namespace dfsck
