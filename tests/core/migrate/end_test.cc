// What a finished migration remembers: whether its source has changed, and whether its target was used.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

#include "core/migrate/end.h"
#include "tests/support/awkward_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

class EndTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can make such trees";
    }
    make_awkward_tree(source_.path());
    finish("written");
  }

  void finish(std::string_view written) {
    ASSERT_TRUE(migrate(source_.path(), target_.path()));
    Progress progress;
    const auto ended =
        end_migration(source_.open(), target_.open(), awkward_units(), written, {true, problems_}, 1, never_, progress);
    ASSERT_TRUE(ended) << ended.error().message();
  }

  MigrationComparison compare(const MigrationOptions& options = {}, std::string_view written = "written",
                              const std::vector<MigrationUnit>& units = awkward_units()) const {
    Progress progress;
    const auto compared = compare_migration(source_.open(), target_.open(), units, written, options, never_, progress);
    EXPECT_TRUE(compared) << compared.error().message();
    return compared ? *compared : MigrationComparison{};
  }

  bool is_finished() const {
    const auto trace = find_migration(target_.open(), source_.open());
    return trace && *trace && (*trace)->finished;
  }

  std::vector<CopyProblem> problems_;
  const Cancel never_;
  const TempRoot source_;
  const TempRoot target_;
};

TEST_F(EndTest, NothingHasChanged) {
  EXPECT_TRUE(is_finished());
  const MigrationComparison compared = compare();
  EXPECT_TRUE(compared.is_same);
  EXPECT_TRUE(compared.used.empty());
  ASSERT_EQ(compared.result.units.size(), awkward_units().size());
  for (const UnitResult& unit : compared.result.units) {
    EXPECT_EQ(unit.state, UnitResult::State::AlreadyDone);
    EXPECT_EQ(unit.bytes, 0U);
    EXPECT_GT(unit.files, 0U);
  }
}

TEST_F(EndTest, WhatTheTargetRefusedIsStillTold) {
  problems_ = {{CopyProblem::Kind::Attribute, "volumes/\xff\n", EOPNOTSUPP, 0, "set attribute user.x: not supported"}};
  std::ofstream(source_.path() + "/volumes/v/_data/new") << "x";
  finish("written");
  const MigrationComparison compared = compare();
  EXPECT_TRUE(compared.is_same);
  ASSERT_EQ(compared.result.problems.size(), 1U);
  EXPECT_EQ(compared.result.problems[0].kind, CopyProblem::Kind::Attribute);
  EXPECT_EQ(compared.result.problems[0].path, problems_[0].path);
  EXPECT_EQ(compared.result.problems[0].code, EOPNOTSUPP);
  EXPECT_EQ(compared.result.problems[0].detail, problems_[0].detail);
}

TEST_F(EndTest, DirectoriesAboveUnitsThatAreGoneGoAsWell) {
  std::vector<MigrationUnit> units = awkward_units();
  const auto copied = [&] {
    Progress progress;
    const auto done = migrate_units(source_.open(), target_.open(), units, {}, never_, progress);
    ASSERT_TRUE(done && !done->stopped);
  };
  source_.make_dir("volumes/gone/deep/_data");
  source_.make_dir("top");
  units.push_back({"volumes/gone/deep/_data"});
  units.push_back({"top", MigrationUnit::Kind::Directory});
  copied();
  ASSERT_TRUE(fs::exists(target_.path() + "/volumes/gone/deep/_data"));
  ASSERT_TRUE(fs::exists(target_.path() + "/top"));
  fs::remove_all(source_.path() + "/volumes/gone");
  fs::remove(source_.path() + "/top");
  std::ofstream(target_.path() + "/of-somebody") << "x";
  units = awkward_units();
  copied();
  EXPECT_FALSE(fs::exists(target_.path() + "/volumes/gone"));
  EXPECT_FALSE(fs::exists(target_.path() + "/top"));
  EXPECT_TRUE(fs::exists(target_.path() + "/of-somebody")) << "nothing of a migration";
}

TEST_F(EndTest, EveryChangeOfTheSourceIsSeen) {
  const std::vector<std::function<void()>> changes = {
      [&] { std::ofstream(source_.path() + "/volumes/v/_data/new") << "x"; },
      [&] { fs::remove(source_.path() + "/volumes/v/_data/plain"); },
      [&] { fs::permissions(source_.path() + "/volumes", fs::perms::owner_all); },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    EXPECT_FALSE(compare().is_same) << i;
    EXPECT_TRUE(compare().used.empty());
    finish("written");
    EXPECT_TRUE(compare().is_same) << i;
    EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target_.path())), "");
  }
}

TEST_F(EndTest, OtherUnitsAndOtherFilesAreNotTheSame) {
  std::vector<MigrationUnit> fewer = awkward_units();
  fewer.pop_back();
  EXPECT_FALSE(compare({}, "written", fewer).is_same);
  EXPECT_TRUE(compare({.removes_others = false}, "written", fewer).is_same);
  EXPECT_FALSE(compare({}, "otherwise").is_same);
  EXPECT_FALSE(compare({.verify = CopyVerify::Full}).is_same) << "nothing was read back";
}

TEST_F(EndTest, AUsedTargetIsSeenByWhatChangedInItsTop) {
  std::ofstream(target_.path() + "/volumes/v/_data/plain", std::ios::app) << "written by a container";
  std::ofstream(target_.path() + "/engine-id") << "made by a daemon";
  const MigrationComparison compared = compare();
  EXPECT_TRUE(compared.is_same);
  EXPECT_EQ(compared.used, (std::vector<std::string>{"engine-id", "volumes"}));
}

TEST_F(EndTest, WhatIsKeptOfRunsInTheTargetIsNoUse) {
  fs::create_directories(target_.path() + "/.docker-fsck/20260101T000000Z-0123456789abcdef");
  std::ofstream(target_.path() + "/.docker-fsck/stamp") << "x";
  EXPECT_TRUE(compare().used.empty());
}

TEST_F(EndTest, TakenUpAgainItIsUnfinishedUntilItEndsAgain) {
  std::ofstream(source_.path() + "/volumes/v/_data/new") << "x";
  ASSERT_TRUE(migrate(source_.path(), target_.path()));
  EXPECT_FALSE(is_finished());
  EXPECT_TRUE(fs::exists(target_.path() + "/.docker-fsck/migration"));
  EXPECT_FALSE(fs::exists(target_.path() + "/.docker-fsck/migrated"));
  finish("written");
  EXPECT_TRUE(is_finished());
  ASSERT_TRUE(forget_finished_migration(target_.open()));
  EXPECT_FALSE(*find_migration(target_.open(), source_.open()));
}

}  // namespace
}  // namespace dfsck::test
