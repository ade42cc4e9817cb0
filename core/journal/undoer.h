// Taking steps of a run back, batch by batch. Internal to core/journal.
#pragma once

#include <vector>

#include "core/fs/lock.h"
#include "core/journal/run/journal.h"
#include "core/journal/run/log.h"
#include "core/journal/run/place.h"
#include "core/run/progress.h"

namespace dfsck {

// Takes back all steps of the log that are Done or UndoIntended, newest first, removes the additional names that hard
// link steps had made, and ends the journal with "undone".
// Checks nothing but that each object is where the step left it. Returns the number of steps taken back. After an error
// the run is unfinished; calling this again goes on.
Result<size_t> take_all_back(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log, Progress& progress);

// Takes back these steps, newest first, while the run goes on: another step of their group has failed, `why` says
// which. Those that are UndoIntended already are completed. After an error the run is unfinished, and recover goes on.
Result<void> take_steps_back(const RunPlace& place, RootLock& lock, Journal& journal, RunLog& log,
                             const std::vector<size_t>& numbers, const std::string& why);

// What an undo looks at before it begins. After a crash attributes may be half set: they are then not judged.
enum class Scrutiny { Everything, NamesAndContents };

// Whether everything is as the run's steps left it. Format, with the path and what changed, where something is not.
Result<void> check_unchanged(const RunPlace& place, const RunLog& log, Scrutiny scrutiny);

// Numbers of the steps that take_all_back would take back, in its order.
std::vector<size_t> steps_to_take_back(const RunLog& log);

}  // namespace dfsck
