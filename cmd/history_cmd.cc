// docker-fsck history: the repairs of a root, what each did, and what it keeps.
#include <algorithm>

#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"
#include "cmd/repairs_cmd.h"
#include "cmd/terminal/permission.h"
#include "core/base/text.h"
#include "core/journal/history.h"

namespace dfsck {
namespace {

size_t steps_in(const RunRecord& run, RunStep::State state) {
  return static_cast<size_t>(
      std::count_if(run.steps.begin(), run.steps.end(), [&](const RunStep& step) { return step.state == state; }));
}

// A mode of repairs is an option; what else makes runs is a command.
// "plan" is written by docker-fsck apply, which carries out what --plan wrote.
std::string how(const std::string& mode) {
  return mode == "load" ? "with docker-fsck load" : "with --" + safe_text(mode);
}

// Said in each line of the list, not only with -v: it is what keeps a check from ending clean.
std::string loss_words(const RunRecord& run) {
  if (!run.lossy || run.state == RunRecord::State::Undone) {
    return "";
  }
  return run.acknowledged ? ", lossy (acknowledged)" : ", lossy (not acknowledged)";
}

// Measured when it is asked for, since somebody may have put things there or taken them out.
std::string size_words(const Root& root, const RunRecord& run) {
  const Result<uint64_t> bytes = kept_bytes(root, run);
  return bytes ? human_bytes(*bytes) + " kept" : "what it keeps could not be measured";
}

// "4 steps: 2 done, 1 failed, 1 skipped"; the number alone where all are done.
// In the states of the journal, so that the sum is the number of steps.
std::string steps_words(const RunRecord& run) {
  std::string text;
  for (const RunStep::State state : {RunStep::State::Done, RunStep::State::Failed, RunStep::State::Skipped,
                                     RunStep::State::Undone, RunStep::State::Uncertain}) {
    const size_t count = steps_in(run, state);
    if (count > 0 && !(state == RunStep::State::Done && count == run.steps.size())) {
      text += (text.empty() ? ": " : ", ") + std::to_string(count) + " " + std::string(step_state_name(state));
    }
  }
  return counted(run.steps.size(), "step") + text;
}

// Oldest first, with the id at the beginning of the line: it is what undo, purge and --acknowledge take.
std::string as_text(const Root& root, const std::vector<RunRecord>& runs, const Options& options) {
  if (runs.empty()) {
    return "no repair was made on this root, or all were purged\n";
  }
  std::string text;
  for (const RunRecord& run : runs) {
    text += run.id + "  " + std::string(run_state_name(run.state)) + loss_words(run);
    text += run.state == RunRecord::State::Purged ? " in part: purge did not come to its end and can be run again" : "";
    // Nothing further is known of it, and its steps are not guessed. The directory stays.
    if (run.state == RunRecord::State::Unreadable) {
      text += ": " + safe_text(run.problem) + "\n";
      continue;
    }
    // A run that was cut off before its journal had a name has changed nothing: the journal comes first.
    if (run.started.empty()) {
      text += ": it was cut off before it had a journal, and changed nothing\n";
      continue;
    }
    text += "\n    made " + run.started + " " + how(run.mode) + " by version " + safe_text(run.version) + ": " +
            steps_words(run) + ", " + size_words(root, run) + "\n";
    // A repair can have thousands of steps, and most look into the list to find a run to undo.
    for (const RunStep& step : options.detail == Detail::Verbose ? run.steps : std::vector<RunStep>{}) {
      text += "    " + std::string(step_state_name(step.state)) + ": " + shown_text(step.text, options.truncate) +
              (step.why.empty() ? "" : ": " + shown_text(step.why, options.truncate)) + "\n";
      text += step.way_out.empty() ? "" : "        first: " + safe_text(step.way_out) + "\n";
      // The path to what was there, so that a single file can be looked at without undoing everything.
      if (step.kept) {
        text += "        what was there: " + shown_text(step.kept->text(), options.truncate) + "\n";
      }
    }
  }
  if (options.detail != Detail::Verbose) {
    text += "-v shows the steps\n";
  }
  return text;
}

// All keys in every step, empty or null where there is nothing: whoever reads it need not ask whether a key is there.
void write_step(const RunStep& step, JsonWriter& json) {
  json.object();
  json.key("op").text(step.op);
  json.key("path").text(step.path);
  json.key("text").text(step.text);
  json.key("state").text(step_state_name(step.state));
  json.key("why").text(step.why);
  json.key("way_out").text(step.way_out);
  json.key("kept");
  if (step.kept) {
    json.text(step.kept->text());
  } else {
    json.null();
  }
  json.key("reasons").array();
  for (const Reason& reason : step.reasons) {
    json.object();
    json.key("code").text(reason.code);
    json.key("slug").text(reason.slug);
    json.key("subject").text(reason.subject);
    json.key("safety").text(reason.safety);
    json.end_object();
  }
  json.end_array().end_object();
}

std::string as_json(const Root& root, const std::vector<RunRecord>& runs) {
  JsonWriter json;
  json.object();
  json.key("schema").text("docker-fsck/history/1");
  json.key("version").text(DFSCK_VERSION);
  json.key("root").text(root.path());
  json.key("runs").array();
  for (const RunRecord& run : runs) {
    // A number in any case: zero where it could not be measured. The run's state says whether it is to be trusted.
    const Result<uint64_t> bytes = kept_bytes(root, run);
    json.object();
    json.key("run").text(run.id);
    json.key("state").text(run_state_name(run.state));
    json.key("problem").text(run.problem);
    json.key("started").text(run.started);
    json.key("mode").text(run.mode);
    json.key("version").text(run.version);
    json.key("lossy").boolean(run.lossy);
    json.key("acknowledged").boolean(run.acknowledged);
    json.key("kept_bytes").number(bytes ? *bytes : uint64_t{0});
    json.key("steps").array();
    for (const RunStep& step : run.steps) {
      write_step(step, json);
    }
    json.end_array().end_object();
  }
  json.end_array();
  json.key("exit_code").number(kExitClean);
  json.end_object();
  return json.take();
}

}  // namespace

Output run_history(const Options& options) {
  const OpenedRoot opened = open_root(options);
  if (!opened.root) {
    return failure_output(options.format, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  if (!options.acknowledged_run.empty()) {
    // The mark is the only thing that reminds of a loss, so ending it is asked for like a change.
    if (std::optional<Output> refused = refusal(
            options, "End the mark of what the repair " + safe_text(options.acknowledged_run) + " took away?")) {
      return *refused;
    }
    if (const Result<void> done = acknowledge(root, options.acknowledged_run); !done) {
      return failure_output(options.format, done.error().message(), kExitFailed);
    }
  }
  const Result<std::vector<RunRecord>> runs = list_runs(root);
  if (!runs) {
    return failure_output(options.format, runs.error().message(), kExitFailed);
  }
  Output output;
  output.out = options.format == Format::Json ? as_json(root, *runs) : as_text(root, *runs, options);
  return output;
}

}  // namespace dfsck
