// Parsing of the command line. The only file that includes Boost.Program_options; its exceptions end here.
//
// Option names are never guessed from prefixes: a script must not change its meaning when an option is added.
#include "cmd/options.h"

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <optional>

#include "cmd/nearest.h"
#include "cmd/option_table.h"
#include "core/base/escape.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

namespace po = boost::program_options;

constexpr std::array<std::string_view, 4> kCommands{"explain", "list", "help", "check"};
// Words that are commands of docker-fsck, but not of this version; never taken for the name of a root.
constexpr std::array<std::string_view, 10> kLaterCommands{"migrate", "save",    "load",    "show",  "apply",
                                                          "undo",    "recover", "history", "purge", "repair"};

po::options_description described_options() {
  po::options_description description;
  for (const OptionRow& row : all_options()) {
    const std::string name = std::string(row.name) + (row.letter != 0 ? std::string(",") + row.letter : "");
    if (row.argument.empty()) {
      description.add_options()(name.c_str(), "");
    } else {
      description.add_options()(name.c_str(), po::value<std::string>(), "");
    }
  }
  description.add_options()("preen,p", "")("yes,y", "");  // known, to say that they are not here yet
  return description;
}

std::string unknown_option(const std::string& option) {
  std::vector<std::string> names;
  for (const OptionRow& row : all_options()) {
    names.push_back("--" + std::string(row.name));
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

const OptionRow* row_of(std::string_view name) {
  const auto rows = all_options();
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const OptionRow& r) { return r.name == name; });
  return row == rows.end() ? nullptr : &*row;
}

std::optional<UsageError> second_root(const std::vector<std::string>& words) {
  const std::string first = escaped_excerpt(words[0], 60);
  std::string hint;
  if (words[0].find('/') == std::string::npos) {
    hint = did_you_mean(words[0], std::vector<std::string>(kCommands.begin(), kCommands.end() - 1));
  }
  return UsageError{"more than one ROOT: " + first + ", " + escaped_excerpt(words[1], 60) + hint};
}

// Takes the command's own words off `options.arguments` and sets the command.
std::optional<UsageError> take_command(Options& options) {
  std::vector<std::string>& words = options.arguments;
  if (options.command != Command::Check || words.empty()) {
    return std::nullopt;  // --help and --version win over everything
  }
  if (std::find(kLaterCommands.begin(), kLaterCommands.end(), words[0]) != kLaterCommands.end()) {
    return UsageError{"the command " + words[0] + " is not part of this version, which only checks; for a directory " +
                      "of that name write ./" + words[0]};
  }
  if (words[0] == "help") {
    options.command = Command::Help;
    return std::nullopt;
  }
  if (words[0] == "explain") {
    options.command = Command::Explain;
    words.erase(words.begin());
    if (words.empty()) {
      return UsageError{"explain needs a code, a slug, or a message of the daemon: docker-fsck explain DF0322"};
    }
    return std::nullopt;
  }
  if (words[0] == "list") {
    options.command = Command::ListProblems;
    const bool right = words.size() == 2 && words[1] == "problems";
    words.clear();
    return right ? std::nullopt : std::optional(UsageError{"list what? docker-fsck list problems"});
  }
  if (words[0] == "check") {
    return UsageError{"checking needs no command word: docker-fsck [OPTIONS] [ROOT]; for a directory of that name " +
                      std::string("write ./check")};
  }
  return words.size() > 1 ? second_root(words) : std::nullopt;
}

std::optional<UsageError> reject_options_of_check(const std::vector<const OptionRow*>& given) {
  for (const OptionRow* row : given) {
    if (row->scope == OptionScope::Check) {
      return UsageError{"--" + std::string(row->name) + " has a meaning only for a check, not for this command"};
    }
  }
  return std::nullopt;
}

}  // namespace

std::variant<Options, UsageError> parse_options(const std::vector<std::string>& args) {
  auto tokens = tokens_of(args);
  if (auto* error = std::get_if<UsageError>(&tokens)) {
    return *error;
  }
  Options options;
  options.jobs = default_jobs();
  std::vector<const OptionRow*> given;
  for (const po::option& token : std::get<std::vector<po::option>>(tokens)) {
    if (token.string_key.empty()) {
      options.arguments.insert(options.arguments.end(), token.value.begin(), token.value.end());
      continue;
    }
    const OptionRow* row = row_of(token.string_key);
    if (row == nullptr) {
      return UsageError{"this version only checks: use --dry-run"};
    }
    given.push_back(row);
    if (auto error = row->set(options, token.value.empty() ? std::string() : token.value[0])) {
      return *error;
    }
  }
  if (auto error = take_command(options)) {
    return *error;
  }
  if (options.command == Command::Explain || options.command == Command::ListProblems) {
    if (auto error = reject_options_of_check(given)) {
      return *error;
    }
  }
  return options;
}

Format wanted_format(const std::vector<std::string>& args) {
  Format format = Format::Text;
  for (size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    if (args[i] == "--format=json" || (args[i] == "--format" && i + 1 < args.size() && args[i + 1] == "json")) {
      format = Format::Json;
    }
  }
  return format;
}

}  // namespace dfsck
