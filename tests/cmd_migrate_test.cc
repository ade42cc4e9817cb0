// docker-fsck migrate as a user meets it: what it refuses, what it says, what it writes and where.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "cmd/program.h"
#include "core/codec/json.h"
#include "tests/case_files.h"
#include "tests/recipe.h"
#include "tests/snapshot.h"
#include "tests/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

class Migrating : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
  }

  void build(const std::string& file) {
    const Result<RecipeNames> built = test::build_case(file, source());
    ASSERT_TRUE(built) << built.error().message();
    const Result<Snapshot> snapshot = take_snapshot(source());
    ASSERT_TRUE(snapshot);
    before_ = *snapshot;
  }

  std::string source() const { return temp_.path() + "/source"; }
  std::string target() const { return temp_.path() + "/target"; }

  Output migrate(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"migrate", "--yes", "--progress", "none", "--color", "never"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {source(), target()});
    Output output = run_program(words);
    const Result<Snapshot> after = take_snapshot(source());
    EXPECT_TRUE(after && before_ == *after) << (after ? difference(before_, *after) : "no snapshot");
    return output;
  }

  static bool says(const Output& output, const std::string& text) {
    return (output.out + output.err).find(text) != std::string::npos;
  }

  test::TempRoot temp_;
  Snapshot before_;
};

TEST_F(Migrating, ARootIsCopiedAndAHealthyOneStaysHealthy) {
  build("good/plain.case");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_TRUE(says(output, "verified: 3 layers of 3 proven by their digests")) << output.out;
  EXPECT_EQ(run_program({"-n", "--progress", "none", target()}).exit_code, 0);
  EXPECT_FALSE(fs::exists(target() + "/.docker-fsck/migration"));
}

TEST_F(Migrating, ADryRunWritesNothing) {
  build("good/plain.case");
  const Output output = run_program({"migrate", "--dry-run", "--progress", "none", source(), target()});
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_TRUE(says(output, "would copy: "));
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Migrating, TheDocumentIsValidAndTellsOfEverything) {
  build("good/plain.case");
  const Output output = migrate({"--format", "json"});
  const Result<JsonValue> report = parse_json(output.out);
  ASSERT_TRUE(report) << output.out;
  EXPECT_EQ(*report->get("schema").as_string(), "docker-fsck/migrate/1");
  EXPECT_EQ(*report->get("end").as_string(), "done");
  EXPECT_EQ(*report->get("target_check").get("root").as_string(), target());
}

TEST_F(Migrating, SafeDamageIsMendedInTheTargetAlone) {
  build("content/bit-flipped.case");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 1) << output.out;
  EXPECT_TRUE(says(output, "is mended in the target")) << output.out;
  EXPECT_EQ(run_program({"-n", "--progress", "none", target()}).exit_code, 0);
}

TEST_F(Migrating, ALayerThatNothingMendsStopsItAndKeepGoingDoesNot) {
  build("content/file-short.case");
  const Output stopped = migrate();
  EXPECT_EQ(stopped.exit_code, 4) << stopped.out;
  EXPECT_TRUE(says(stopped, "CANNOT be mended")) << stopped.out;
  EXPECT_TRUE(says(stopped, "srv/app of layer")) << stopped.out;
  EXPECT_TRUE(fs::exists(target() + "/.docker-fsck/migration"));

  const Output gone_on = migrate({"--keep-going"});
  EXPECT_EQ(gone_on.exit_code, 4) << gone_on.out;
  EXPECT_TRUE(says(gone_on, "LEFT IN THE TARGET")) << gone_on.out;
  EXPECT_FALSE(fs::exists(target() + "/.docker-fsck/migration"));
}

TEST_F(Migrating, OnlyAnEmptyTargetIsFilled) {
  build("good/plain.case");
  temp_.write("target/somebody's file", "precious");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "is not empty: somebody's file is there")) << output.out;
  EXPECT_EQ(std::distance(fs::directory_iterator(target()), fs::directory_iterator()), 1);
}

TEST_F(Migrating, SourceAndTargetMayNotLieInOneAnother) {
  build("good/plain.case");
  const Output output = run_program({"migrate", "--yes", "--progress", "none", source(), source() + "/inside"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "lies in the source")) << output.out;
}

TEST_F(Migrating, WhatWasBegunIsGoneOnWithOnlyWithTheSameChoices) {
  build("content/file-short.case");
  EXPECT_EQ(migrate().exit_code, 4);
  const Output output = migrate({"--exclude", "volumes"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "was begun with other choices")) << output.out;
}

TEST_F(Migrating, AnUnknownImageIsNamed) {
  build("good/plain.case");
  const Output output = migrate({"--images", "nobody:1"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "nobody:1")) << output.out;
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Migrating, TheDaemonIsNotSwitchedToWhatIsNotWhole) {
  build("content/file-short.case");
  temp_.write("daemon.json", "{}\n");
  const std::string config = temp_.path() + "/daemon.json";
  migrate({"--switch", "--daemon-config", config});
  EXPECT_EQ(fs::file_size(config), 3U);
}

TEST_F(Migrating, OptionsThatContradictEachOtherAreRefused) {
  build("good/plain.case");
  EXPECT_EQ(migrate({"--live", "--switch"}).exit_code, 16);
  EXPECT_EQ(migrate({"--images", "app:1", "--exclude", "volumes"}).exit_code, 16);
  EXPECT_EQ(migrate({"--daemon-config", "/x"}).exit_code, 16);
  EXPECT_EQ(migrate({"--bwlimit", "fast"}).exit_code, 16);
  EXPECT_EQ(migrate({"--final-path", "relative"}).exit_code, 16);
  EXPECT_EQ(migrate({"--exclude", "images"}).exit_code, 16);
}

}  // namespace
}  // namespace dfsck
