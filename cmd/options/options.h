// The command line, as data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "checks/migration/migration.h"
#include "checks/report.h"
#include "core/save/layout.h"

namespace dfsck {

enum class Command {
  Check,
  Apply,
  Undo,
  Recover,
  History,
  Purge,
  Show,
  Migrate,
  Save,
  Load,
  Explain,
  ListProblems,
  Help,
  Version
};
enum class Format { Text, Json };
enum class ProgressStyle { Auto, Bar, Plain, Json, None };
enum class ColorMode { Auto, Always, Never };
enum class Detail { Quiet, Normal, Verbose };
enum class Truncate { No, Yes };
enum class Stats { No, Yes };
enum class IfUnclean { No, Yes };
enum class RecoverBack { No, Yes };
enum class KeepGoing { No, Yes };
enum class Switch { No, Yes };
enum class SaveAll { No, Yes };

struct Options {
  Command command = Command::Check;
  // ROOT of a check (at most one), the words to explain, PLAN of apply, WHAT of show, SOURCE and TARGET of migrate, the
  // images of save, ROOT and RUN of the commands about repairs.
  std::vector<std::string> arguments;
  std::optional<Mode> mode;    // as given; commands that change something take DryRun and Yes
  std::optional<Level> level;  // as given
  unsigned jobs = 1;
  std::vector<std::string> only;
  std::vector<std::string> skip;
  std::vector<std::string> donors;
  Format format = Format::Text;
  std::string report_file;  // empty: none
  std::string plan_file;    // of --plan; empty: none
  IfUnclean if_unclean = IfUnclean::No;
  RecoverBack back = RecoverBack::No;
  std::string acknowledged_run;  // of history; empty: none
  std::string root;              // of commands that take no ROOT among their arguments; empty: the default
  std::string output_file;       // of save; "-": standard output; empty: none
  ArchiveFormat archive_format = ArchiveFormat::DockerArchive;
  SaveAll save_all = SaveAll::No;
  std::string container;  // of save; empty: none
  std::string tag;        // of the image that a container becomes; empty: none
  KeepGoing keep_going = KeepGoing::No;
  MigrationWish migration;  // source, target, jobs and keep_going stand elsewhere
  Switch switch_daemon = Switch::No;
  std::string daemon_config;  // of --switch; empty: the usual one
  std::string input;          // of load; "-": standard input
  ProgressStyle progress = ProgressStyle::Auto;
  ColorMode color = ColorMode::Auto;
  Truncate truncate = Truncate::Yes;
  Strict strict = Strict::No;
  Stats stats = Stats::No;
  Detail detail = Detail::Normal;
  std::string root_label;  // printed in place of the root's path; empty: the path
};

// What is wrong with a command line, in one line that says what would be right.
struct UsageError {
  std::string message;
};

// Parses the arguments that follow the program's name. Values are validated, selectors too; nothing is opened.
std::variant<Options, UsageError> parse_options(const std::vector<std::string>& args);

// The format that the arguments ask for, as far as it can be told even if they are wrong otherwise: who asked for
// JSON gets errors as JSON too.
Format wanted_format(const std::vector<std::string>& args);

}  // namespace dfsck
