// docker-fsck purge: deletes what repairs moved aside.
#include <algorithm>
#include <cerrno>

#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/render/outcome.h"
#include "cmd/repairs_cmd.h"
#include "cmd/terminal/permission.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/journal/history.h"
#include "core/journal/purge.h"

namespace dfsck {
namespace {

// A run that was cut off is what recover needs, and one that cannot be read may be one of those.
bool can_go(const RunRecord& run) {
  return run.state != RunRecord::State::Unfinished && run.state != RunRecord::State::Unreadable;
}

// The one that was named, or all that can go. Where a named one is not there, purge() says so.
// One that is named is tried even if it cannot go: the answer says why.
std::vector<RunRecord> wanted_runs(const std::vector<RunRecord>& runs, const Options& options) {
  std::vector<RunRecord> wanted;
  for (const RunRecord& run : runs) {
    if (options.arguments.size() > 1 ? run.id == options.arguments[1] : can_go(run)) {
      wanted.push_back(run);
    }
  }
  return wanted;
}

// What cannot be measured counts as nothing: the question must not promise too much.
uint64_t bytes_kept(const Root& root, const std::vector<RunRecord>& runs) {
  uint64_t bytes = 0;
  for (const RunRecord& run : runs) {
    bytes += kept_bytes(root, run) ? *kept_bytes(root, run) : 0;
  }
  return bytes;
}

// What a purge that failed has left of the repair, as its journal tells it.
// A purge that could delete nothing says so in the journal, and the run is as it was. From the first
// thing that is gone on, the run cannot be taken back any more, and that must be said at once.
std::string what_is_left(const Root& root, const RunRecord& run) {
  const Result<std::vector<RunRecord>> runs = list_runs(root);
  const bool is_whole = run.state != RunRecord::State::Purged && runs &&
                        std::any_of(runs->begin(), runs->end(),
                                    [&](const RunRecord& now) { return now.id == run.id && now.state == run.state; });
  if (is_whole) {
    return "of the repair " + run.id + " nothing was deleted" +
           (run.state == RunRecord::State::Undone ? "" : ", and it can still be undone");
  }
  const Result<uint64_t> left = kept_bytes(root, run);
  return "of the repair " + run.id + " " + (left ? human_bytes(*left) : "something") +
         " is left, and it cannot be undone any more";
}

// The journal goes last of a run, so what cannot be deleted stays known.
std::string failure_words(const Root& root, const RunRecord& run, const Error& error) {
  const bool is_guarded = error.is_io(EPERM);
  return what_is_left(root, run) + ": " + error.message() +
         (is_guarded ? "; lsattr shows what is immutable or append-only, chattr -i or chattr -a lifts it" : "");
}

// One run that cannot be deleted keeps no other from it: space is what is wanted.
Output failed_output(const Options& options, size_t deleted, const std::vector<std::string>& failures) {
  std::string message = "deleted what " + counted(deleted, "repair") + " moved aside";
  for (const std::string& failure : failures) {
    message += "; " + failure;
  }
  return failure_output(options.format, message + "; purge can be run again then", kExitFailed);
}

}  // namespace

Output run_purge(const Options& options) {
  const OpenedRoot opened = open_root(options);
  if (!opened.root) {
    return failure_output(options.format, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  const Result<std::vector<RunRecord>> runs = list_runs(root);
  if (!runs) {
    return failure_output(options.format, runs.error().message(), kExitFailed);
  }
  // Whoever names no run means all that can go: purge is run when all is well.
  const std::vector<RunRecord> wanted = wanted_runs(*runs, options);
  Outcome outcome{"purge", root.path(), {}, "", {}, "", 0};
  // A name that is wrong is a failure and not "nothing to delete".
  if (wanted.empty() && options.arguments.size() > 1) {
    return failure_output(options.format,
                          "there is no repair " + escaped_excerpt(options.arguments[1], 60) + " of this root",
                          kExitFailed);
  }
  const std::string what = counted(wanted.size(), "repair") + " (" + human_bytes(bytes_kept(root, wanted)) + ")";
  if (wanted.empty() || options.mode == Mode::DryRun) {
    for (const RunRecord& run : wanted) {
      outcome.steps.push_back("would delete what the repair " + run.id + " moved aside");
    }
    outcome.message = "nothing was deleted: " + (wanted.empty() ? "there is nothing to delete" : what + " could go");
    return outcome_output(options, outcome);
  }
  // With the number and the size in the question: this is the only command that deletes.
  if (std::optional<Output> refused =
          refusal(options, "Delete for good what " + what + " moved aside? They cannot be taken back then.")) {
    return *refused;
  }
  uint64_t bytes = 0;
  std::vector<std::string> failures;
  for (const RunRecord& run : wanted) {
    const Result<PurgeResult> done = purge(root, run.id);
    if (!done) {
      failures.push_back(failure_words(root, run, done.error()));
      continue;
    }
    bytes += done->bytes;
    outcome.runs.push_back(run.id);
  }
  if (!failures.empty()) {
    return failed_output(options, outcome.runs.size(), failures);
  }
  outcome.message =
      "deleted what " + counted(wanted.size(), "repair") + " moved aside: " + human_bytes(bytes) + " freed";
  return outcome_output(options, outcome);
}

}  // namespace dfsck
