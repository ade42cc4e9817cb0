// Copies of a tree with everything awkward in it: nothing may differ but what the result says.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/migrate/copy_sums.h"
#include "core/run/rate_limit.h"
#include "tests/support/awkward_tree.h"
#include "tests/support/repair_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;
using UnitState = UnitResult::State;
using TroubleKind = CopyProblem::Kind;

class CopyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can make such trees";
    }
    make_awkward_tree(source_.path());
  }
  void TearDown() override {
    unguard(source_.path());
    unguard(target_.path());
  }

  Result<MigrationResult> copy(const MigrationOptions& options = {},
                               const std::vector<MigrationUnit>& units = awkward_units()) const {
    return migrate(source_.path(), target_.path(), options, units);
  }
  void expect_equal() const { EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target_.path())), ""); }

  const TempRoot source_;
  const TempRoot target_;
};

TEST_F(CopyTest, KeepsEverythingAtAnyNumberOfJobsAndLeavesTheSourceAlone) {
  const auto before = take_snapshot(source_.path());
  std::vector<std::string> told;
  for (const unsigned jobs : {1U, 2U, 5U}) {
    for (const CopyVerify verify : {CopyVerify::None, CopyVerify::Copy, CopyVerify::Full}) {
      SCOPED_TRACE(std::to_string(jobs) + " jobs, verify " + std::to_string(static_cast<int>(verify)));
      const TempRoot target;
      const auto result = migrate(source_.path(), target.path(), {.jobs = jobs, .verify = verify});
      ASSERT_TRUE(result) << result.error().message();
      EXPECT_FALSE(result->stopped);
      EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target.path())), "");
      std::string text;
      for (const UnitResult& unit : result->units) {
        EXPECT_EQ(unit.state, UnitState::Copied);
        EXPECT_TRUE(unit.problems.empty()) << unit.problems.front().path << unit.problems.front().detail;
        text += std::to_string(unit.files) + " " + std::to_string(unit.directories) + " " +
                std::to_string(unit.others) + " " + std::to_string(unit.omitted.size()) + "\n";
      }
      told.push_back(text);
      EXPECT_EQ(told.front(), told.back());
      ASSERT_EQ(result->units[0].omitted.size(), 1U);
      EXPECT_EQ(result->units[0].omitted[0].path, "volumes/v/_data/socket");
    }
  }
  EXPECT_EQ(difference(*before, *take_snapshot(source_.path())), "");
}

TEST_F(CopyTest, HolesStayHoles) {
  ASSERT_TRUE(copy());
  for (const char* name : {"sparse", "all hole"}) {
    struct stat info {};
    ASSERT_EQ(::stat((target_.path() + "/volumes/v/_data/" + name).c_str(), &info), 0);
    EXPECT_LT(info.st_blocks * 512, 64 * 1024) << name;
  }
}

TEST_F(CopyTest, FlagsComeLast) {
  const std::string data = "/volumes/v/_data";
  const int file = ::open((source_.path() + data + "/a/one name").c_str(), O_RDONLY);
  const int directory = ::open((source_.path() + data + "/a").c_str(), O_RDONLY);
  int flags = 0;
  if (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0) {
    GTEST_SKIP() << "no inode flags here";
  }
  flags |= FS_IMMUTABLE_FL;
  ASSERT_EQ(::ioctl(file, FS_IOC_SETFLAGS, &flags), 0);
  ASSERT_EQ(::ioctl(directory, FS_IOC_GETFLAGS, &flags), 0);
  flags |= FS_APPEND_FL;
  ASSERT_EQ(::ioctl(directory, FS_IOC_SETFLAGS, &flags), 0);
  ::close(file);
  ::close(directory);
  const auto result = copy();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->units[0].problems.empty());
  expect_equal();
  // And they are no hindrance when the unit is copied again.
  fs::create_directory(source_.path() + data + "/new");
  ASSERT_TRUE(copy());
  expect_equal();
}

TEST_F(CopyTest, FiltersLeaveOutWhatTheyName) {
  std::vector<MigrationUnit> units = awkward_units();
  units[2].omit = [](std::string_view path, uint32_t type) {
    return path.starts_with("overlay2/x/work/") || (S_ISREG(type) && path.ends_with("/149"));
  };
  ASSERT_TRUE(copy({}, units));
  EXPECT_TRUE(fs::exists(target_.path() + "/overlay2/x/work"));
  EXPECT_FALSE(fs::exists(target_.path() + "/overlay2/x/work/work"));
  EXPECT_TRUE(fs::exists(target_.path() + "/overlay2/x/diff/many/148"));
  EXPECT_FALSE(fs::exists(target_.path() + "/overlay2/x/diff/many/149"));
}

TEST_F(CopyTest, UnitsThatAreDirectoriesOrMissing) {
  fs::create_directories(source_.path() + "/swarm/inside");
  std::vector<MigrationUnit> units = awkward_units();
  units.push_back({.path = "swarm", .kind = MigrationUnit::Kind::Directory, .layer = {}, .omit = {}});
  units.push_back({.path = "plugins/none", .kind = MigrationUnit::Kind::Tree, .layer = {}, .omit = {}});
  const auto result = copy({}, units);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->units[5].state, UnitState::Copied);
  EXPECT_EQ(result->units[6].state, UnitState::Absent);
  EXPECT_TRUE(fs::exists(target_.path() + "/swarm"));
  EXPECT_FALSE(fs::exists(target_.path() + "/swarm/inside"));
  EXPECT_FALSE(fs::exists(target_.path() + "/plugins"));
}

TEST_F(CopyTest, AnotherSourceIsRefused) {
  ASSERT_TRUE(copy());
  const TempRoot other;
  make_awkward_tree(other.path());
  const auto refused = migrate(other.path(), target_.path());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("unfinished migration of " + source_.path()), std::string::npos);
  const auto trace = find_migration(target_.open(), other.open());
  ASSERT_TRUE(trace && *trace);
  EXPECT_FALSE((*trace)->same_source);
  EXPECT_EQ((*trace)->units_done, 5U);
  EXPECT_FALSE(migrate(source_.path(), source_.path() + "/volumes"));
}

TEST_F(CopyTest, AFlippedByteInTheTargetIsFound) {
  // The flip happens between writing and reading back: at the sync in between.
  class Flipper : public MutationHook {
   public:
    explicit Flipper(std::string path) : path_(std::move(path)) { set_mutation_hook(this); }
    ~Flipper() override { set_mutation_hook(nullptr); }
    int before(std::string_view) override { return 0; }
    void after(std::string_view call) override {
      if (call == "syncfs" && !done_) {
        done_ = true;
        const int fd = ::open(path_.c_str(), O_RDWR);
        char byte = 0;
        EXPECT_EQ(::pread(fd, &byte, 1, 300'000), 1);
        byte = static_cast<char>(byte ^ 4);
        EXPECT_EQ(::pwrite(fd, &byte, 1, 300'000), 1);
        ::close(fd);
      }
    }

   private:
    std::string path_;
    bool done_ = false;
  };
  for (const char* name : {"large", "a/b/c/other name"}) {
    SCOPED_TRACE(name);
    const TempRoot target;
    if (std::string_view(name) != "large") {
      std::ofstream(source_.path() + "/volumes/v/_data/" + name, std::ios::app) << std::string(400'000, 'x');
    }
    {
      const Flipper flipper(target.path() + "/volumes/v/_data/" + name);
      const auto result = migrate(source_.path(), target.path(), {.verify = CopyVerify::Full});
      ASSERT_TRUE(result);
      const auto& problems = result->units[0].problems;
      ASSERT_FALSE(problems.empty());
      EXPECT_EQ(problems[0].kind, TroubleKind::TargetDiffers);
      EXPECT_TRUE(result->units[0].loses_data());
      EXPECT_TRUE(std::any_of(problems.begin(), problems.end(), [&](const CopyProblem& problem) {
        return problem.path == "volumes/v/_data/" + std::string(name);
      }));
      EXPECT_TRUE(result->units[1].problems.empty() || std::string_view(name) != "large");
    }
    // The next run does not believe what it finds.
    const auto again = migrate(source_.path(), target.path(), {.verify = CopyVerify::Full});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->units[0].problems.empty());
    EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target.path())), "");
  }
}

TEST(CopySums, HolesAndZerosAreTheSame) {
  const std::string bytes(200'000, 'b');
  const std::string zeros(300'000, '\0');
  BlockSum dense;
  dense.add(0, bytes);
  dense.add(200'000, zeros);
  dense.add(500'000, bytes.substr(0, 7));
  dense.add(500'007, zeros);
  BlockSum holed;
  holed.add(0, std::string_view(bytes).substr(0, 1));
  holed.add(1, std::string_view(bytes).substr(1));
  holed.add(500'000, std::string_view(bytes).substr(0, 7));
  const uint64_t sum = dense.finish(800'007);
  EXPECT_EQ(sum, holed.finish(800'007));
  BlockSum shifted;
  shifted.add(0, bytes);
  shifted.add(565'536, std::string_view(bytes).substr(0, 7));
  EXPECT_NE(sum, shifted.finish(800'007));
}

TEST(RateLimit, IsKept) {
  const Cancel never;
  RateLimit limit(1'000'000);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 30; ++i) {
    limit.take(10'000, never);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(took.count(), 0.15);
  EXPECT_LT(took.count(), 2);
}

}  // namespace
}  // namespace dfsck::test
