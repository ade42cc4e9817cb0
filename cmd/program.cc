// From arguments to a command to its output.
#include "cmd/program.h"

#include "cmd/check_cmd.h"
#include "cmd/explain_cmd.h"
#include "cmd/help.h"
#include "cmd/list_cmd.h"
#include "cmd/load_cmd.h"
#include "cmd/migrate_cmd.h"
#include "cmd/options/exit_codes.h"
#include "cmd/options/options.h"
#include "cmd/process/shortage_end.h"
#include "cmd/repairs_cmd.h"
#include "cmd/save_cmd.h"
#include "cmd/show_cmd.h"

namespace dfsck {

namespace {

// Every command gives its output as a value, so that tests can run it in their own process, and
// what is printed is written in one place.
Output run_command(const Options& options) {
  switch (options.command) {
    case Command::Check: return run_check(options);
    case Command::Apply: return run_apply(options);
    case Command::Undo: return run_undo(options);
    case Command::Recover: return run_recover(options);
    case Command::History: return run_history(options);
    case Command::Purge: return run_purge(options);
    case Command::Load: return run_load(options);
    case Command::Show: return run_show(options);
    case Command::Migrate: return run_migrate(options);
    case Command::Save: return run_save(options);
    case Command::Explain: return run_explain(options);
    case Command::ListProblems: return run_list_problems(options);
    case Command::Help: return Output{kExitClean, help_text(), ""};
    case Command::Version: return Output{kExitClean, version_text(), ""};
  }
  return failure_output(options.format, "no such command", kExitUsage);
}

}  // namespace

Output run_program(const std::vector<std::string>& args) {
  const auto parsed = parse_options(args);
  if (const auto* error = std::get_if<UsageError>(&parsed)) {
    return failure_output(wanted_format(args), error->message, kExitUsage);
  }
  const Options& options = std::get<Options>(parsed);
  // Around all commands: whatever one of them made of a shortage, it is told in the same way.
  return end_with_shortage(run_command(options), options.format);
}

}  // namespace dfsck
