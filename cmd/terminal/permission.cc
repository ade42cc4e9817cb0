// Asks, or takes --yes for an answer.
#include "cmd/terminal/permission.h"

#include "cmd/options/exit_codes.h"
#include "cmd/process/signals.h"
#include "cmd/terminal/questions.h"

namespace dfsck {

std::optional<Output> refusal(const Options& options, const std::string& question) {
  // Before the terminal is looked for: --yes means the same with and without one.
  if (options.mode == Mode::Yes) {
    return std::nullopt;
  }
  const std::unique_ptr<Conversation> person = open_terminal();
  if (!person) {
    // Usage and not failure: the command line lacks an answer, and nothing was tried.
    return failure_output(options.format,
                          "this changes the root, and there is no terminal to ask at: say --yes (or --dry-run, to see "
                          "what it would do)",
                          kExitUsage);
  }
  Cancel cancel;
  const SignalGuard signals(cancel);
  if (confirmed(*person, question, cancel)) {
    return std::nullopt;
  }
  // As if a signal had come: somebody decided against it, and nothing has failed.
  return failure_output(options.format, "nothing was changed", kExitCancelled);
}

}  // namespace dfsck
