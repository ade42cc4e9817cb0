// Parsing of the command line. The only file that includes Boost.Program_options; its exceptions end here.
//
// Option names are never guessed from prefixes: a script must not change its meaning when an option is added.
#include "cmd/options/options.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <optional>
#include <set>

#include "cmd/options/nearest.h"
#include "cmd/options/option_table.h"
#include "core/base/escape.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

namespace po = boost::program_options;

// Commands that take words of the user after them: what they are, and how many there may be.
struct CommandRow {
  std::string_view name;
  Command command;
  size_t fewest, most;
  std::string_view usage;
};
constexpr std::array kCommands{
    CommandRow{"apply", Command::Apply, 1, 1, "docker-fsck apply PLAN"},
    CommandRow{"undo", Command::Undo, 0, 2, "docker-fsck undo [ROOT [RUN]]"},
    CommandRow{"recover", Command::Recover, 0, 1, "docker-fsck recover [--back] [ROOT]"},
    CommandRow{"history", Command::History, 0, 1, "docker-fsck history [--acknowledge RUN] [ROOT]"},
    CommandRow{"purge", Command::Purge, 0, 2, "docker-fsck purge [ROOT [RUN]]"},
    CommandRow{"load", Command::Load, 0, 0, "docker-fsck load [--root ROOT] -i FILE"},
    CommandRow{"show", Command::Show, 0, 1, "docker-fsck show [--root ROOT] [WHAT]"},
    CommandRow{"migrate", Command::Migrate, 2, 2, "docker-fsck migrate [OPTIONS] SOURCE TARGET"},
    CommandRow{"save", Command::Save, 0, SIZE_MAX, "docker-fsck save [--root ROOT] -o FILE IMAGE..."},
    CommandRow{"explain", Command::Explain, 1, SIZE_MAX, "docker-fsck explain CODE|SLUG|MESSAGE"},
    CommandRow{"list", Command::ListProblems, 1, 1, "docker-fsck list problems"},
    CommandRow{"help", Command::Help, 0, SIZE_MAX, "docker-fsck help"},
};

// Boost knows names and whether they take a value, nothing else. Values are read by the table,
// whose complaints say what would be right.
po::options_description described_options() {
  po::options_description description;
  std::set<std::string_view> known;
  for (const OptionRow& row : all_options()) {
    if (!known.insert(row.name).second) {
      continue;
    }
    const std::string name = std::string(row.name) + (row.letter != 0 ? std::string(",") + row.letter : "");
    if (row.argument.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  return description;
}

// The name is escaped and cut short: it may be a file name that begins with a dash.
std::string unknown_option(const std::string& option) {
  std::vector<std::string> names;
  for (const OptionRow& row : all_options()) {
    const std::string name = "--" + std::string(row.name);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
  const std::string hint = did_you_mean(option, names);
  return "unknown option " + escaped_excerpt(option, 60) + (hint.empty() ? "; docker-fsck --help lists them" : hint);
}

std::variant<std::vector<po::option>, UsageError> tokens_of(const std::vector<std::string>& args) {
  namespace style = po::command_line_style;
  try {
    const po::options_description description = described_options();
    po::command_line_parser parser(args);
    parser.options(description).style(style::unix_style & ~style::allow_guessing);
    return parser.run().options;
  } catch (const po::unknown_option& error) {
    return UsageError{unknown_option(error.get_option_name())};
  } catch (const po::invalid_command_line_syntax& error) {
    const std::string name = escaped_excerpt(error.get_option_name(), 60);
    using Kind = po::invalid_syntax::kind_t;
    if (error.kind() == Kind::missing_parameter || error.kind() == Kind::empty_adjacent_parameter) {
      // Boost's own texts name its styles and tokens; people typed an option.
      return UsageError{name + " needs a value"};
    }
    if (error.kind() == Kind::extra_parameter) {
      return UsageError{name + " takes no value"};
    }
    return UsageError{escaped(error.what())};
  } catch (const po::error& error) {
    return UsageError{escaped(error.what())};
  }
}

const CommandRow* command_row(std::string_view word) {
  const auto row =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRow& r) { return r.name == word; });
  return row == kCommands.end() ? nullptr : &*row;
}

// The option of that name: the command's own, if there are several.
// So --format means the form of the archive to save and the form of the output to all
// others, whatever stands first on the line.
const OptionRow* row_of(std::string_view name, Command command) {
  const OptionRow* found = nullptr;
  for (const OptionRow& row : all_options()) {
    const bool is_own = (row.scope & scope_of(command)) != 0;
    found = row.name == name && (found == nullptr || is_own) ? &row : found;
  }
  return found;
}

// The command that the first word names; a check, if none does.
// Known before the options are read, since it decides which row an option means.
Command command_of(const std::vector<po::option>& tokens) {
  for (const po::option& token : tokens) {
    if (token.string_key.empty() && !token.value.empty()) {
      const CommandRow* row = command_row(token.value.front());
      return row != nullptr ? row->command : Command::Check;
    }
  }
  return Command::Check;
}

// Two words that are no command: the first may be a command that was mistyped, and a check of a
// directory of that name would only say that there is none.
UsageError second_root(const std::vector<std::string>& words) {
  const std::string first = escaped_excerpt(words[0], 60);
  std::string hint;
  if (words[0].find('/') == std::string::npos) {
    std::vector<std::string> names;
    for (const CommandRow& row : kCommands) {
      names.emplace_back(row.name);
    }
    hint = did_you_mean(words[0], names);
  }
  return UsageError{"more than one ROOT: " + first + ", " + escaped_excerpt(words[1], 60) + hint};
}

// Takes the command's own word off `options.arguments` and sets the command.
// Only the first word can be a command: a root may be called "undo", and is then written ./undo or behind the command.
std::optional<UsageError> take_command(Options& options) {
  std::vector<std::string>& words = options.arguments;
  if (options.command != Command::Check || words.empty()) {
    return std::nullopt;  // --help and --version win over everything
  }
  const std::string word = words[0];
  // Many tools have these words. Here they would be taken for directories, so it is said how it is done.
  if (word == "check" || word == "repair") {
    return UsageError{
        (word == "check" ? "checking" : "repairing") +
        std::string(" needs no command word: docker-fsck [OPTIONS] [ROOT]; for a directory of that name ") +
        "write ./" + word};
  }
  const CommandRow* row = command_row(word);
  if (row == nullptr) {
    return words.size() > 1 ? std::optional(second_root(words)) : std::nullopt;
  }
  options.command = row->command;
  words.erase(words.begin());
  // The word is there so that other lists can be added without a new command.
  const bool wrong_list = row->command == Command::ListProblems && words != std::vector<std::string>{"problems"};
  if (words.size() < row->fewest || words.size() > row->most || wrong_list) {
    return UsageError{std::string(row->name) + (words.size() > row->most ? " takes less: " : " what? ") +
                      std::string(row->usage)};
  }
  return std::nullopt;
}

// An option that does nothing is refused: --dry-run given to a command that does not know it must not be passed over.
std::optional<UsageError> reject_options_of_others(Command command, const std::vector<const OptionRow*>& given) {
  for (const OptionRow* row : given) {
    if ((row->scope & scope_of(command)) != 0) {
      continue;
    }
    const std::string option = "--" + std::string(row->name);
    // A check has no name of its own that could be listed.
    if (row->scope == scope_of(Command::Check)) {
      return UsageError{option + " has a meaning only for a check, not for this command"};
    }
    std::string commands = (row->scope & scope_of(Command::Check)) != 0 ? "a check" : "";
    for (const CommandRow& other : kCommands) {
      if ((row->scope & scope_of(other.command)) != 0) {
        commands.append(commands.empty() ? "" : ", ").append(other.name);
      }
    }
    return UsageError{option + " has no meaning here, only for " + commands};
  }
  return std::nullopt;
}

// Found before the source is read, which takes long.
std::optional<UsageError> migrate_contradiction(const Options& options) {
  const bool live = options.migration.when == MigrationWish::When::Live;
  if (live && options.switch_daemon == Switch::Yes) {
    return UsageError{"--live and --switch exclude each other: an offline run has to come between"};
  }
  if (!options.migration.images.empty() && !options.migration.choice.omitted.empty()) {
    return UsageError{"--images leaves out all that --exclude could name"};
  }
  if (!options.daemon_config.empty() && options.switch_daemon == Switch::No) {
    return UsageError{"--daemon-config has a meaning only with --switch"};
  }
  return std::nullopt;
}

// Every sentence says what would be right, since there is nothing to try out: the command has not begun.
std::optional<UsageError> save_contradiction(const Options& options) {
  const int kinds = (options.arguments.empty() ? 0 : 1) + (options.save_all == SaveAll::Yes ? 1 : 0) +
                    (options.container.empty() ? 0 : 1);
  if (kinds == 0) {
    return UsageError{"save what? Name images, or write --all, or --container NAME"};
  }
  if (kinds > 1) {
    return UsageError{"names of images, --all and --container exclude each other"};
  }
  if (options.output_file.empty() && options.mode != Mode::DryRun) {
    return UsageError{"save needs -o FILE; - stands for standard output"};
  }
  if (!options.tag.empty() && options.container.empty()) {
    return UsageError{"--tag has a meaning only with --container"};
  }
  if (options.output_file == "-" && options.archive_format == ArchiveFormat::OciDir) {
    return UsageError{"--format oci-dir makes a directory, which cannot go to standard output"};
  }
  // One stream cannot carry both; a reader of the archive would find a document behind it.
  if (options.output_file == "-" && options.format == Format::Json && options.mode != Mode::DryRun) {
    return UsageError{"standard output cannot hold the archive and a JSON document: --report FILE takes the document"};
  }
  return std::nullopt;
}

std::optional<UsageError> option_contradiction(const Options& options) {
  if (options.command == Command::Migrate) {
    return migrate_contradiction(options);
  }
  if (!options.plan_file.empty() && options.mode != Mode::DryRun) {
    return UsageError{"--plan needs --dry-run: docker-fsck --dry-run --plan FILE [ROOT]"};
  }
  if (options.command == Command::Load && options.input.empty()) {
    return UsageError{"load what? docker-fsck load [--root ROOT] -i FILE"};
  }
  return options.command == Command::Save ? save_contradiction(options) : std::nullopt;
}

}  // namespace

// Nothing is opened here, so that a wrong line is refused without any effect, and the same
// line is right or wrong on every machine.
std::variant<Options, UsageError> parse_options(const std::vector<std::string>& args) {
  auto tokens = tokens_of(args);
  if (auto* error = std::get_if<UsageError>(&tokens)) {
    return *error;
  }
  Options options;
  options.jobs = default_jobs();
  std::vector<const OptionRow*> given;
  const auto& parsed = std::get<std::vector<po::option>>(tokens);
  const Command command = command_of(parsed);
  for (const po::option& token : parsed) {
    if (token.string_key.empty()) {
      options.arguments.insert(options.arguments.end(), token.value.begin(), token.value.end());
      continue;
    }
    const OptionRow* row = row_of(token.string_key, command);
    given.push_back(row);
    if (auto error = row->set(options, token.value.empty() ? std::string() : token.value[0])) {
      return *error;
    }
  }
  if (auto error = take_command(options)) {
    return *error;
  }
  if (options.command != Command::Help && options.command != Command::Version) {
    if (auto error = reject_options_of_others(options.command, given)) {
      return *error;
    }
  }
  if (auto error = option_contradiction(options)) {
    return *error;
  }
  return options;
}

// By a look at the words and not by the parser: it is asked when the parser has failed.
Format wanted_format(const std::vector<std::string>& args) {
  Format format = Format::Text;
  for (size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    if (args[i] == "--json" || args[i] == "--format=json" ||
        (args[i] == "--format" && i + 1 < args.size() && args[i + 1] == "json")) {
      format = Format::Json;
    }
  }
  return format;
}

}  // namespace dfsck
