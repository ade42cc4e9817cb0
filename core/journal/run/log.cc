// Replaying a journal. Records come from our own writer, but also from a disk: numbers are checked before they index.
#include "core/journal/run/log.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/journal/run/journal.h"
#include "core/plan/json_members.h"
#include "core/plan/plan_json.h"

namespace dfsck {
namespace {

constexpr uint32_t kTracedModeBits = 07777;

std::string_view state_word(RunLog::State state) {
  switch (state) {
    case RunLog::State::Finished: return "finished";
    case RunLog::State::Stopped: return "stopped";
    case RunLog::State::Undone: return "undone";
    case RunLog::State::Open:
    case RunLog::State::Purged: break;
  }
  return "";
}

// `keeps`: how many places of that kind the run has so far.
Trace read_trace(const JsonValue& value, size_t keeps, std::optional<Error>& error) {
  MemberReader in(value, "intent");
  Trace trace;
  trace.nothing = in.truth("nothing");
  trace.object = in.has("object") ? in.number("object") : 0;
  trace.was = in.has("was") ? in.number("was") : 0;
  trace.keep = in.has("keep") ? in.number("keep", keeps) : 0;
  trace.parent = in.time("parent");
  trace.to_parent = in.time("to_parent");
  if (in.has("mode")) {
    trace.owner = OwnerMode{in.number32("uid"), in.number32("gid"), in.number32("mode", kTracedModeBits)};
  }
  if (in.has_bytes("capability")) {
    trace.capability = in.bytes("capability");
  }
  if (in.has_bytes("attribute")) {
    trace.attribute = in.bytes("attribute");
  }
  trace.mtime = in.time("mtime");
  if (in.failed() && !error) {
    error = in.error();
  }
  return trace;
}

// What each kind of record does to the log. A member function for each; the first failure is in `in`.
// Nothing in a journal is trusted to be in range: it can be rotten with a right sum, or somebody's forgery, and wrong
// numbers must end in an error that names the line, not in memory of somebody else.
class Replayer {
 public:
  Replayer(const JsonValue& record, RunLog& log) : in_(record, "journal record"), log_(log) {}

  Result<void> replay() {
    const std::string kind = in_.text("record");
    if (kind == "begin") {
      begin();
    } else if (kind == "plan") {
      plan();
    } else if (kind == "intent") {
      intent();
    } else if (kind == "done") {
      done();
    } else if (kind == "given-up") {
      given_up();
    } else if (kind == "keep") {
      log_.keeps.push_back(in_.path("path"));
      log_.keep_times.push_back(in_.time("time").value_or(FileTime{}));
    } else if (kind == "back-intent") {
      take_back(in_.text("why"));
    } else if (kind == "undo-intent") {
      log_.undoing = true;
      // A finished run that an undo has begun to take back is unfinished again, until another end says "undone".
      log_.state = RunLog::State::Open;
      take_back("");
    } else if (kind == "undo-done" || kind == "back-done") {
      change_all(LoggedStep::State::UndoIntended, LoggedStep::State::Undone);
    } else if (kind == "end") {
      end();
    } else if (kind == "acknowledged") {
      log_.acknowledged = true;
    } else if (kind == "purge") {
      // From here on it can only be purged: what is kept may be gone in part. A purge that found nothing to delete
      // takes its word back.
      log_.before_purge = log_.state;
      log_.state = RunLog::State::Purged;
    } else if (kind == "purge-failed") {
      log_.state = log_.before_purge;
    } else {
      in_.fail("record", "is \"" + escaped_excerpt(kind, 40) + "\", which this version does not know");
    }
    return in_.failed() ? Result<void>(in_.error()) : nested_ ? Result<void>(*nested_) : Result<void>();
  }

 private:
  void begin() {
    log_.version = in_.text("version");
    log_.started = in_.text("started");
    log_.mode = in_.text("mode");
    MemberReader root(in_.member("root"), "journal record");
    log_.root_inode = root.number("inode");
    keep_error(root);
  }

  // Steps are numbered through the whole run by their place in the journal, so a plan record that does not continue
  // the last one would shift all numbers that later records name.
  void plan() {
    if (in_.number("first") != log_.steps.size()) {
      in_.fail("first", "does not continue the plan");
      return;
    }
    size_t read = 0;
    for (const JsonValue& value : in_.array("steps")) {
      // Older journals know no groups: what they hold stands and falls as a whole.
      const size_t whole = log_.steps.size() - read;
      Result<GroupedStep> step = grouped_step_from_json(value, log_.steps.size(), log_.reasons);
      if (!step) {
        nested_ = step.error();
        return;
      }
      ++read;
      LoggedStep& logged = log_.steps.emplace_back();
      logged.group = step->group.value_or(StepGroup{whole, {}});
      logged.step = std::move(step->step);
      logged.plan = log_.plans;
    }
    log_.plans += in_.truth("more") ? 0 : 1;
  }

  // The steps that "first" and "count" name; an empty range after a failure.
  std::pair<size_t, size_t> range() {
    const size_t first = in_.number("first", log_.steps.size());
    const size_t count = in_.number("count", log_.steps.size() - first);
    return in_.failed() ? std::pair<size_t, size_t>(0, 0) : std::pair(first, first + count);
  }

  // The trace is durable before the step is taken, so whatever a crash leaves can be judged by it.
  void intent() {
    const JsonValue::Array& traces = in_.array("steps");
    const auto [first, end] = range();
    if (end - first != traces.size()) {
      in_.fail("steps", "has not as many entries as there are steps");
      return;
    }
    ++log_.batches;
    for (size_t i = first; i < end; ++i) {
      log_.steps[i].trace = read_trace(traces[i - first], log_.keeps.size(), nested_);
      log_.steps[i].state = LoggedStep::State::Intended;
      log_.steps[i].batch = log_.batches;
    }
  }

  void done() {
    const auto [first, end] = range();
    for (size_t i = first; i < end; ++i) {
      if (log_.steps[i].state != LoggedStep::State::Intended) {
        in_.fail("first", "names a step that was not begun");
        return;
      }
      log_.steps[i].state = LoggedStep::State::Done;
    }
    // Steps are taken in order: what follows in the same batch did not happen.
    for (size_t i = end; i < log_.steps.size() && log_.steps[i].state == LoggedStep::State::Intended; ++i) {
      log_.steps[i].state = LoggedStep::State::Planned;
    }
  }

  void given_up() {
    const auto [first, end] = range();
    const std::string why = in_.text("why");
    const bool failed = in_.truth("failed");
    const std::string way_out = in_.has("way_out") ? in_.text("way_out") : "";
    for (size_t i = first; i < end; ++i) {
      log_.steps[i].state = failed ? LoggedStep::State::Failed : LoggedStep::State::Skipped;
      log_.steps[i].why = why;
      log_.steps[i].way_out = way_out;
    }
  }

  // Undo notes the times of directories anew: those of the first intent are of the way forth, and a directory may
  // have got another time since, which is to stay.
  void take_back(const std::string& why) {
    for (const JsonValue& value : in_.array("steps")) {
      MemberReader item(value, "step to take back");
      const size_t number = item.number("step");
      const auto parent = item.time("parent");
      const auto to_parent = item.time("to_parent");
      if (keep_error(item) || number >= log_.steps.size()) {
        in_.fail("steps", "names a step that is not in the plan");
        return;
      }
      LoggedStep& step = log_.steps[number];
      step.state = LoggedStep::State::UndoIntended;
      step.why = why;
      step.trace.parent = parent;
      step.trace.to_parent = to_parent;
    }
  }

  void end() {
    const std::string word = in_.text("state");
    for (const RunLog::State state : {RunLog::State::Finished, RunLog::State::Stopped, RunLog::State::Undone}) {
      if (word == state_word(state)) {
        log_.state = state;
        return;
      }
    }
    in_.fail("state", "is none that this version knows");
  }

  // One batch at a time goes back, so all steps that are meant to be taken back now are those of the record.
  void change_all(LoggedStep::State from, LoggedStep::State to) {
    for (LoggedStep& step : log_.steps) {
      step.state = step.state == from ? to : step.state;
    }
  }

  bool keep_error(const MemberReader& reader) {
    if (reader.failed() && !nested_) {
      nested_ = reader.error();
    }
    return reader.failed();
  }

  MemberReader in_;
  RunLog& log_;
  std::optional<Error> nested_;
};

// Plans whose last record is missing were never begun: no intent can follow a plan that is not whole.
void drop_torn_plan(RunLog& log) {
  while (!log.steps.empty() && log.steps.back().plan == log.plans) {
    log.steps.pop_back();
  }
}

}  // namespace

Result<void> replay(const JsonValue& record, RunLog& log) { return Replayer(record, log).replay(); }

Result<RunLog> read_run_log(const Dir& run) {
  RunLog log;
  const Result<uint64_t> bytes = read_journal(run, [&](const JsonValue& record, size_t line) -> Result<void> {
    const Result<void> replayed = replay(record, log);
    if (replayed) {
      return {};
    }
    Error error = replayed.error();
    error.detail = "line " + std::to_string(line) + ": " + error.message();
    error.op = "read journal";
    error.where = run.where() + "/" + kJournalName;
    return error;
  });
  TRY(bytes);
  log.journal_bytes = *bytes;
  drop_torn_plan(log);
  return log;
}

}  // namespace dfsck
