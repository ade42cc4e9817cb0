// A target whose disk loses bytes: after a sync that failed, or was cut off, nothing counts as copied that an earlier
// one did not make durable, and a later run writes all of it again.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/fs/write/mutation.h"
#include "tests/support/awkward_tree.h"
#include "tests/support/repair_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

// Fails the first syncfs, as the kernel does: it tells of an error once. Before that it waits until other threads have
// set the times of some files, so that their units end while the sync runs.
class FailingSync : public MutationHook {
 public:
  explicit FailingSync(unsigned others) : others_(others) { set_mutation_hook(this); }
  ~FailingSync() override { set_mutation_hook(nullptr); }

  int before(std::string_view call) override {
    if (call != "syncfs" || failed_.exchange(true)) {
      return 0;
    }
    syncing_ = true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (timed_ < others_ && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
    }
    return EIO;
  }
  void after(std::string_view call) override { timed_ += syncing_ && call == "futimens" ? 1 : 0; }

 private:
  const unsigned others_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> syncing_{false};
  std::atomic<unsigned> timed_{0};
};

class SyncTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { use_fast_temporary_directory(); }
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "only root can make such trees";
    }
  }

  // Volumes of one file each.
  std::vector<MigrationUnit> make_volumes(size_t count) const {
    std::vector<MigrationUnit> units;
    for (size_t i = 0; i < count; ++i) {
      const std::string path = "volumes/v" + std::to_string(i);
      fs::create_directories(source_.path() + "/" + path);
      std::ofstream(source_.path() + "/" + path + "/file") << "of " << i;
      units.push_back({.path = *RelPath::parse(path), .kind = MigrationUnit::Kind::Tree, .layer = {}, .omit = {}});
    }
    return units;
  }

  uint64_t units_done() const {
    const auto trace = find_migration(target_.open(), source_.open());
    return trace && *trace ? (*trace)->units_done : 0;
  }

  // What a disk does that took the name, size and time of a file and not its bytes.
  void lose_bytes(const std::string& path) const {
    const std::string file = target_.path() + "/" + path;
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0);
    std::ofstream(file, std::ios::binary) << std::string(static_cast<size_t>(info.st_size), '\0');
    const timespec times[2] = {info.st_atim, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }

  const TempRoot source_;
  const TempRoot target_;
};

TEST_F(SyncTest, WhatEndsWhileASyncFailsIsNotDurable) {
  const std::vector<MigrationUnit> units = make_volumes(1500);
  {
    const FailingSync hook(200);
    const auto result = migrate(source_.path(), target_.path(), {.jobs = 2}, units);
    ASSERT_TRUE(result);
    ASSERT_TRUE(result->stopped);
    EXPECT_TRUE(result->stopped->is_io(EIO)) << result->stopped->message();
  }
  EXPECT_EQ(units_done(), 0U);
}

TEST_F(SyncTest, WhatWasNotDurableIsWrittenAgain) {
  const std::vector<MigrationUnit> units = make_volumes(20);
  // Else the files would be compared, because the source could have changed meanwhile.
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  {
    const FailingSync hook(0);
    const auto result = migrate(source_.path(), target_.path(), {}, units);
    ASSERT_TRUE(result && result->stopped);
  }
  lose_bytes("volumes/v3/file");
  lose_bytes("volumes/v17/file");
  // One that is cut off before it came to that unit does not make it a good one.
  {
    const CallCounter counter(CallCounter::Act::FailFromThere, 12, ENOSPC);
    const auto result = migrate(source_.path(), target_.path(), {}, units);
    ASSERT_TRUE(result && result->stopped);
  }
  const auto result = migrate(source_.path(), target_.path(), {}, units);
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->stopped);
  EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target_.path())), "");
}

TEST_F(SyncTest, WhatAnEarlierSyncMadeDurableStays) {
  const std::vector<MigrationUnit> units = make_volumes(20);
  ASSERT_TRUE(migrate(source_.path(), target_.path(), {}, units));
  ASSERT_EQ(units_done(), 20U);
  std::ofstream(source_.path() + "/volumes/v5/file") << "other bytes";
  {
    const FailingSync hook(0);
    const auto result = migrate(source_.path(), target_.path(), {}, units);
    ASSERT_TRUE(result && result->stopped);
  }
  const auto result = migrate(source_.path(), target_.path(), {}, units);
  ASSERT_TRUE(result);
  for (size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(result->units[i].state, i == 5 ? UnitResult::State::Copied : UnitResult::State::AlreadyDone) << i;
    EXPECT_EQ(result->units[i].kept, 0U);
  }
  EXPECT_EQ(difference(shape_of_source(source_.path()), shape_of(target_.path())), "");
}

}  // namespace
}  // namespace dfsck::test
