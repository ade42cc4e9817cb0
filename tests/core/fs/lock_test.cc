// Locks against daemons and against another docker-fsck.
#include "core/fs/lock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

Fd open_at(const TempRoot& temp, const std::string& path) {
  return Fd(::open((temp.path() + "/" + path).c_str(), O_RDWR | O_CLOEXEC));
}

TEST(RootLock, KeepsOutASecond) {
  const TempRoot temp;
  const Root root = temp.open();
  {
    const Result<RootLock> first = RootLock::take(root);
    ASSERT_TRUE(first) << first.error().message();
    const Result<RootLock> second = RootLock::take(root);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::Busy);
    EXPECT_EQ(second.error().where, ".docker-fsck");
  }
  EXPECT_TRUE(RootLock::take(root));
  struct ::stat info {};
  ASSERT_EQ(::stat((temp.path() + "/.docker-fsck").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0700U);
}

TEST(RootLock, IsBusyWhileADaemonHoldsADatabase) {
  for (const char* path : {"volumes/metadata.db", "network/files/local-kv.db", "buildkit/history.db"}) {
    const TempRoot temp;
    temp.write(path, "bolt");
    const Fd daemon = open_at(temp, path);
    ASSERT_EQ(::flock(daemon.get(), LOCK_EX | LOCK_NB), 0);
    const Root root = temp.open();
    const Result<RootLock> lock = RootLock::take(root);
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().kind, Error::Kind::Busy);
    EXPECT_EQ(lock.error().where, path);
    EXPECT_TRUE(RootLock::take(root).error().message().find(path) != std::string::npos);
  }
}

TEST(RootLock, KeepsADaemonFromItsDatabases) {
  const TempRoot temp;
  temp.write("volumes/metadata.db", "bolt");
  temp.write("staged", "what will take its place");
  const Root root = temp.open();
  const Fd daemon = open_at(temp, "volumes/metadata.db");
  const Fd replaced = open_at(temp, "staged");
  {
    Result<RootLock> lock = RootLock::take(root);
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_NE(::flock(daemon.get(), LOCK_EX | LOCK_NB), 0);
    ASSERT_TRUE(lock->adopt(open_at(temp, "staged"), "staged"));
    ASSERT_TRUE(lock->adopt(open_at(temp, "staged"), "staged")) << "what is held already stays so";
    EXPECT_NE(::flock(replaced.get(), LOCK_EX | LOCK_NB), 0);
  }
  EXPECT_EQ(::flock(daemon.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(::flock(replaced.get(), LOCK_EX | LOCK_NB), 0);
}

TEST(RootLock, RefusesAnOwnDirectoryThatIsSomethingElse) {
  const TempRoot temp;
  temp.make_dir("elsewhere");
  temp.make_symlink(".docker-fsck", "elsewhere");
  const Root root = temp.open();
  const Result<RootLock> lock = RootLock::take(root);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().kind, Error::Kind::Format);
  EXPECT_TRUE(std::filesystem::is_empty(temp.path() + "/elsewhere"));
}

TEST(RootLock, PassesOverWhatIsNoDatabase) {
  const TempRoot temp;
  temp.make_dir("volumes/metadata.db");
  temp.make_symlink("buildkit", "/etc");
  ASSERT_EQ(::mkfifo((temp.path() + "/fifo").c_str(), 0600), 0);
  temp.make_dir("network/files");
  ASSERT_EQ(::mkfifo((temp.path() + "/network/files/local-kv.db").c_str(), 0600), 0);
  const Root root = temp.open();
  const Result<RootLock> lock = RootLock::take(root);
  EXPECT_TRUE(lock) << lock.error().message();
}

TEST(RootLock, LeavesTheTimeOfTheRoot) {
  const TempRoot temp;
  temp.set_mtime("", 1'000'000'000);
  const Root root = temp.open();
  ASSERT_TRUE(RootLock::take(root));
  EXPECT_EQ(root.stat(RelPath())->mtime, (FileTime{1'000'000'000, 0}));
}

}  // namespace
}  // namespace dfsck
