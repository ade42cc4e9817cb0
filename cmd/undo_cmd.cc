// docker-fsck undo and recover: taking a repair back, and bringing one that was cut off to an end.
#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/signals.h"
#include "cmd/render/outcome.h"
#include "cmd/repairs_cmd.h"
#include "cmd/terminal/permission.h"
#include "core/base/text.h"
#include "core/journal/recover.h"
#include "core/journal/undo.h"

namespace dfsck {
namespace {

std::string argument(const Options& options, size_t index) {
  return index < options.arguments.size() ? options.arguments[index] : std::string();
}

Output failed(const Options& options, const Error& error) {
  return failure_output(options.format, error.message() + "; nothing was changed", kExitFailed);
}

std::string direction_words(const RecoverResult& result) {
  std::string text = result.direction == Direction::Finish ? "finished" : "taken back";
  text += " (" + counted(result.steps, "step") + ")";
  return result.note.empty() ? text : text + ": " + result.note;
}

}  // namespace

// A preview first, without a lock: what cannot be taken back is refused before anybody is asked about it.
Output run_undo(const Options& options) {
  const OpenedRoot opened = open_root(options);
  if (!opened.root) {
    return failure_output(options.format, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  const Result<std::vector<RunStep>> preview = undo_preview(root, argument(options, 1));
  if (!preview) {
    return failed(options, preview.error());
  }
  Outcome outcome{"undo", root.path(), {}, "", {}, "", 0};
  if (options.mode == Mode::DryRun) {
    for (const RunStep& step : *preview) {
      outcome.steps.push_back("would take back: " + step.text);
    }
    outcome.message = "nothing was changed: " + counted(preview->size(), "step") + " would be taken back";
    return outcome_output(options, outcome);
  }
  if (std::optional<Output> refused = refusal(
          options, "Take back " + counted(preview->size(), "step") + " of the repair of " + root.path() + "?")) {
    return *refused;
  }
  Cancel cancel;
  const SignalGuard signals(cancel);
  Progress progress;
  const Result<UndoResult> done = undo(root, argument(options, 1), cancel, progress);
  if (!done) {
    return failed(options, done.error());
  }
  // Part of it is taken back and the rest is not: the one state in which the root must not be used
  // before recover has been run, so the command for it is in the message.
  if (!done->stopped.empty()) {
    return failure_output(options.format,
                          done->stopped + "; undo stopped half-way: " + counted(done->steps, "step") + " of " +
                              std::to_string(done->steps + done->left) + " of the repair " + done->id +
                              " are taken back, " + std::to_string(done->left) + " are left; " +
                              command_line(options, "recover") + " goes on with it",
                          kExitFailed);
  }
  outcome.runs = {done->id};
  outcome.message = "the repair " + done->id + " is taken back (" + counted(done->steps, "step") +
                    "): the root is as it was before it";
  // It is as it was, which is damaged: somebody took it back for a reason.
  outcome.next = command_line(options, "") + " checks it";
  return outcome_output(options, outcome);
}

// Asks although nothing new is begun: to finish or to take back is a decision, and the question
// says what each would do in numbers of steps.
Output run_recover(const Options& options) {
  const OpenedRoot opened = open_root(options);
  if (!opened.root) {
    return failure_output(options.format, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  const Direction direction = options.back == RecoverBack::Yes ? Direction::Back : Direction::Finish;
  const Result<RecoverResult> preview = recover_preview(root, "", direction);
  if (!preview) {
    return failed(options, preview.error());
  }
  Outcome outcome{"recover", root.path(), {preview->id}, "", {}, "", 0};
  if (options.mode == Mode::DryRun) {
    outcome.message = "nothing was changed: the repair " + preview->id + " would be " + direction_words(*preview);
    return outcome_output(options, outcome);
  }
  // What the preview has found may be the other direction than was asked for, where the rest of the
  // plan does not fit any more; so it is in the question.
  if (std::optional<Output> refused =
          refusal(options, "The repair " + preview->id + " would be " + direction_words(*preview) + ". Do it?")) {
    return *refused;
  }
  Cancel cancel;
  const SignalGuard signals(cancel);
  Progress progress;
  const Result<RecoverResult> done = recover(root, "", direction, cancel, progress);
  if (!done) {
    return failure_output(options.format, done.error().message(), kExitFailed);
  }
  outcome.message = "the repair " + done->id + " is " + direction_words(*done);
  outcome.next = command_line(options, "") + " checks the root";
  return outcome_output(options, outcome);
}

}  // namespace dfsck
