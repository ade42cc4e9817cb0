// Repairs from end to end, on every case of fixtures/cases: they converge, make nothing worse, and can be taken back to
// the last byte. In the process of the test, and in memory where the machine has a /dev/shm.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "checks/table.h"
#include "cmd/program.h"
#include "core/codec/json/json.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

using test::case_files;
using test::kCases;

void cut(std::string& text, const std::string& from, const std::string& to) {
  const size_t begin = text.find(from);
  const size_t end = begin == std::string::npos ? begin : text.find(to, begin + 1);
  if (end != std::string::npos) {
    text.erase(begin, end - begin);
  }
}

// A snapshot without our own directory, and without what nobody can put back: times of change, sizes of directories,
// and numbers of links, since a hard link that was made stays in our own directory.
Snapshot lasting(const std::string& root) {
  Snapshot snapshot;
  const Result<Snapshot> taken = take_snapshot(root);
  EXPECT_TRUE(taken) << (taken ? "" : taken.error().message());
  for (auto [path, text] : taken ? *taken : Snapshot{}) {
    if (path.starts_with(".docker-fsck")) {
      continue;
    }
    const size_t changed = text.find(" changed ");
    const size_t next = text.find(' ', changed + 9);
    text.erase(changed, next == std::string::npos ? next : next - changed);
    cut(text, " links ", text.starts_with("4") ? " device " : " size ");  // 4: a directory
    snapshot[path] = text;
  }
  return snapshot;
}

struct RepairRun {
  int exit_code = 0;
  JsonValue report;
  std::string err;
};

class Repairs : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::access("/dev/shm", W_OK) == 0) {
      ::setenv("TMPDIR", "/dev/shm", 1);  // thousands of fsyncs
    }
  }

  void build(const std::string& file) {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    Result<RecipeCase> recipe = read_case(std::string(kCases) + "/" + file);
    ASSERT_TRUE(recipe) << recipe.error().message();
    arguments_ = recipe->arguments;
    root_ = scratch_.path() + "/root";
    ASSERT_TRUE(fs::create_directory(root_));
    const Result<RecipeNames> names = build_root(root_, recipe->objects);
    ASSERT_TRUE(names) << names.error().message();
    const Result<void> damaged = apply_damage(root_, recipe->damage, *names);
    ASSERT_TRUE(damaged) << damaged.error().message();
  }

  RepairRun run(std::vector<std::string> words) {
    words.insert(words.end(), {"--format", "json"});
    const Output output = run_program(words);
    const Result<JsonValue> report = parse_json(output.out);
    EXPECT_TRUE(report) << output.out << output.err;
    return {output.exit_code, report ? *report : JsonValue(), output.err};
  }

  RepairRun check(const std::string& mode) {
    std::vector<std::string> words{mode, "--progress", "none", root_};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    return run(words);
  }

  std::string text_of(std::vector<std::string> words) {
    words.insert(words.end(), {"--color", "never"});
    return run_program(words).out;
  }

  test::TempRoot scratch_;
  std::string root_;
  std::vector<std::string> arguments_;
};

const JsonValue::Array& array_of(const JsonValue& object, const char* key) {
  static const JsonValue::Array empty;
  const JsonValue::Array* array = object.get(key).as_array();
  return array != nullptr ? *array : empty;
}

std::string text_at(const JsonValue& object, const char* key) {
  const std::string* text = object.get(key).as_string();
  return text != nullptr ? *text : "";
}

// Slugs of findings with this repair status.
std::vector<std::string> with_status(const JsonValue& report, const std::string& status) {
  std::vector<std::string> slugs;
  for (const JsonValue& finding : array_of(report, "findings")) {
    if (text_at(finding.get("repair"), "status") == status) {
      slugs.push_back(text_at(finding, "slug"));
    }
  }
  for (const JsonValue& below : array_of(report, "below")) {
    const auto more = with_status(below, status);
    slugs.insert(slugs.end(), more.begin(), more.end());
  }
  return slugs;
}

using Slugs = std::vector<std::string>;

bool made_steps(const JsonValue& report) {
  return text_at(report, "journal") != "" ||
         std::any_of(array_of(report, "below").begin(), array_of(report, "below").end(),
                     [](const JsonValue& below) { return text_at(below.get("repair"), "journal") != ""; });
}

// The id of the run that a report tells of.
std::string run_of(const RepairRun& ran) {
  const std::string journal = text_at(ran.report, "journal");
  return journal.substr(13, journal.rfind('/') - 13);
}

class EveryCase : public Repairs, public testing::WithParamInterface<std::string> {};

TEST_P(EveryCase, IsRepairedForGoodAndCanBeTakenBack) {
  build(GetParam());
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  const Snapshot before = lasting(root_);
  const RepairRun repaired = check("--yes");
  if (!array_of(repaired.report.get("repair"), "obstacles").empty()) {
    EXPECT_EQ(difference(before, lasting(root_)), "") << "what stands against a repair must keep it from beginning";
    EXPECT_EQ(repaired.exit_code & 8, 8);
    return;
  }
  const int in_part = array_of(repaired.report, "not_checked").empty() ? 0 : 8;
  EXPECT_EQ(repaired.exit_code & ~5, in_part) << "nothing failed, and nothing is new: " << repaired.err;
  EXPECT_EQ(with_status(repaired.report, "failed"), Slugs{});
  EXPECT_TRUE(array_of(repaired.report.get("repair").get("after"), "new").empty());

  const RepairRun again = check("--dry-run");
  EXPECT_EQ(with_status(again.report, "planned"), Slugs{}) << "what can be repaired is repaired at once";
  EXPECT_EQ(again.exit_code, (repaired.exit_code & 4) | in_part) << "a repair says what a check says afterwards";

  const Snapshot after = lasting(root_);
  EXPECT_FALSE(made_steps(check("--yes").report));
  EXPECT_EQ(difference(after, lasting(root_)), "") << "a second repair has nothing to do";

  std::vector<std::string> roots{root_};
  for (const JsonValue& below : array_of(repaired.report, "below")) {
    roots.push_back(text_at(below, "root"));
  }
  for (const std::string& root : roots) {
    if (!array_of(run({"history", root}).report, "runs").empty()) {
      EXPECT_EQ(run({"undo", "--yes", root}).exit_code, 0);
    }
  }
  Snapshot undone = lasting(root_);
  std::erase_if(undone, [](const auto& entry) { return entry.first.find("/.docker-fsck") != std::string::npos; });
  EXPECT_EQ(difference(before, undone), "") << "undo puts back every byte, name, owner, mode and time";
}

TEST_P(EveryCase, PreenMakesWhatIsSafeAndNothingElse) {
  build(GetParam());
  if (IsSkipped() || HasFatalFailure()) {
    return;
  }
  const RepairRun repaired = check("--preen");
  if (!array_of(repaired.report.get("repair"), "obstacles").empty()) {
    return;
  }
  const JsonValue::Array& findings = array_of(repaired.report, "findings");
  for (const JsonValue& step : array_of(repaired.report, "plan")) {
    if (text_at(step, "result") != "") {
      const size_t why = static_cast<size_t>(step.get("why").as_uint64().value_or(0));
      ASSERT_LT(why, findings.size());
      EXPECT_EQ(text_at(findings[why], "safety"), "safe") << text_at(step, "path");
    }
  }
  const RepairRun again = check("--dry-run");
  for (const JsonValue& finding : array_of(again.report, "findings")) {
    if (text_at(finding.get("repair"), "status") == "planned") {
      EXPECT_NE(text_at(finding, "safety"), "safe") << text_at(finding, "message");
    }
  }
}

std::string repaired_case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, EveryCase, testing::ValuesIn(case_files()), repaired_case_name);

#define BUILD(file)                       \
  build(file);                            \
  if (IsSkipped() || HasFatalFailure()) { \
    return;                               \
  }

TEST_F(Repairs, APlanIsCarriedOutExactlyOrRefused) {
  BUILD("overlay2/short-link-missing.case");
  const std::string plan = scratch_.path() + "/plan";
  EXPECT_EQ(run({"--dry-run", "--plan", plan, root_}).exit_code, 4);
  EXPECT_EQ(run({"--dry-run", "--plan", root_ + "/plan", root_}).exit_code, 8) << "never inside the root";
  EXPECT_FALSE(fs::exists(root_ + "/plan"));
  const Snapshot before = lasting(root_);
  EXPECT_EQ(run({"--dry-run", "apply", plan}).exit_code, 0);
  EXPECT_EQ(difference(before, lasting(root_)), "");

  fs::create_symlink("elsewhere", root_ + "/overlay2/l/BBBBBBBBBBBBBBBBBBBBBBBBBB");
  const Snapshot changed = lasting(root_);
  const RepairRun refused = run({"--yes", "apply", plan});
  EXPECT_EQ(refused.exit_code, 8);
  EXPECT_NE(refused.err.find("overlay2/l/BBBBBBBBBBBBBBBBBBBBBBBBBB"), std::string::npos) << refused.err;
  EXPECT_EQ(difference(changed, lasting(root_)), "");

  fs::remove(root_ + "/overlay2/l/BBBBBBBBBBBBBBBBBBBBBBBBBB");
  EXPECT_EQ(run({"apply", plan}).exit_code, 0) << "it asks nothing";
  EXPECT_EQ(check("--dry-run").exit_code, 0);
}

TEST_F(Repairs, ALossStaysMarkedUntilItIsAcknowledged) {
  BUILD("refs/tag-dangling.case");
  const RepairRun repaired = check("--yes");
  EXPECT_EQ(repaired.exit_code, 4);
  const auto marked = [](const JsonValue& report) {
    const auto& findings = array_of(report, "findings");
    return std::any_of(findings.begin(), findings.end(),
                       [](const JsonValue& finding) { return text_at(finding, "slug") == "loss-unacknowledged"; });
  };
  EXPECT_TRUE(marked(repaired.report.get("repair").get("after")));
  const RepairRun later = check("--dry-run");
  EXPECT_EQ(later.exit_code, 4);
  EXPECT_TRUE(marked(later.report));
  const std::string id = run_of(repaired);
  EXPECT_EQ(run({"history", "--acknowledge", id, root_}).exit_code, 16) << "nobody to ask";
  EXPECT_EQ(run({"history", "--yes", "--acknowledge", id, root_}).exit_code, 0);
  EXPECT_EQ(check("--dry-run").exit_code, 0);
  EXPECT_NE(text_of({"history", root_}).find("lossy (acknowledged)"), std::string::npos);
}

TEST_F(Repairs, WhatFollowsFromALossBelongsToItAndEndsWithIt) {
  BUILD("databases/network-database-lost.case");
  const auto missing = [](const JsonValue& report) {
    std::string causes;
    const auto& findings = array_of(report, "findings");
    for (const JsonValue& finding : findings) {
      if (text_at(finding, "slug") == "network-database-missing") {
        const std::optional<int64_t> cause = finding.get("caused_by").as_int64();
        causes += cause ? text_at(findings[static_cast<size_t>(*cause)], "slug") + ";" : "nothing;";
      }
    }
    return causes;
  };
  const RepairRun repaired = check("--yes");
  EXPECT_EQ(missing(repaired.report.get("repair").get("after")), "loss-unacknowledged;");
  EXPECT_EQ(missing(check("--dry-run").report), "loss-unacknowledged;");
  EXPECT_EQ(run({"history", "--yes", "--acknowledge", run_of(repaired), root_}).exit_code, 0);
  EXPECT_EQ(missing(check("--dry-run").report), "");
}

TEST_F(Repairs, TheReportTellsHowToTakeItBackAndPurgeEndsThat) {
  BUILD("overlay2/lower-wrong.case");
  const std::string report = text_of({"--preen", "--progress", "none", root_});
  EXPECT_NE(report.find("\nREPAIRED:\n"), std::string::npos) << report;
  EXPECT_NE(report.find("docker-fsck undo " + root_), std::string::npos) << report;
  EXPECT_NE(report.find("\nexit code 1: problems were found, and all of them are repaired\n"), std::string::npos);
  EXPECT_EQ(run({"purge", "--dry-run", root_}).exit_code, 0);
  EXPECT_EQ(array_of(run({"history", root_}).report, "runs").size(), 1U);
  EXPECT_EQ(run({"purge", "--yes", root_}).exit_code, 0);
  EXPECT_TRUE(array_of(run({"history", root_}).report, "runs").empty());
  EXPECT_EQ(run({"undo", "--yes", root_}).exit_code, 8);
}

TEST_F(Repairs, AnUnfinishedRepairNamesRecover) {
  BUILD("leftovers/repair-unfinished.case");
  const RepairRun refused = check("--yes");
  EXPECT_EQ(refused.exit_code & 8, 8);
  const JsonValue::Array& obstacles = array_of(refused.report.get("repair"), "obstacles");
  ASSERT_EQ(obstacles.size(), 1U);
  EXPECT_NE(obstacles[0].as_string()->find("docker-fsck recover"), std::string::npos);
}

TEST_F(Repairs, IfUncleanSkipsTheCheckOnlyWhileNothingHappened) {
  BUILD("good/plain.case");
  const auto skipped = [&] {
    return run({"--if-unclean", "--preen", "--progress", "none", root_}).report.get("not_checked").as_string() !=
           nullptr;
  };
  EXPECT_FALSE(skipped()) << "never checked before";
  EXPECT_TRUE(skipped());
  const std::string container = root_ + "/containers";
  fs::path config;
  for (const fs::directory_entry& entry : fs::directory_iterator(container)) {
    config = entry.path() / "config.v2.json";
  }
  std::string bytes;
  {
    std::ifstream file(config);
    std::getline(file, bytes, '\0');
  }
  const size_t at = bytes.find("\"Running\":false");
  ASSERT_NE(at, std::string::npos);
  std::ofstream(config) << bytes.substr(0, at) + "\"Running\":true" + bytes.substr(at + 15);
  EXPECT_FALSE(skipped()) << "a container is recorded as running, and no daemon runs";
  std::ofstream(config) << bytes;
  EXPECT_TRUE(skipped());
  std::ofstream(root_ + "/.docker-fsck/stamp") << "damaged";
  EXPECT_FALSE(skipped());
}

}  // namespace
}  // namespace dfsck
