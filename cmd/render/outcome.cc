// Renders outcomes.
#include "cmd/render/outcome.h"

#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"

namespace dfsck {

// One document for undo, recover, purge and apply, each with a schema of its own name: the same keys,
// so that one reader does for all of them.
Output outcome_output(const Options& options, const Outcome& outcome) {
  Output output;
  output.exit_code = outcome.exit_code;
  if (options.format == Format::Json) {
    JsonWriter json;
    json.object();
    json.key("schema").text("docker-fsck/" + outcome.command + "/1");
    json.key("version").text(DFSCK_VERSION);
    json.key("root").text(outcome.root);
    json.key("dry_run").boolean(options.mode == Mode::DryRun);
    // The ids of what was changed, for the next command. Empty says that nothing was.
    json.key("runs").texts(outcome.runs);
    json.key("message").text(outcome.message);
    json.key("steps").texts(outcome.steps);
    json.key("exit_code").number(outcome.exit_code);
    json.end_object();
    output.out = json.take();
    return output;
  }
  for (const std::string& step : outcome.steps) {
    output.out += "  " + shown_text(step, options.truncate) + "\n";
  }
  output.out += shown_text(outcome.message, options.truncate) + "\n";
  if (!outcome.next.empty()) {
    output.out += "next: " + outcome.next + "\n";
  }
  return output;
}

}  // namespace dfsck
