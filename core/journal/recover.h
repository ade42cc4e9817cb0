// Bringing a repair, or an undo, that was cut off to an end.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/journal/history.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

enum class Direction {
  Finish,  // carry out what is left of the plan
  Back,    // take back what was done
};

struct RecoverResult {
  std::string id;
  Direction direction = Direction::Finish;              // what was done in the end
  RunRecord::State state = RunRecord::State::Finished;  // what the run is now: Finished, Stopped or Undone
  size_t steps = 0;                                     // carried out, or taken back, now
  std::string note;  // why it was taken back although Finish was asked for; else empty
};

// Ends run `id` (empty: the unfinished one). Looks at each step that the journal leaves open: an object's inode tells
// whether the step happened. Where neither is so, nothing is changed and a Format error says what the path should be
// and what it is. Finish carries out the rest if all preconditions still hold, else takes everything back and says why.
// An undo that was cut off is always completed. Can itself be cut off anywhere and called again. Format where nothing
// is unfinished; Busy as RootLock::take.
Result<RecoverResult> recover(const Root& root, const std::string& id, Direction direction, const Cancel& cancel,
                              Progress& progress);

// What recover would do, without a lock and without changing anything; `steps` is the number of steps it would take.
Result<RecoverResult> recover_preview(const Root& root, const std::string& id, Direction direction);

}  // namespace dfsck
