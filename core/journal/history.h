// What the repairs of a root did, as their journals tell it. Reads only, but for `acknowledge`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/plan/reason.h"

namespace dfsck {

struct RunStep {
  enum class State {
    Done,
    Failed,
    Skipped,  // also what an unfinished run has not begun yet
    Undone,
    Uncertain,  // the run was cut off in it: recover will look
  };
  size_t number = 0;    // through all plans of the run, from 0
  std::string op;       // see ActionTraits
  std::string path;     // escaped
  std::string text;     // see describe
  std::string why;      // of Failed and Skipped, and of Undone where the run itself took it back
  std::string way_out;  // of Failed: what had to be changed first
  std::vector<Reason> reasons;
  State state = State::Skipped;
  std::optional<RelPath> kept;  // where the object lies that a step that is Done took away, below the root
};

struct RunRecord {
  enum class State {
    Unfinished,  // cut off, or going on right now; also an undo that was cut off
    Finished,
    Stopped,  // ended by itself with steps failed or skipped
    Undone,
    Purged,      // what it kept is being deleted; a purge that was cut off can only be purged again
    Unreadable,  // see `problem`
  };
  std::string id;       // name of its directory
  std::string started;  // "2026-01-01T00:00:00Z"
  std::string mode;
  std::string version;  // of the docker-fsck that made it
  State state = State::Unreadable;
  std::string problem;  // why it is Unreadable: damaged, or written by a newer version
  std::vector<RunStep> steps;
  std::vector<RelPath> keeps;  // areas on filesystems of their own whose `.docker-fsck` keeps things of this run too
  bool lossy = false;          // a step that is Done had a reason of class "lossy"
  bool acknowledged = false;   // the user has said that the loss is known
};

std::string_view run_state_name(RunRecord::State state);  // "finished"
std::string_view step_state_name(RunStep::State state);   // "done"

// All runs, oldest first; none where the root has no `.docker-fsck`. Takes no lock, so a run that is going on is
// listed as Unfinished. A directory without a journal was begun and changed nothing: it is listed as Stopped, without
// steps.
Result<std::vector<RunRecord>> list_runs(const Root& root);

// Disk usage of what the run keeps (its saved/ and quarantine/), in bytes; an inode with several names counts once.
Result<uint64_t> kept_bytes(const Root& root, const RunRecord& run);

// Ends the mark that a lossy run leaves. Busy as RootLock::take; Format where there is no such run or it is unfinished.
Result<void> acknowledge(const Root& root, const std::string& id);

}  // namespace dfsck
