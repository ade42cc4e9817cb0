// The options and what each value means.
#include "cmd/option_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checks/runner.h"
#include "cmd/nearest.h"
#include "cmd/words.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

using Outcome = std::optional<UsageError>;

template <typename T, size_t N>
using Choices = std::array<std::pair<std::string_view, T>, N>;

template <typename T, size_t N>
Outcome choose(T& target, std::string_view option, const std::string& value, const Choices<T, N>& choices) {
  std::string allowed;
  for (const auto& [name, meaning] : choices) {
    if (value == name) {
      target = meaning;
      return std::nullopt;
    }
    allowed.append(allowed.empty() ? "" : ", ").append(name);
  }
  return UsageError{"--" + std::string(option) + " " + escaped_excerpt(value, 40) + ": must be one of " + allowed};
}

Outcome set_level(Options& options, Level level) {
  if (options.level && *options.level != level) {
    const std::string first(level_name(std::min(*options.level, level)));
    const std::string second(level_name(std::max(*options.level, level)));
    return UsageError{"--" + first + " and --" + second + " exclude each other: --" + second + " does less"};
  }
  options.level = level;
  return std::nullopt;
}

Outcome set_detail(Options& options, Detail detail) {
  if (options.detail != Detail::Normal && options.detail != detail) {
    return UsageError{"--quiet and --verbose exclude each other"};
  }
  options.detail = detail;
  return std::nullopt;
}

Outcome set_mode(Options& options, Mode mode) {
  if (options.mode && *options.mode != mode) {
    return UsageError{"--" + std::string(mode_name(*options.mode)) + " and --" + std::string(mode_name(mode)) +
                      " exclude each other"};
  }
  options.mode = mode;
  return std::nullopt;
}

Outcome set_jobs(Options& options, const std::string& value) {
  constexpr uint64_t kMaxJobs = 64;
  const auto number = parse_uint64(value);
  if (!number || *number < 1 || *number > kMaxJobs) {
    return UsageError{"--jobs " + escaped_excerpt(value, 40) + ": must be a whole number from 1 to 64"};
  }
  options.jobs = static_cast<unsigned>(*number);
  return std::nullopt;
}

Outcome add_selectors(std::vector<std::string>& selectors, std::string_view option, const std::string& value) {
  for (const std::string_view name : split(value, ',')) {
    if (!is_selector(name)) {
      const std::string what = "--" + std::string(option) + " " + escaped_excerpt(name, 60);
      return UsageError{what + ": no such problem or area" + did_you_mean(name, selector_names())};
    }
    selectors.emplace_back(name);
  }
  return std::nullopt;
}

Outcome set_text(std::string& target, std::string_view option, const std::string& value) {
  if (value.empty()) {
    return UsageError{"--" + std::string(option) + ": must not be empty"};
  }
  target = value;
  return std::nullopt;
}

Outcome add_text(std::vector<std::string>& targets, std::string_view option, const std::string& value) {
  return set_text(targets.emplace_back(), option, value);
}

constexpr Choices<Format, 2> kFormats{{{"text", Format::Text}, {"json", Format::Json}}};
constexpr Choices<ProgressStyle, 5> kProgressStyles{{{"auto", ProgressStyle::Auto},
                                                     {"bar", ProgressStyle::Bar},
                                                     {"plain", ProgressStyle::Plain},
                                                     {"json", ProgressStyle::Json},
                                                     {"none", ProgressStyle::None}}};
constexpr Choices<ColorMode, 3> kColorModes{
    {{"auto", ColorMode::Auto}, {"always", ColorMode::Always}, {"never", ColorMode::Never}}};

// Sets one member to one value: what most switches do.
template <auto Member, auto Value>
Outcome assign(Options& options, const std::string&) {
  options.*Member = Value;
  return std::nullopt;
}

// clang-format off
constexpr OptionScope kCheck = scope_of(Command::Check);
constexpr OptionScope kHistory = scope_of(Command::History);
constexpr OptionScope kRecover = scope_of(Command::Recover);
constexpr OptionScope kShow = scope_of(Command::Show);
constexpr OptionScope kLoad = scope_of(Command::Load);
constexpr OptionScope kChanging =
    scope_of(Command::Apply) | scope_of(Command::Undo) | kRecover | scope_of(Command::Purge) | kLoad;

constexpr std::array kOptions = {
  OptionRow{'n', "dry-run", "", kCheck | kChanging,
    "read only; print findings and, for each, the exact steps that a repair would take",
    [](Options& o, const std::string&) { return set_mode(o, Mode::DryRun); }},
  OptionRow{'p', "preen", "", kCheck,
    "make the repairs of class safe, which are proven to be right; ask nothing",
    [](Options& o, const std::string&) { return set_mode(o, Mode::Preen); }},
  OptionRow{'y', "yes", "", kCheck | kChanging | kHistory,
    "make every repair that has one definite answer; for other commands: do not ask",
    [](Options& o, const std::string&) { return set_mode(o, Mode::Yes); }},
  OptionRow{0, "plan", "FILE", kCheck,
    "with --dry-run: write the plan of the repair into FILE, for docker-fsck apply",
    [](Options& o, const std::string& v) { return set_text(o.plan_file, "plan", v); }},
  OptionRow{0, "if-unclean", "", kCheck,
    "do nothing if the last run ended clean and there was no crash and no boot since",
    assign<&Options::if_unclean, IfUnclean::Yes>},
  OptionRow{0, "back", "", kRecover,
    "take back what the repair that was cut off has done, in place of finishing it",
    assign<&Options::back, RecoverBack::Yes>},
  OptionRow{0, "acknowledge", "RUN", kHistory,
    "end the mark that the loss of something in the repair RUN has left",
    [](Options& o, const std::string& v) { return set_text(o.acknowledged_run, "acknowledge", v); }},
  OptionRow{'i', "input", "FILE", kLoad,
    "the archive or OCI layout that is to be loaded; - for standard input",
    [](Options& o, const std::string& v) { return set_text(o.input, "input", v); }},
  OptionRow{0, "root", "ROOT", kShow | kLoad,
    "the root to look at, or to load into",
    [](Options& o, const std::string& v) { return set_text(o.root, "root", v); }},
  OptionRow{0, "full", "", kShow,
    "read the contents of the files in question",
    [](Options& o, const std::string&) { return set_level(o, Level::Full); }},
  OptionRow{0, "quick", "", kCheck | kShow,
    "do not read the contents of files: structure, references, and the names, sizes and headers of every layer's tree",
    [](Options& o, const std::string&) { return set_level(o, Level::Quick); }},
  OptionRow{0, "structure", "", kCheck | kShow,
    "do not look into the trees of layers at all",
    [](Options& o, const std::string&) { return set_level(o, Level::Structure); }},
  OptionRow{'j', "jobs", "N", kCheck | kShow | kLoad,
    "work on N things at once, 1 to 64 (default: all processors)",
    set_jobs},
  OptionRow{0, "only", "NAME", kCheck,
    "look only for these problems: codes, slugs or areas, separated by commas; repeatable",
    [](Options& o, const std::string& v) { return add_selectors(o.only, "only", v); }},
  OptionRow{0, "skip", "NAME", kCheck,
    "do not look for these problems; repeatable",
    [](Options& o, const std::string& v) { return add_selectors(o.skip, "skip", v); }},
  OptionRow{0, "from", "DONOR", kCheck,
    "where lost bytes may be had: a docker save archive, an OCI layout or another Docker root; repeatable",
    [](Options& o, const std::string& v) { return add_text(o.donors, "from", v); }},
  OptionRow{0, "format", "FORMAT", kEverywhere,
    "text (default) or json: one JSON document on standard output",
    [](Options& o, const std::string& v) { return choose(o.format, "format", v, kFormats); }},
  OptionRow{0, "report", "FILE", kCheck,
    "write the JSON report into FILE as well",
    [](Options& o, const std::string& v) { return set_text(o.report_file, "report", v); }},
  OptionRow{0, "progress", "HOW", kCheck | kShow | kLoad,
    "auto (default), bar, plain, json or none; on standard error",
    [](Options& o, const std::string& v) { return choose(o.progress, "progress", v, kProgressStyles); }},
  OptionRow{0, "color", "WHEN", kEverywhere,
    "auto (default: on a terminal, unless NO_COLOR is set), always or never",
    [](Options& o, const std::string& v) { return choose(o.color, "color", v, kColorModes); }},
  OptionRow{0, "no-trunc", "", kCheck | kShow | kHistory | kChanging,
    "print whole ids and every finding and step",
    assign<&Options::truncate, Truncate::No>},
  OptionRow{0, "strict", "", kCheck | kShow,
    "count warnings as problems in the exit code",
    assign<&Options::strict, Strict::Yes>},
  OptionRow{0, "stats", "", kCheck,
    "print how long it took, and at which rate",
    assign<&Options::stats, Stats::Yes>},
  OptionRow{0, "root-label", "NAME", kCheck,
    "print NAME in place of the root's path",
    [](Options& o, const std::string& v) { return set_text(o.root_label, "root-label", v); }},
  OptionRow{'v', "verbose", "", kCheck | kShow | kHistory,
    "print every information and every step",
    [](Options& o, const std::string&) { return set_detail(o, Detail::Verbose); }},
  OptionRow{'q', "quiet", "", kCheck,
    "print errors and the summary line only",
    [](Options& o, const std::string&) { return set_detail(o, Detail::Quiet); }},
  OptionRow{0, "version", "", kEverywhere,
    "print the version and end",
    assign<&Options::command, Command::Version>},
  OptionRow{'h', "help", "", kEverywhere,
    "print this help and end",
    assign<&Options::command, Command::Help>},
};
// clang-format on

}  // namespace

std::span<const OptionRow> all_options() {
  return kOptions;
}

}  // namespace dfsck
