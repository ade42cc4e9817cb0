// Migrations that are cut off at every call that changes the target, or fail there, and go on: the same result always.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/support/awkward_tree.h"
#include "tests/support/repair_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;
using Act = CallCounter::Act;
using UnitState = UnitResult::State;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStride = 97;
#else
constexpr size_t kStride = 7;
#endif

class ResumeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { use_fast_temporary_directory(); }
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can make such trees";
    }
    make_awkward_tree(source_.path());
    wanted_ = shape_of_source(source_.path());
  }

  std::string data(const std::string& name) const { return source_.path() + "/volumes/v/_data/" + name; }
  // Puts another file in the place of one, with the size and time that it had.
  void replace_unseen(const std::string& path) const {
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    std::ofstream(path, std::ios::binary) << std::string(static_cast<size_t>(info.st_size), '#');
    const timespec times[2] = {info.st_atim, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  const TempRoot source_;
  Snapshot wanted_;
};

// True: it died there. False: it came to its end before.
bool dies_at(const std::string& from, const std::string& to, Act act, size_t at) {
  const pid_t child = ::fork();
  if (child == 0) {
    const CallCounter counter(act, at);
    const auto result = migrate(from, to);
    ::_exit(result && !result->stopped ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CallCounter::kDied);
  return WEXITSTATUS(status) == CallCounter::kDied;
}

TEST_F(ResumeTest, KilledAnywhere) {
  for (const Act act : {Act::DieBefore, Act::DieAfter}) {
    for (size_t at = 1;; at += act == Act::DieBefore ? kStride : kStride * 5) {
      SCOPED_TRACE((act == Act::DieBefore ? "dies before call " : "dies after call ") + std::to_string(at));
      const TempRoot target;
      if (!dies_at(source_.path(), target.path(), act, at)) {
        EXPECT_GT(at, 500U);
        break;
      }
      const auto resumed = migrate(source_.path(), target.path());
      ASSERT_TRUE(resumed) << resumed.error().message();
      ASSERT_FALSE(resumed->stopped) << resumed->stopped->message();
      ASSERT_EQ(difference(wanted_, shape_of(target.path())), "");
    }
  }
}

TEST_F(ResumeTest, KilledAgainAndAgain) {
  const TempRoot target;
  size_t deaths = 0;
  for (size_t at = 40; dies_at(source_.path(), target.path(), Act::DieBefore, at); at += 11) {
    ++deaths;
  }
  EXPECT_GT(deaths, 3U);
  EXPECT_EQ(difference(wanted_, shape_of(target.path())), "");
}

TEST_F(ResumeTest, FullTargetStopsAtOnceAndGoesOn) {
  for (const int code : {ENOSPC, EROFS, EDQUOT}) {
    for (size_t at = 60;; at += 60 + kStride) {
      SCOPED_TRACE(std::to_string(at));
      const TempRoot target;
      std::string struck;
      {
        const CallCounter counter(Act::FailFromThere, at, code);
        const auto result = migrate(source_.path(), target.path());
        struck = counter.struck();
        if (counter.calls() < at) {
          break;
        }
        // An attribute that has no room is only a problem; the next call then stops it.
        ASSERT_TRUE(result);
        ASSERT_TRUE(result->stopped) << struck;
        EXPECT_TRUE(result->stopped->is_io(code)) << result->stopped->message();
      }
      ASSERT_TRUE(migrate(source_.path(), target.path()));
      ASSERT_EQ(difference(wanted_, shape_of(target.path())), "") << struck;
    }
  }
}

TEST_F(ResumeTest, CancelStopsAndGoesOn) {
  const TempRoot target;
  class Canceller : public MutationHook {
   public:
    Canceller() { set_mutation_hook(this); }
    ~Canceller() override { set_mutation_hook(nullptr); }
    int before(std::string_view) override {
      if (++calls_ == 100) {
        cancel.request();
      }
      return 0;
    }
    void after(std::string_view) override {}
    Cancel cancel;

   private:
    size_t calls_ = 0;
  };
  {
    Canceller canceller;
    Progress progress;
    const auto result = migrate_units(source_.open(), target.open(), awkward_units(), {}, canceller.cancel, progress);
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->stopped);
    EXPECT_EQ(result->stopped->kind, Error::Kind::Cancelled);
    EXPECT_FALSE(result->all_reached());
  }
  ASSERT_TRUE(migrate(source_.path(), target.path()));
  EXPECT_EQ(difference(wanted_, shape_of(target.path())), "");
}

TEST_F(ResumeTest, WhatIsDoneIsNotWrittenAgain) {
  const TempRoot target;
  ASSERT_TRUE(migrate(source_.path(), target.path()));
  const auto again = migrate(source_.path(), target.path());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->resumed);
  for (const UnitResult& unit : again->units) {
    EXPECT_EQ(unit.state, UnitState::AlreadyDone);
    EXPECT_EQ(unit.bytes, 0U);
    EXPECT_GT(unit.files, 0U);
  }
  EXPECT_EQ(again->units[0].omitted.size(), 1U);
  EXPECT_EQ(difference(wanted_, shape_of(target.path())), "");
}

TEST_F(ResumeTest, ChangesOfTheSourceAreSeen) {
  struct Change {
    std::string name;
    std::function<void()> make;
  };
  const std::vector<Change> changes = {
      {"a file more", [&] { std::ofstream(data("new")) << "new"; }},
      {"a file less", [&] { fs::remove(data("plain")); }},
      {"other bytes, same size and time", [&] { replace_unseen(data("plain")); }},
      {"another mode", [&] { fs::permissions(data("plain"), fs::perms::owner_read); }},
      {"a link less", [&] { fs::remove(data("z third name")); }},
      {"a link split",
       [&] {
         const auto time = fs::last_write_time(data("z third name"));
         fs::remove(data("z third name"));
         fs::copy_file(data("a/one name"), data("z third name"));
         fs::last_write_time(data("z third name"), time);
       }},
      {"a link more in another unit",
       [&] { fs::create_hard_link(data("plain"), source_.path() + "/containers/c/plain"); }},
      {"a file instead of a directory",
       [&] {
         fs::remove_all(data("a"));
         std::ofstream(data("a")) << "file";
       }},
      {"a directory instead of a file",
       [&] {
         fs::remove(data("plain"));
         fs::create_directories(data("plain/inside"));
       }},
      {"linked bytes", [&] { replace_unseen(data("a/one name")); }},
  };
  for (const bool interrupted : {false, true}) {
    for (const Change& change : changes) {
      SCOPED_TRACE(change.name + (interrupted ? ", after an interruption" : ""));
      fs::remove_all(source_.path() + "/volumes");
      fs::remove_all(source_.path() + "/overlay2");
      fs::remove_all(source_.path() + "/containers");
      make_awkward_tree(source_.path());
      const TempRoot target;
      if (interrupted) {
        ASSERT_TRUE(dies_at(source_.path(), target.path(), Act::DieBefore, 230));
      } else {
        ASSERT_TRUE(migrate(source_.path(), target.path()));
      }
      change.make();
      const auto again = migrate(source_.path(), target.path());
      ASSERT_TRUE(again);
      EXPECT_EQ(again->units[0].changed_since, !interrupted);
      EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target.path())), "");
    }
  }
}

TEST_F(ResumeTest, UnitsThatAreNoLongerWantedGo) {
  const TempRoot target;
  ASSERT_TRUE(migrate(source_.path(), target.path()));
  std::vector<MigrationUnit> units = awkward_units();
  units.erase(units.begin() + 1);
  fs::remove_all(source_.path() + "/containers/c");
  const auto again = migrate(source_.path(), target.path(), {}, units);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->units[2].state, UnitState::Absent);
  EXPECT_FALSE(fs::exists(target.path() + "/volumes/w"));
  EXPECT_FALSE(fs::exists(target.path() + "/containers/c"));
  EXPECT_TRUE(fs::exists(target.path() + "/volumes/v"));
}

TEST_F(ResumeTest, OldFilesOfThisBootAreKeptUnread) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));  // the source has to be older than the migration
  const TempRoot target;
  ASSERT_TRUE(dies_at(source_.path(), target.path(), Act::DieBefore, 230));
  const auto again = migrate(source_.path(), target.path());
  ASSERT_TRUE(again);
  uint64_t kept = 0;
  for (const UnitResult& unit : again->units) {
    kept += unit.kept;
  }
  EXPECT_GT(kept, 10U);
  EXPECT_EQ(difference(wanted_, shape_of(target.path())), "");
}

}  // namespace
}  // namespace dfsck::test
