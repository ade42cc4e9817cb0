// explain: every row of the table of symptoms works, and whoever asks gets an answer or a hint.
#include "cmd/explain_cmd.h"

#include <gtest/gtest.h>

#include <regex>

#include "cmd/program.h"
#include "cmd/symptoms.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

bool exists_in_table(std::string_view cause) {
  for (const Problem& problem : all_problems()) {
    for (const std::string_view id : split(problem.catalogue, ',')) {
      if (id == cause) {
        return true;
      }
    }
  }
  return false;
}

TEST(Symptoms, EachSampleIsMatchedByItsOwnRowFirst) {
  for (const Symptom& symptom : all_symptoms()) {
    const auto matches = matching_symptoms(symptom.sample);
    ASSERT_FALSE(matches.empty()) << symptom.sample;
    EXPECT_EQ(matches.front()->pattern, symptom.pattern) << symptom.sample;
  }
}

TEST(Symptoms, EachCauseIsAnsweredByTheTableOfProblems) {
  for (const Symptom& symptom : all_symptoms()) {
    EXPECT_FALSE(symptom.causes.empty() && symptom.note.empty()) << symptom.pattern;
    for (const std::string_view cause : split(symptom.causes, ',')) {
      EXPECT_TRUE(cause.empty() || exists_in_table(cause)) << cause;
    }
  }
}

TEST(Symptoms, AreFoundInPastedLogs) {
  const auto matches = matching_symptoms(
      "May 12 03:11 host dockerd[811]: starting\n"
      "level=error msg=\"error while unmarshaling volume options for\n"
      "  volume: pgdata: EOF\"\n");
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0]->causes, "vol-opts-corrupt");
}

TEST(Symptoms, OfAGenericMessageAreAllShown) {
  const auto matches = matching_symptoms("Error response from daemon: unexpected EOF");
  ASSERT_GE(matches.size(), 2U);
  EXPECT_EQ(matches[0]->kind, SymptomKind::Generic);
}

TEST(Symptoms, LongAndHostileMessagesAreHarmless) {
  EXPECT_TRUE(matching_symptoms(std::string(2'000'000, 'x')).empty());
  EXPECT_TRUE(matching_symptoms(std::string(100'000, '\n')).empty());
  EXPECT_TRUE(matching_symptoms("").empty());
}

TEST(Explain, TellsAllAboutAProblem) {
  for (const char* name : {"DF0322", "df0322", "0322", "short-link-missing"}) {
    const Output output = run_program({"explain", name});
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.out,
              "DF0322 short-link-missing\n"
              "  says: the short link overlay2/l/<link> of overlay2/<dir> is missing\n"
              "  severity: error\n"
              "  what it means: Containers and builds on this layer do not start: \"no such file or directory\".\n"
              "  repair: makes the symbolic link again\n"
              "  class of the repair: safe: proven, nothing is lost\n"
              "  area: overlay2 (link files and short links)\n"
              "  messages that hint at it:\n"
              "    readlink /var/lib/docker/overlay2/l/K7QZ4E2XHNV5T3JWYB6MRC2DPA: no such file or directory\n"
              "    error creating overlay mount to /var/lib/docker/overlay2/3f/merged: no such file or directory\n"
              "  look for it alone: docker-fsck --quick --only DF0322\n");
  }
}

TEST(Explain, EveryProblemIsExplained) {
  for (const Problem& problem : all_problems()) {
    const Output output = run_program({"explain", problem.slug()});
    EXPECT_EQ(output.exit_code, 0);
    EXPECT_EQ(output.out.find(problem.code() + " " + problem.slug() + "\n"), 0U);
    EXPECT_EQ(output.out.find('{'), std::string::npos);
  }
}

TEST(Explain, LeadsFromAMessageToProblemsAndACommand) {
  const Output output = run_program({"explain", "error", "creating", "overlay", "mount:", "readlink",
                                     "/var/lib/docker/overlay2:", "invalid", "argument"});
  EXPECT_EQ(output.exit_code, 0);
  EXPECT_EQ(output.out,
            "An empty chain makes the path end at the directory of all layers.\n"
            "Possible causes, the most likely first:\n"
            "  DF0331 lower-empty (error, repair safe)\n"
            "      overlay2/<dir>/lower is <state>\n"
            "next: docker-fsck --quick --only DF0331\n");
}

TEST(Explain, FindsKindsOfDamage) {
  const Output output = run_program({"explain", "ov2-content-bitrot"});
  EXPECT_NE(output.out.find("DF0904 file-differs"), std::string::npos);
  EXPECT_NE(output.out.find("next: docker-fsck --only DF0902"), std::string::npos);
}

TEST(Explain, TheUnknownIsAUsageErrorWithAHint) {
  const Output typo = run_program({"explain", "short-link-mising"});
  EXPECT_EQ(typo.exit_code, 16);
  EXPECT_NE(typo.err.find("did you mean short-link-missing"), std::string::npos);
  const Output unknown = run_program({"explain", "the printer \x1b[1m is on fire"});
  EXPECT_EQ(unknown.exit_code, 16);
  EXPECT_NE(unknown.err.find("nothing is known of \"the printer \\x1b[1m is on fire\""), std::string::npos);
}

TEST(Explain, JsonIsJson) {
  const Result<JsonValue> parsed = parse_json(run_program({"explain", "--format", "json", "layer does not exist"}).out);
  ASSERT_TRUE(parsed);
  EXPECT_GT(parsed->get("problems").as_array()->size(), 3U);
}

TEST(ListProblems, ListsAllOfThem) {
  const Output text = run_program({"list", "problems"});
  const Result<JsonValue> json = parse_json(run_program({"list", "problems", "--format=json"}).out);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->get("problems").as_array()->size(), all_problems().size());
  for (const Problem& problem : all_problems()) {
    EXPECT_NE(text.out.find(problem.code() + "  "), std::string::npos);
    EXPECT_NE(text.out.find("  " + problem.slug() + "  "), std::string::npos);
  }
}

}  // namespace
}  // namespace dfsck
