// The options and what each value means.
#include "cmd/options/option_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "checks/runner.h"
#include "cmd/options/nearest.h"
#include "cmd/options/words.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

using Complaint = std::optional<UsageError>;

template <typename T, size_t N>
using Choices = std::array<std::pair<std::string_view, T>, N>;

template <typename T, size_t N>
Complaint choose(T& target, std::string_view option, const std::string& value, const Choices<T, N>& choices) {
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

// Two levels contradict each other, and to take the last would mean that an alias with --quick in it
// makes a full check into something less. The same goes for modes.
Complaint set_level(Options& options, Level level) {
  if (options.level && *options.level != level) {
    const std::string first(level_name(std::min(*options.level, level)));
    const std::string second(level_name(std::max(*options.level, level)));
    return UsageError{"--" + first + " and --" + second + " exclude each other: --" + second + " does less"};
  }
  options.level = level;
  return std::nullopt;
}

// Not a matter of the last one given: somebody who says both has made a mistake in one of two places.
Complaint set_detail(Options& options, Detail detail) {
  if (options.detail != Detail::Normal && options.detail != detail) {
    return UsageError{"--quiet and --verbose exclude each other"};
  }
  options.detail = detail;
  return std::nullopt;
}

Complaint choose_mode(Options& options, Mode mode) {
  if (options.mode && *options.mode != mode) {
    return UsageError{"--" + std::string(mode_name(*options.mode)) + " and --" + std::string(mode_name(mode)) +
                      " exclude each other"};
  }
  options.mode = mode;
  return std::nullopt;
}

// Zero, signs, blanks and units are refused: a number that was misread is worse than one that was refused.
Complaint set_jobs(Options& options, const std::string& value) {
  constexpr uint64_t kMaxJobs = 64;
  const auto number = parse_uint64(value);
  if (!number || *number < 1 || *number > kMaxJobs) {
    return UsageError{"--jobs " + escaped_excerpt(value, 40) + ": must be a whole number from 1 to 64"};
  }
  options.jobs = static_cast<unsigned>(*number);
  return std::nullopt;
}

// A name that is not known would silently look for nothing, and the check would end clean.
Complaint add_selectors(std::vector<std::string>& selectors, std::string_view option, const std::string& value) {
  for (const std::string_view name : split(value, ',')) {
    if (!is_selector(name)) {
      const std::string what = "--" + std::string(option) + " " + escaped_excerpt(name, 60);
      return UsageError{what + ": no such problem or area" + did_you_mean(name, selector_names())};
    }
    selectors.emplace_back(name);
  }
  return std::nullopt;
}

// An empty value is mostly a variable of a script that was not set. To take it for the default would
// use another root, or another file, than was meant.
Complaint set_text(std::string& target, std::string_view option, const std::string& value) {
  if (value.empty()) {
    return UsageError{"--" + std::string(option) + ": must not be empty"};
  }
  target = value;
  return std::nullopt;
}

Complaint add_text(std::vector<std::string>& targets, std::string_view option, const std::string& value) {
  return set_text(targets.emplace_back(), option, value);
}

// "50M": bytes a second, with K, M or G for thousands, millions or billions.
// Thousands and not 1024, as disks and networks are sold.
Complaint set_bandwidth(Options& options, const std::string& value) {
  constexpr uint64_t kThousand = 1000;
  uint64_t unit = 1;
  std::string_view digits = value;
  const size_t power = digits.empty() ? std::string_view::npos : std::string_view("KMG").find(digits.back());
  if (power != std::string_view::npos) {
    digits.remove_suffix(1);
    for (size_t i = 0; i <= power; ++i) {
      unit *= kThousand;
    }
  }
  const auto number = parse_uint64(digits);
  if (!number || *number == 0 || *number > UINT64_MAX / unit) {
    return UsageError{
        "--bwlimit " + escaped_excerpt(value, 40) +
        ": must be a number of bytes a second, with K, M or G behind it for thousands, millions or billions"};
  }
  options.migration.bytes_per_second = *number * unit;
  return std::nullopt;
}

// What may be left out is a short list: images without layers, say, would be no root.
Complaint add_omitted_area(Options& options, const std::string& value) {
  for (const std::string_view word : split(value, ',')) {
    const std::optional<OmittedArea> omitted = parse_omitted_area(word);
    if (!omitted) {
      return UsageError{"--exclude " + escaped_excerpt(word, 40) + ": must be volumes, containers or buildkit"};
    }
    options.migration.choice.omitted.insert(*omitted);
  }
  return std::nullopt;
}

constexpr Choices<CopyVerify, 3> kVerify{
    {{"none", CopyVerify::None}, {"copy", CopyVerify::Copy}, {"full", CopyVerify::Full}}};
constexpr Choices<Format, 2> kFormats{{{"text", Format::Text}, {"json", Format::Json}}};
constexpr Choices<ArchiveFormat, 4> kArchiveFormats{{{"docker-archive", ArchiveFormat::DockerArchive},
                                                     {"oci-archive", ArchiveFormat::OciArchive},
                                                     {"oci-dir", ArchiveFormat::OciDir},
                                                     {"legacy", ArchiveFormat::Legacy}}};
constexpr Choices<ProgressStyle, 5> kProgressStyles{{{"auto", ProgressStyle::Auto},
                                                     {"bar", ProgressStyle::Bar},
                                                     {"plain", ProgressStyle::Plain},
                                                     {"json", ProgressStyle::Json},
                                                     {"none", ProgressStyle::None}}};
constexpr Choices<ColorMode, 3> kColorModes{
    {{"auto", ColorMode::Auto}, {"always", ColorMode::Always}, {"never", ColorMode::Never}}};

// Sets one member to one value: what most switches do.
template <auto Member, auto Value>
Complaint assign(Options& options, const std::string&) {
  options.*Member = Value;
  return std::nullopt;
}

// clang-format off
constexpr OptionScope kCheck = scope_of(Command::Check);
constexpr OptionScope kHistory = scope_of(Command::History);
constexpr OptionScope kRecover = scope_of(Command::Recover);
constexpr OptionScope kShow = scope_of(Command::Show);
constexpr OptionScope kMigrate = scope_of(Command::Migrate);
constexpr OptionScope kSave = scope_of(Command::Save);
constexpr OptionScope kLoad = scope_of(Command::Load);
constexpr OptionScope kChanging =
    scope_of(Command::Apply) | scope_of(Command::Undo) | kRecover | scope_of(Command::Purge) | kLoad;

constexpr std::array kOptions = {
  OptionRow{'n', "dry-run", "", kCheck | kChanging | kMigrate | kSave,
    "change nothing; print findings and the exact steps that a repair would take, or what a command would do",
    [](Options& o, const std::string&) { return choose_mode(o, Mode::DryRun); }},
  OptionRow{'p', "preen", "", kCheck,
    "make the repairs of class safe, which are proven to be right; ask nothing",
    [](Options& o, const std::string&) { return choose_mode(o, Mode::Preen); }},
  OptionRow{'y', "yes", "", kCheck | kChanging | kHistory | kMigrate | kSave,
    "make every repair that has one definite answer; other commands: do not ask (migrate, load, save, apply never do)",
    [](Options& o, const std::string&) { return choose_mode(o, Mode::Yes); }},
  // The plan of exactly the findings that this run prints. --only and --skip choose, and apply asks no more.
  OptionRow{0, "plan", "FILE", kCheck,
    "with --dry-run: write the plan of the repair into FILE, for docker-fsck apply",
    [](Options& o, const std::string& v) { return set_text(o.plan_file, "plan", v); }},
  // For a unit that runs before the daemon at each boot, together with --preen.
  OptionRow{0, "if-unclean", "", kCheck,
    "do nothing if the last run ended clean and there was no crash and no boot since",
    assign<&Options::if_unclean, IfUnclean::Yes>},
  // Finishing is the default, since whoever began the repair wanted it.
  OptionRow{0, "back", "", kRecover,
    "take back what the repair that was cut off has done, in place of finishing it",
    assign<&Options::back, RecoverBack::Yes>},
  // An option of history and no command: the list shows what is to be acknowledged.
  OptionRow{0, "acknowledge", "RUN", kHistory,
    "end the mark that the loss of something in the repair RUN has left",
    [](Options& o, const std::string& v) { return set_text(o.acknowledged_run, "acknowledge", v); }},
  // The default costs no pass of its own: layers are hashed from the bytes that are read for the copy.
  OptionRow{0, "verify", "HOW", kMigrate,
    "copy (default): layers are verified while they are copied; full: and all is read back from the target; none",
    [](Options& o, const std::string& v) { return choose(o.migration.verify, "verify", v, kVerify); }},
  // What a daemon has registered as a layer does not change any more; containers, volumes and databases do.
  OptionRow{0, "live", "", kMigrate,
    "while the daemon runs: copy only what it does not change, so that the run that follows is short",
    [](Options& o, const std::string&) { o.migration.when = MigrationWish::When::Live; return Complaint(); }},
  // Neither command leaves damage out by itself: a copy or an archive that lacks something is taken for whole later.
  OptionRow{0, "keep-going", "", kMigrate | kSave,
    "go on in spite of damage: migrate what there is as it is, save the other images",
    assign<&Options::keep_going, KeepGoing::Yes>},
  OptionRow{0, "images", "NAME", kMigrate,
    "migrate these images and nothing else: names or ids; repeatable",
    [](Options& o, const std::string& v) { return add_text(o.migration.images, "images", v); }},
  OptionRow{0, "exclude", "AREA", kMigrate,
    "leave out volumes, containers or buildkit; repeatable",
    add_omitted_area},
  // Has to be said, since the images stay behind: a target without them starts and lists nothing.
  OptionRow{0, "without-containerd-store", "", kMigrate,
    "go on without the images of a containerd image store, which are not moved",
    [](Options& o, const std::string&) { o.migration.choice.without_containerd_store = true; return Complaint(); }},
  // What nobody owns may be what somebody has lost, as long as nobody has looked at it.
  OptionRow{0, "keep-orphans", "", kMigrate,
    "take along what nothing refers to",
    [](Options& o, const std::string&) { o.migration.choice.keep_orphans = true; return Complaint(); }},
  // Paths inside configurations are rewritten for the place of use: a disk is often
  // filled at one mount point and used at another.
  OptionRow{0, "final-path", "PATH", kMigrate,
    "where the target will lie when a daemon uses it (default: TARGET)",
    [](Options& o, const std::string& v) -> Complaint {
      if (!v.starts_with('/')) {
        return UsageError{"--final-path " + escaped_excerpt(v, 60) + ": must be an absolute path"};
      }
      return set_text(o.migration.final_path, "final-path", v);
    }},
  // For a copy beside a daemon that works on the same disks.
  OptionRow{0, "bwlimit", "RATE", kMigrate,
    "read and write at most RATE bytes a second: 50M, say",
    set_bandwidth},
  // Not the default: daemon.json belongs to the host and not to the root.
  OptionRow{0, "switch", "", kMigrate,
    "set data-root in daemon.json to the target once it is whole; the old file is kept beside it",
    assign<&Options::switch_daemon, Switch::Yes>},
  OptionRow{0, "daemon-config", "FILE", kMigrate,
    "the file that --switch changes (default: /etc/docker/daemon.json)",
    [](Options& o, const std::string& v) { return set_text(o.daemon_config, "daemon-config", v); }},
  OptionRow{'i', "input", "FILE", kLoad,
    "the archive or OCI layout that is to be loaded; - for standard input",
    [](Options& o, const std::string& v) { return set_text(o.input, "input", v); }},
  // An option where the words of a command are names of things; a check takes its root as a word, as fsck does.
  OptionRow{0, "root", "ROOT", kShow | kSave | kLoad,
    "the root to look at, to take images from, or to load into",
    [](Options& o, const std::string& v) { return set_text(o.root, "root", v); }},
  OptionRow{'o', "output", "FILE", kSave,
    "where the archive goes: a file, - for standard output, or the directory of oci-dir",
    [](Options& o, const std::string& v) { return set_text(o.output_file, "output", v); }},
  // Of two rows of this name the command decides: what save writes has a form of its own, hence --json.
  OptionRow{0, "format", "FORMAT", kSave,
    "of an archive: docker-archive (default), oci-archive, oci-dir, or legacy, the form of Docker up to 24",
    [](Options& o, const std::string& v) { return choose(o.archive_format, "format", v, kArchiveFormats); }},
  OptionRow{0, "all", "", kSave,
    "save every image",
    assign<&Options::save_all, SaveAll::Yes>},
  OptionRow{0, "container", "NAME", kSave,
    "save the filesystem of this container, as docker commit would make an image of it",
    [](Options& o, const std::string& v) { return set_text(o.container, "container", v); }},
  OptionRow{0, "tag", "NAME", kSave,
    "with --container: the name of the image",
    [](Options& o, const std::string& v) { return set_text(o.tag, "tag", v); }},
  OptionRow{0, "full", "", kShow,
    "read the contents of the files in question",
    [](Options& o, const std::string&) { return set_level(o, Level::Full); }},
  OptionRow{0, "quick", "", kCheck | kShow,
    "do not read the contents of files: structure, references, and the names, sizes and headers of every layer's tree",
    [](Options& o, const std::string&) { return set_level(o, Level::Quick); }},
  OptionRow{0, "structure", "", kCheck | kShow,
    "do not look into the trees of layers at all",
    [](Options& o, const std::string&) { return set_level(o, Level::Structure); }},
  // It changes the time that a run takes and nothing of what it says.
  OptionRow{'j', "jobs", "N", kCheck | kShow | kMigrate | kSave | kLoad,
    "work on N things at once, 1 to 64 (default: all processors)",
    set_jobs},
  OptionRow{0, "only", "NAME", kCheck,
    "look only for these problems: codes, slugs or areas, separated by commas; repeatable",
    [](Options& o, const std::string& v) { return add_selectors(o.only, "only", v); }},
  // What is skipped is not in the exit code either: that is how a known state is made to end with 0.
  OptionRow{0, "skip", "NAME", kCheck,
    "do not look for these problems; repeatable",
    [](Options& o, const std::string& v) { return add_selectors(o.skip, "skip", v); }},
  // Nothing of a donor is believed: bytes from it are taken only if the layer then has its digest.
  OptionRow{0, "from", "DONOR", kCheck,
    "where lost bytes may be had: a docker save archive, an OCI layout or another Docker root; repeatable",
    [](Options& o, const std::string& v) { return add_text(o.donors, "from", v); }},
  OptionRow{0, "format", "FORMAT", kEverywhere & ~kSave,
    "text (default) or json: one JSON document on standard output",
    [](Options& o, const std::string& v) { return choose(o.format, "format", v, kFormats); }},
  OptionRow{0, "json", "", kEverywhere,
    "the same as --format json, also where --format names the form of an archive",
    assign<&Options::format, Format::Json>},
  // The text for whoever sits there, and the document for later, from one run.
  OptionRow{0, "report", "FILE", kCheck | kMigrate | kSave,
    "write the JSON report into FILE as well",
    [](Options& o, const std::string& v) { return set_text(o.report_file, "report", v); }},
  OptionRow{0, "progress", "HOW", kCheck | kShow | kMigrate | kSave | kLoad,
    "auto (default), bar, plain, json or none; on standard error",
    [](Options& o, const std::string& v) { return choose(o.progress, "progress", v, kProgressStyles); }},
  OptionRow{0, "color", "WHEN", kEverywhere,
    "auto (default: on a terminal, unless NO_COLOR is set), always or never",
    [](Options& o, const std::string& v) { return choose(o.color, "color", v, kColorModes); }},
  // Documents are never shortened, so it is for text alone.
  OptionRow{0, "no-trunc", "", kCheck | kShow | kHistory | kChanging | kMigrate | kSave,
    "print whole ids and every finding and step",
    assign<&Options::truncate, Truncate::No>},
  // Information never counts: a healthy root has some.
  OptionRow{0, "strict", "", kCheck | kShow,
    "count warnings as problems in the exit code",
    assign<&Options::strict, Strict::Yes>},
  OptionRow{0, "stats", "", kCheck,
    "print how long it took, and at which rate",
    assign<&Options::stats, Stats::Yes>},
  // For reports that are compared or shown to others.
  OptionRow{0, "root-label", "NAME", kCheck,
    "print NAME in place of the root's path",
    [](Options& o, const std::string& v) { return set_text(o.root_label, "root-label", v); }},
  OptionRow{'v', "verbose", "", kCheck | kShow | kHistory | kMigrate,
    "print every information and every step",
    [](Options& o, const std::string&) { return set_detail(o, Detail::Verbose); }},
  OptionRow{'q', "quiet", "", kCheck | kMigrate | kSave,
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

std::span<const OptionRow> all_options() { return kOptions; }

}  // namespace dfsck
