// What a journal's records mean: the steps of a run, how far each got, and what its intents told of them.
//
// A run's records: `begin`; for each plan one or more `plan` records (the last without "more"); for each batch of steps
// `intent`, then `done`; `end`. A step that failed and those of its group that were not tried are `given-up`; those
// that were done are taken back between `back-intent` and `back-done`, and the run goes on. `keep` comes before the run
// keeps something in an area on a filesystem of its own. After a finished run may come, for each batch taken back,
// `undo-intent` and `undo-done`, then another `end`; `acknowledged`; `purge`, and `purge-failed` where it could delete
// nothing. Internal to core/journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/json/value.h"
#include "core/fs/stat.h"
#include "core/fs/write/writer.h"
#include "core/plan/plan.h"
#include "core/plan/reason.h"

namespace dfsck {

// What is known of a step right before it is taken, durable in the batch's intent: enough to tell later whether the
// step happened, and to take it back.
struct Trace {
  bool nothing = false;  // all is as the step wants it: no change
  uint64_t object = 0;   // inode of the new object; 0 where the step makes none
  uint64_t was = 0;      // inode of what is at the path; 0 where nothing is
  size_t keep = 0;       // where the run keeps what the step replaces: a place of RunPlace::keeps
  // Times of modification that the directories of `path` and of a Rename's `to` shall have after the step and after its
  // undo. Nothing where the directory is itself made by the same batch.
  std::optional<FileTime> parent;
  std::optional<FileTime> to_parent;
  // Old values, each for the kind of action that changes it.
  std::optional<OwnerMode> owner;         // also where setting an ACL changes the mode
  std::optional<std::string> capability;  // file capabilities, which chown clears
  std::optional<std::string> attribute;   // nothing: there was none
  std::optional<FileTime> mtime;
};

struct LoggedStep {
  enum class State {
    Planned,
    Intended,  // an intent without an end: may have happened
    Done,
    Failed,
    Skipped,
    UndoIntended,  // may have been taken back
    Undone,
  };
  Step step;  // `findings` index RunLog::reasons
  State state = State::Planned;
  std::string why;      // of Failed and Skipped, and of Undone where the run itself took it back
  std::string way_out;  // of Failed: what must be changed first
  StepGroup group;      // in numbers of the log
  Trace trace;          // from Intended on
  size_t batch = 0;     // number of the intent that the step belongs to, from 1; later intents have higher numbers
  size_t plan = 0;      // number of the plan, from 0
};
using StepState = LoggedStep::State;

struct RunLog {
  enum class State { Open, Finished, Stopped, Undone, Purged };
  State state = State::Open;
  State before_purge = State::Open;  // what a purge that deleted nothing leaves
  bool undoing = false;              // an undo has begun (and ended, if the state is Undone)
  bool acknowledged = false;
  std::string version;
  std::string started;
  std::string mode;
  uint64_t root_inode = 0;
  std::vector<Reason> reasons;
  std::vector<LoggedStep> steps;
  std::vector<RelPath>
      keeps;  // directories with a `.docker-fsck` of their own for this run; their numbers begin with 1
  std::vector<FileTime> keep_times;  // of these directories, before it was made
  size_t batches = 0;
  size_t plans = 0;
  uint64_t journal_bytes = 0;  // good ones
};

// Reads the journal in the run's directory and replays it. Errors as read_journal; Format for records that contradict
// each other.
Result<RunLog> read_run_log(const Dir& run);

// --- records, as replay understands them ---

struct BeginRecord {
  std::string root_path;
  uint64_t root_device = 0;
  uint64_t root_inode = 0;
  std::string mode;
  std::string started;
};
JsonValue begin_record(const BeginRecord& begin);
// Steps first ... first + count of the log. `More`: another record of the same plan follows.
enum class PlanRecord { More, Last };
JsonValue plan_record(const RunLog& log, size_t first, size_t count, PlanRecord which);
JsonValue intent_record(const RunLog& log, size_t first, size_t count);
// `count` steps from `first` on were carried out; the rest of their intent was not and is planned again.
JsonValue done_record(size_t first, size_t count);
// Steps that will not be carried out any more.
enum class GivenUp { Failed, Skipped };
JsonValue given_up_record(size_t first, size_t count, GivenUp how, std::string_view why, std::string_view way_out = "");
// From now on the run keeps things in the directory's own `.docker-fsck` as well.
JsonValue keep_record(const RelPath& directory, FileTime time);
// `steps` in the order in which they are taken back; of their traces only the times of directories count.
struct UndoItem {
  size_t step = 0;
  std::optional<FileTime> parent;
  std::optional<FileTime> to_parent;
};
JsonValue undo_intent_record(const std::vector<UndoItem>& items);
JsonValue undo_done_record();
// The same for steps that the run itself takes back, since another of their group failed; it goes on then.
JsonValue back_intent_record(const std::vector<UndoItem>& items, std::string_view why);
JsonValue back_done_record();
JsonValue end_record(RunLog::State state);
JsonValue acknowledged_record();
JsonValue purge_record();
// Right behind it: nothing was deleted, so all is as it was before.
JsonValue purge_failed_record();

// Applies one record to the log; the writer of a record calls it too, so that memory and journal cannot differ.
Result<void> replay(const JsonValue& record, RunLog& log);

}  // namespace dfsck
