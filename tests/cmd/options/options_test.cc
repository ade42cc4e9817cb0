// The command line: what is understood, and what is said to who mistypes.
#include "cmd/options/options.h"

#include <gtest/gtest.h>

#include "cmd/help.h"
#include "cmd/options/option_table.h"
#include "cmd/program.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

Options options_of(const std::vector<std::string>& args) {
  auto result = parse_options(args);
  if (const auto* error = std::get_if<UsageError>(&result)) {
    ADD_FAILURE() << error->message;
    return Options{};
  }
  return std::get<Options>(result);
}

std::string refused(const std::vector<std::string>& args) {
  auto result = parse_options(args);
  const auto* error = std::get_if<UsageError>(&result);
  return error == nullptr ? "accepted" : error->message;
}

TEST(Options, DefaultsAreAFullCheckOnAllProcessors) {
  const Options options = options_of({});
  EXPECT_EQ(options.command, Command::Check);
  EXPECT_FALSE(options.level);
  EXPECT_EQ(options.jobs, default_jobs());
  EXPECT_EQ(options.format, Format::Text);
  EXPECT_FALSE(options.mode);
}

TEST(Options, AllAreUnderstood) {
  const Options options =
      options_of({"-n",     "--quick", "-j",        "3",          "--only=refs,DF0301", "--only",  "short-link-missing",
                  "--skip", "content", "--format",  "json",       "--report",           "out",     "--progress",
                  "none",   "--color", "never",     "--no-trunc", "--strict",           "--stats", "--root-label",
                  "ROOT",   "-v",      "/some/root"});
  EXPECT_EQ(options.mode, Mode::DryRun);
  EXPECT_EQ(options.level, Level::Quick);
  EXPECT_EQ(options.jobs, 3U);
  EXPECT_EQ(options.only, (std::vector<std::string>{"refs", "DF0301", "short-link-missing"}));
  EXPECT_EQ(options.skip, std::vector<std::string>{"content"});
  EXPECT_EQ(options.format, Format::Json);
  EXPECT_EQ(options.report_file, "out");
  EXPECT_EQ(options.progress, ProgressStyle::None);
  EXPECT_EQ(options.color, ColorMode::Never);
  EXPECT_EQ(options.truncate, Truncate::No);
  EXPECT_EQ(options.strict, Strict::Yes);
  EXPECT_EQ(options.stats, Stats::Yes);
  EXPECT_EQ(options.root_label, "ROOT");
  EXPECT_EQ(options.detail, Detail::Verbose);
  EXPECT_EQ(options.arguments, std::vector<std::string>{"/some/root"});
}

TEST(Options, WordsAfterTwoDashesAreNoOptions) {
  EXPECT_EQ(options_of({"--", "-n"}).arguments, std::vector<std::string>{"-n"});
}

TEST(Options, NumbersAreStrict) {
  for (const char* value : {"0", "65", "-1", "3x", "0x3", " 3", "3.0", "99999999999999999999", "+3"}) {
    EXPECT_EQ(refused({"--jobs", value}), "--jobs " + std::string(value) + ": must be a whole number from 1 to 64");
  }
  EXPECT_EQ(options_of({"-j64"}).jobs, 64U);
}

TEST(Options, MistakesAreNamedWithWhatWouldBeRight) {
  EXPECT_EQ(refused({"--drynun"}), "unknown option --drynun; did you mean --dry-run?");
  EXPECT_EQ(refused({"-x"}), "unknown option -x; docker-fsck --help lists them");
  EXPECT_EQ(refused({"--form", "json"}), "unknown option --form; did you mean --from or --format?");  // no guessing
  EXPECT_EQ(refused({"--jobs"}), "--jobs needs a value");
  EXPECT_EQ(refused({"--quick=yes"}), "--quick takes no value");
  EXPECT_EQ(refused({"--quick", "--structure"}), "--quick and --structure exclude each other: --structure does less");
  EXPECT_EQ(refused({"-v", "-q"}), "--quiet and --verbose exclude each other");
  EXPECT_EQ(refused({"--format", "xml"}), "--format xml: must be one of text, json");
  EXPECT_EQ(refused({"--only", "overlay"}),
            "--only overlay: no such problem or area; did you mean overlay2, "
            "overlay-entry-foreign or overlay-dir-orphan?");
  EXPECT_EQ(refused({"--skip", "short-link-mising"}),
            "--skip short-link-mising: no such problem or area; did you mean short-link-missing or short-link-wrong?");
  EXPECT_EQ(refused({"--only", "refs,"}), "--only : no such problem or area");
  EXPECT_EQ(refused({"--root-label", ""}), "--root-label: must not be empty");
  EXPECT_EQ(refused({"/a", "/b"}), "more than one ROOT: /a, /b");
  EXPECT_EQ(refused({"lst", "problems"}), "more than one ROOT: lst, problems; did you mean list?");
  EXPECT_EQ(refused({"list"}), "list what? docker-fsck list problems");
  EXPECT_EQ(refused({"explain", "--quick", "DF0322"}), "--quick has no meaning here, only for a check, show");
}

TEST(Options, ControlCharactersOfAMistakeAreEscaped) {
  EXPECT_EQ(refused({"--format", "\x1b[31m"}), "--format \\x1b[31m: must be one of text, json");
}

TEST(Options, ModesExcludeEachOther) {
  EXPECT_EQ(options_of({"-p"}).mode, Mode::Preen);
  EXPECT_EQ(options_of({"--yes"}).mode, Mode::Yes);
  EXPECT_EQ(options_of({"-n", "--dry-run"}).mode, Mode::DryRun);
  EXPECT_EQ(refused({"-n", "-y"}), "--dry-run and --yes exclude each other");
  EXPECT_EQ(refused({"-p", "-y"}), "--preen and --yes exclude each other");
  EXPECT_EQ(refused({"--plan", "file"}), "--plan needs --dry-run: docker-fsck --dry-run --plan FILE [ROOT]");
  EXPECT_EQ(refused({"-y", "--plan", "file"}), "--plan needs --dry-run: docker-fsck --dry-run --plan FILE [ROOT]");
  EXPECT_EQ(options_of({"-n", "--plan", "file"}).plan_file, "file");
}

TEST(Options, CommandsTakeTheirOwnWordsAndOptions) {
  const Options undo = options_of({"undo", "--yes", "/root", "RUN"});
  EXPECT_EQ(undo.command, Command::Undo);
  EXPECT_EQ(undo.arguments, (std::vector<std::string>{"/root", "RUN"}));
  EXPECT_EQ(options_of({"recover", "--back"}).back, RecoverBack::Yes);
  EXPECT_EQ(options_of({"history", "--acknowledge", "RUN", "/root"}).acknowledged_run, "RUN");
  EXPECT_EQ(options_of({"-n", "apply", "plan"}).command, Command::Apply);
  EXPECT_EQ(refused({"apply"}), "apply what? docker-fsck apply PLAN");
  EXPECT_EQ(refused({"undo", "a", "b", "c"}), "undo takes less: docker-fsck undo [ROOT [RUN]]");
  EXPECT_EQ(refused({"--back", "/root"}), "--back has no meaning here, only for recover");
  EXPECT_EQ(refused({"--preen", "undo"}), "--preen has a meaning only for a check, not for this command");
  EXPECT_EQ(refused({"check", "/root"}).find("checking needs no command word"), 0U);
}

TEST(Options, ShowTakesItsRootAsAnOption) {
  const Options show = options_of({"show", "--root", "/root", "--full", "app:1"});
  EXPECT_EQ(show.command, Command::Show);
  EXPECT_EQ(show.root, "/root");
  EXPECT_EQ(show.level, Level::Full);
  EXPECT_EQ(show.arguments, std::vector<std::string>{"app:1"});
  EXPECT_TRUE(options_of({"show"}).arguments.empty());
  EXPECT_EQ(refused({"show", "a", "b"}), "show takes less: docker-fsck show [--root ROOT] [WHAT]");
  EXPECT_EQ(refused({"show", "--full", "--quick", "a"}), "--full and --quick exclude each other: --quick does less");
  EXPECT_EQ(refused({"--full", "/root"}), "--full has no meaning here, only for show");
  EXPECT_EQ(refused({"show", "--preen", "a"}), "--preen has a meaning only for a check, not for this command");
}

TEST(Options, SaveNamesAnArchiveByFormat) {
  const Options save = options_of({"save", "--root", "/root", "-o", "-", "--format", "oci-archive", "app:1", "app:2"});
  EXPECT_EQ(save.command, Command::Save);
  EXPECT_EQ(save.archive_format, ArchiveFormat::OciArchive);
  EXPECT_EQ(save.format, Format::Text);
  EXPECT_EQ(save.output_file, "-");
  EXPECT_EQ(save.arguments, (std::vector<std::string>{"app:1", "app:2"}));
  EXPECT_EQ(options_of({"--json", "--format", "legacy", "save", "--all", "-o", "f"}).format, Format::Json);
  EXPECT_EQ(options_of({"--json", "/root"}).format, Format::Json);
  EXPECT_EQ(refused({"save", "--all", "-o", "f", "--format", "json"}),
            "--format json: must be one of docker-archive, oci-archive, oci-dir, legacy");
  EXPECT_EQ(refused({"--format", "legacy", "/root"}), "--format legacy: must be one of text, json");
  EXPECT_EQ(refused({"save", "app:1"}), "save needs -o FILE; - stands for standard output");
  EXPECT_EQ(refused({"save", "-o", "f"}), "save what? Name images, or write --all, or --container NAME");
  EXPECT_EQ(refused({"save", "-o", "f", "--all", "app:1"}),
            "names of images, --all and --container exclude each other");
  EXPECT_EQ(refused({"save", "-o", "f", "--tag", "a", "app:1"}), "--tag has a meaning only with --container");
  EXPECT_EQ(refused({"save", "-o", "f", "--preen", "app:1"}),
            "--preen has a meaning only for a check, not for this command");
}

TEST(Options, ADirectoryThatIsCalledLikeACommandIsNamedWithItsPath) {
  EXPECT_EQ(options_of({"./migrate"}).arguments, std::vector<std::string>{"./migrate"});
}

TEST(Options, WhoAsksForJsonGetsErrorsAsJson) {
  const Output output = run_program({"--format", "json", "--nonsense"});
  EXPECT_EQ(output.exit_code, 16);
  EXPECT_EQ(output.out.substr(0, 40), "{\n  \"schema\": \"docker-fsck/report/1\",\n  ");
  EXPECT_NE(output.out.find("unknown option --nonsense"), std::string::npos);
  EXPECT_NE(output.out.find("\"exit_code\": 16"), std::string::npos);
}

TEST(Options, HelpShowsEveryOptionAndFitsEightyColumns) {
  const std::string help = help_text();
  for (const OptionRow& row : all_options()) {
    EXPECT_NE(help.find("--" + std::string(row.name)), std::string::npos) << row.name;
  }
  size_t start = 0;
  for (size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', start)) {
    EXPECT_LE(end - start, 92U) << help.substr(start, end - start);
    start = end + 1;
  }
  EXPECT_EQ(run_program({"--help", "whatever"}).out, help);
  EXPECT_EQ(run_program({"help"}).out, help);
}

}  // namespace
}  // namespace dfsck
