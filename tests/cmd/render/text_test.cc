// The text report: its order, its words, its limits.
#include "cmd/render/render.h"

#include <gtest/gtest.h>

#include "cmd/render/finding_tree.h"
#include "cmd/render/safe_text.h"
#include "tests/support/sample_report.h"

namespace dfsck {
namespace {

size_t occurrences(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

RenderSettings with(Detail detail) {
  RenderSettings settings;
  settings.detail = detail;
  return settings;
}

TEST(RenderText, ReadsFromTheWorstToTheNextCommand) {
  EXPECT_EQ(
      render_text(sample_of_everything().report, {}),
      "docker-fsck " DFSCK_VERSION
      ": /r (overlay2), full check, dry run: nothing is written\n"
      "\n"
      "DF0322 error short-link-missing\n"
      "  what it means: Containers and builds on this layer do not start: \"no such file or directory\".\n"
      "  repair (safe: proven, nothing is lost): makes the symbolic link again\n"
      "  - the short link overlay2/l/LINK of overlay2/aaaaaaaaaaaa is missing\n"
      "      hits: image app:1; container 111111111111\n"
      "      would make symbolic link overlay2/l/LINK -> ../aaaaaaaaaaaa/diff\n"
      "      so: image app:1 cannot be used because of its layer sha256:eeeeeeeeeeee (DF0411)\n"
      "\n"
      "DF0340 warning overlay-dir-orphan\n"
      "  what it means: It takes space that no prune frees.\n"
      "  repair (clean: nothing refers to it, and it is only moved aside): moves the directory and its short link "
      "into quarantine\n"
      "  - overlay2/dddddddddddd belongs to nothing (1.0 GB)\n"
      "      would move overlay2/dddddddddddd into quarantine\n"
      "\n"
      "for your information (-v shows all of it):\n"
      "  DF0308 merged-left: overlay2/bbbbbbbbbbbb/merged was left by a daemon that did not stop cleanly, and 1 "
      "more like it\n"
      "\n"
      "looked at: 2 images, 3 layers, 1 container\n"
      "found: 2 errors, 1 warning, 2 infos\n"
      "planned: 1 safe repair, 1 removal of garbage (clean); docker-fsck -y makes them, -p only what is safe\n"
      "exit code 4: problems were found and are left as they are\n"
      "next: docker-fsck explain DF0322 tells more\n");
}

TEST(RenderText, AHealthyRootTakesFourLines) {
  EXPECT_EQ(render_text(SampleReport().report, {}), "docker-fsck " DFSCK_VERSION
                                                    ": /r (overlay2), full check, dry run: nothing is written\n"
                                                    "\n"
                                                    "looked at: 2 images, 3 layers, 1 container\n"
                                                    "found: no errors, no warnings\n"
                                                    "exit code 0: nothing is wrong\n");
  EXPECT_EQ(render_text(SampleReport().report, with(Detail::Quiet)), "found: no errors, no warnings\n");
}

TEST(RenderText, AQuickCheckSaysWhatItLeftOut) {
  SampleReport sample;
  sample.report.level = Level::Quick;
  RenderSettings settings;
  settings.root_argument = "/r";
  EXPECT_NE(render_text(sample.report, settings).find("next: docker-fsck /r reads the contents of files as well\n"),
            std::string::npos);
}

TEST(RenderText, QuietIsErrorsAndTheSummaryLine) {
  const std::string text = render_text(sample_of_everything().report, with(Detail::Quiet));
  EXPECT_EQ(text.find("DF0322 error short-link-missing\n"), 0U);
  EXPECT_EQ(text.find("DF0340"), std::string::npos);
  EXPECT_EQ(text.find("DF0308"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\nfound: 2 errors, 1 warning, 2 infos\n"));
}

TEST(RenderText, VerboseShowsEveryInformation) {
  const std::string text = render_text(sample_of_everything().report, with(Detail::Verbose));
  EXPECT_NE(text.find("DF0308 info merged-left (2 times)\n"), std::string::npos);
  EXPECT_NE(text.find("  - overlay2/cccccccccccc/merged was left"), std::string::npos);
}

TEST(RenderText, RepeatsAreCappedAndCounted) {
  SampleReport sample;
  for (int i = 0; i < 1000; ++i) {
    sample.add("short-link-missing", {{"link", "L" + std::to_string(i)}, {"dir", "d"}});
  }
  const std::string text = render_text(sample.report, {});
  EXPECT_EQ(occurrences(text, "  - the short link"), 20U);
  EXPECT_NE(text.find("\n  and 980 more; --no-trunc shows all\n"), std::string::npos);
  RenderSettings all;
  all.truncate = Truncate::No;
  EXPECT_EQ(occurrences(render_text(sample.report, all), "  - the short link"), 1000U);
}

TEST(RenderText, ConsequencesAndStepsAreCappedToo) {
  SampleReport sample;
  const size_t link = sample.add("short-link-missing", {{"link", "L"}, {"dir", "d"}});
  for (int i = 0; i < 50; ++i) {
    sample.plan(link, Quarantine{RelPath("overlay2") / std::to_string(i)});
    const size_t image = sample.add("image-layer-unloadable", {{"image", std::to_string(i)}, {"layer", "l"}});
    sample.caused_by(image, link);
  }
  const std::string text = render_text(sample.report, {});
  EXPECT_EQ(occurrences(text, "      would move"), 3U);
  EXPECT_NE(text.find("      would take 47 more steps; -v shows all\n"), std::string::npos);
  EXPECT_EQ(occurrences(text, "      so: image"), 20U);
  EXPECT_NE(text.find("      so: and 30 more; --no-trunc shows all\n"), std::string::npos);
  EXPECT_EQ(occurrences(render_text(sample.report, with(Detail::Verbose)), "      would move"), 50U);
}

TEST(RenderText, AConsequenceNamesTheTagsThatItHits) {
  SampleReport sample = sample_of_everything();
  sample.affects(4).tags = {"app:1", "app:2"};
  EXPECT_NE(render_text(sample.report, {}).find("sha256:eeeeeeeeeeee (DF0411; hits app:1, app:2)\n"),
            std::string::npos);
}

TEST(RenderText, SentencesThatNameTheThingStandWithTheThing) {
  SampleReport sample;
  sample.add("container-network-missing", {{"container", "c1"}, {"network", "web"}, {"id", "n1"}});
  sample.add("container-network-missing", {{"container", "c2"}, {"network", "web"}, {"id", "n2"}});
  const std::string text = render_text(sample.report, {});
  EXPECT_NE(text.find("      what it means: It does not start: \"network n1 not found\".\n"), std::string::npos);
  EXPECT_NE(text.find("      what you can do: docker network disconnect -f web c2,"), std::string::npos);
}

TEST(RenderText, ARepairThatCannotBeMadeHereIsSaidToBeSo) {
  SampleReport sample;
  sample.add("short-link-missing", {{"link", "L"}, {"dir", "d"}});
  const std::string text = render_text(sample.report, {});
  EXPECT_NE(text.find("      no repair here: it could not be proven to be right\n"), std::string::npos);
  EXPECT_NE(text.find("\nno repair exists for 1 finding: see what you can do above\n"), std::string::npos);
}

TEST(RenderText, DoubtStandsBeforeFindings) {
  SampleReport sample = sample_of_everything();
  sample.report.live = true;
  sample.report.evidence = {"pid 12 (dockerd)"};
  sample.report.failures = {"cannot open overlay2: Permission denied"};
  sample.report.as_root = false;
  sample.report.cancelled = true;
  const std::string text = render_text(sample.report, {});
  EXPECT_LT(text.find("A DAEMON IS USING THIS ROOT: findings may be stale.\n  pid 12 (dockerd)\n"),
            text.find("DF0322"));
  EXPECT_LT(text.find("NOT EVERYTHING COULD BE READ"), text.find("DF0322"));
  EXPECT_NE(text.find("  Run docker-fsck as root to read everything.\n"), std::string::npos);
  EXPECT_NE(text.find("CANCELLED: what is above is not everything.\n"), std::string::npos);
  EXPECT_NE(text.find("exit code 44: problems were found and are left as they are (4); the check or the repair "
                      "failed, at least in part (8); it was cancelled before its end (32)\n"),
            std::string::npos);
}

// In a user namespace the host helps, and the failures say so themselves.
TEST(RenderText, RootIsNotToldToBecomeRoot) {
  SampleReport sample;
  sample.report.failures = {"cannot open overlay2: Permission denied"};
  const std::string text = render_text(sample.report, {});
  EXPECT_NE(text.find("  cannot open overlay2: Permission denied\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("as root"), std::string::npos) << text;
}

TEST(RenderText, WhatWasRefusedIsNotOfferedAgain) {
  SampleReport sample = sample_of_everything();
  sample.report.mode = Mode::Preen;
  sample.report.repair.emplace();
  sample.report.repair->obstacles = {"open .docker-fsck: Operation not permitted"};
  const std::string text = render_text(sample.report, {});
  EXPECT_EQ(text.find("makes them"), std::string::npos) << text;
  EXPECT_EQ(text.find("-p only what is safe"), std::string::npos) << text;
  EXPECT_NE(text.find("; what stands against the repair must go first (see above)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nnext: clear what stands against the repair"), std::string::npos) << text;
}

TEST(RenderText, RootsBelowHaveSectionsOfTheirOwn) {
  SampleReport sample;
  sample.report.below.push_back(sample_of_everything().report);
  sample.report.below[0].root = "/r/1000.1000";
  const std::string text = render_text(sample.report, {});
  EXPECT_NE(text.find("\nthe root below, /r/1000.1000 (overlay2):\n\nDF0322 error"), std::string::npos);
  EXPECT_NE(text.find("\nall roots together:\nfound: 2 errors, 1 warning, 2 infos\n"), std::string::npos);
  EXPECT_NE(text.find("next: docker-fsck explain DF0322 tells more\n"), std::string::npos);
}

TEST(RenderText, NoControlCharacterReachesTheTerminal) {
  SampleReport sample = sample_of_everything();
  sample.report.root = "/r\x1b]0;title\x07";
  sample.report.driver = "over\nlay";
  sample.report.evidence = {"pid \x1b[31m"};
  sample.report.live = true;
  sample.report.failures = {"open a\rb\xc2\x9b: failed"};
  sample.affects(2).tags = {"app\x1b[2J:1"};
  sample.add("tag-malformed", {{"key", "escaped already: \\x1b"}});
  for (const Detail detail : {Detail::Quiet, Detail::Normal, Detail::Verbose}) {
    for (const char c : render_text(sample.report, with(detail))) {
      EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    }
  }
  EXPECT_NE(render_text(sample.report, {}).find("holds escaped already: \\x1b, which"), std::string::npos);
}

TEST(RenderText, ColourOnlyWhereItIsWanted) {
  RenderSettings settings;
  EXPECT_EQ(render_text(sample_of_everything().report, settings).find('\x1b'), std::string::npos);
  settings.paint = Paint(Paint::Use::Yes);
  EXPECT_NE(render_text(sample_of_everything().report, settings).find("\x1b[1;31merror\x1b[0m"), std::string::npos);
}

TEST(FindingTree, NothingIsLostToCausesThatMakeNoSense) {
  SampleReport sample;
  for (int i = 0; i < 6; ++i) {
    sample.add("short-link-missing", {{"link", std::to_string(i)}, {"dir", "d"}});
  }
  sample.caused_by(0, 0);   // itself
  sample.caused_by(1, 99);  // nothing
  sample.caused_by(2, 3);   // a circle
  sample.caused_by(3, 2);
  sample.caused_by(4, 3);  // hangs on the circle
  const std::string text = render_text(sample.report, {});
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(occurrences(text, "  - the short link overlay2/l/" + std::to_string(i) + " "), 1U);
  }
}

TEST(FindingTree, AnErrorIsNeverHiddenBelowAnInformation) {
  SampleReport sample;
  const size_t info = sample.add("merged-left", {{"dir", "d"}});
  const size_t error = sample.add("short-link-missing", {{"link", "L"}, {"dir", "d"}});
  sample.caused_by(error, info);
  const std::string text = render_text(sample.report, with(Detail::Quiet));
  EXPECT_EQ(text.find("DF0322 error"), 0U);
  EXPECT_NE(text.find("      because of: overlay2/d/merged was left"), std::string::npos);
}

TEST(SafeText, ShortensIdsOnly) {
  const std::string id = sample_id('a');
  EXPECT_EQ(with_short_ids("sha256:" + id + " " + id + "-init/link"), "sha256:aaaaaaaaaaaa aaaaaaaaaaaa-init/link");
  EXPECT_EQ(with_short_ids(id + "a"), id + "a");
  EXPECT_EQ(with_short_ids(id.substr(1)), id.substr(1));
}

TEST(SafeText, WrapsAtBlanks) {
  EXPECT_EQ(wrapped("one two three", 9, 2, "  "), "one two\n  three");
  EXPECT_EQ(wrapped("muchtoolongaword x", 5, 0, " "), "muchtoolongaword\n x");
  EXPECT_EQ(wrapped("one two three", 0, 2, "  "), "one two three");
}

}  // namespace
}  // namespace dfsck
