// Spare names are told by the state of the step that they were made for.
#include "core/journal/run/spare_links.h"

#include <cerrno>

#include "core/base/try.h"
#include "core/fs/write/writer.h"
#include "core/plan/action_traits.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

// A hard link is made in `saved/` when its batch is prepared. Where the step is done, the name has been moved to its
// path and what it replaced lies here; where the step is in doubt, nobody may touch it.
bool is_spare(const LoggedStep& logged) {
  switch (logged.state) {
    case LoggedStep::State::Planned:
    case LoggedStep::State::Failed:
    case LoggedStep::State::Skipped:
    case LoggedStep::State::Undone: return traits_of(logged.step.action).shares_inode;
    case LoggedStep::State::Intended:
    case LoggedStep::State::Done:
    case LoggedStep::State::UndoIntended: return false;
  }
  return false;
}

Error absent() { return {Error::Kind::Io, ENOENT, "stat", "", ""}; }

}  // namespace

Result<void> remove_spare_links(const RunPlace& place, const RunLog& log) {
  for (size_t number = 0; number < log.steps.size(); ++number) {
    if (!is_spare(log.steps[number])) {
      continue;
    }
    const KeepPlace& keep = place.keep_of(log.steps[number]);
    const Result<FileStat> stat = keep.is_open() ? keep.saved.stat(kept_name(number)) : absent();
    if (!stat && !means_absent(stat.error())) {
      return stat.error();
    }
    // The last look before a removal: whatever the log says, a file that has no other name is somebody's bytes.
    if (stat && stat->is_file() && stat->links > 1) {
      TRY(remove_object(keep.saved, kept_name(number)));
    }
  }
  return {};
}

}  // namespace dfsck
