// Room that a copy needs: holes, links, blocks, what is left out, and the same at any number of jobs.
#include "core/migrate/plan/space.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
namespace fs = std::filesystem;

constexpr uint64_t kBlock = 4096;

MigrationUnit unit(const char* path, CopyArea area = CopyArea::Volumes,
                   MigrationUnit::Kind kind = MigrationUnit::Kind::Tree) {
  MigrationUnit made;
  made.path = path;
  made.area = area;
  made.kind = kind;
  return made;
}

SpaceNeed measure(const TempRoot& temp, std::vector<MigrationUnit>& units, unsigned jobs = 1,
                  const OmitFilter& filter = nullptr) {
  const Cancel cancel;
  Progress progress;
  return measure_units(temp.open(), units, filter, kBlock, jobs, cancel, progress);
}

TEST(Space, CountsWhatTheCopyWillWrite) {
  const TempRoot temp;
  temp.write("a/small", "x");
  temp.write("a/large", std::string(10'000, 'x'));
  temp.write("a/sparse", "");
  ASSERT_EQ(::truncate((temp.path() + "/a/sparse").c_str(), 1 << 30), 0);
  fs::create_hard_link(temp.path() + "/a/large", temp.path() + "/a/again");
  temp.make_dir("b");
  fs::create_hard_link(temp.path() + "/a/large", temp.path() + "/b/third");
  temp.make_symlink("b/link", std::string(100, 't'));
  ASSERT_EQ(::mkfifo((temp.path() + "/b/pipe").c_str(), 0600), 0);
  std::vector<MigrationUnit> units{unit("a"), unit("b", CopyArea::Containers), unit("gone")};
  const SpaceNeed need = measure(temp, units);
  EXPECT_EQ(need.total.content_bytes, 10'001U);
  EXPECT_EQ(need.total.files, 3U);
  EXPECT_EQ(need.total.inodes, 3U + 2U + 2U);
  EXPECT_EQ(need.total.disk_bytes, kBlock * (1 + 3 + 2 + 1));
  EXPECT_EQ(units[0].expected_bytes, 10'001U);
  EXPECT_EQ(units[1].expected_bytes, 0U);
  EXPECT_EQ(need.by_area[static_cast<size_t>(CopyArea::Containers)].inodes, 3U);
  EXPECT_TRUE(need.failures.empty());
}

TEST(Space, LeavesOutWhatTheFilterDoes) {
  const TempRoot temp;
  temp.write("a/in", "12345");
  temp.write("a/out/file", std::string(5000, 'x'));
  CopyPlan plan;
  Omission omission;
  omission.path = "a/out";
  omission.contents_only = true;
  plan.omissions.push_back(omission);
  std::vector<MigrationUnit> units{unit("a")};
  EXPECT_EQ(measure(temp, units, 1, plan.filter()).total.content_bytes, 5U);
  EXPECT_EQ(measure(temp, units, 1, plan.filter()).total.inodes, 3U);
  const Cancel cancel;
  Progress progress;
  measure_omissions(temp.open(), plan.omissions, 1, cancel, progress);
  EXPECT_EQ(plan.omissions[0].bytes, 5000U);
  EXPECT_EQ(plan.omissions[0].inodes, 1U);

  units = {unit("a", CopyArea::Other, MigrationUnit::Kind::Directory)};
  EXPECT_EQ(measure(temp, units).total.inodes, 1U);
}

TEST(Space, ListsSocketsAndLinksOfVolumesToTheOldPlace) {
  const TempRoot temp;
  temp.make_symlink("a/old", "/old/place/volumes/a");
  temp.make_symlink("a/older", "/old/placebo");
  temp.make_symlink("b/old", "/old/place");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string at = temp.path() + "/a/socket";
  at.copy(address.sun_path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  std::vector<MigrationUnit> units{unit("a"), unit("b", CopyArea::Containers)};
  const Cancel cancel;
  Progress progress;
  MeasureWishes wishes;
  wishes.old_places = {"/old/place"};
  const SpaceNeed need = measure_units(temp.open(), units, nullptr, kBlock, 1, cancel, progress, wishes);
  EXPECT_EQ(need.sockets, std::vector<std::string>{"a/socket"});
  EXPECT_EQ(need.old_links, (std::vector<OldLink>{{"a/old", "/old/place/volumes/a"}}));
  EXPECT_EQ(units[0].count, (TreeCount{3, 0}));
}

TEST(Space, DoesNotEnterWhatItMustNotMeet) {
  const TempRoot temp;
  temp.write("a/in/target/file", std::string(5000, 'x'));
  struct stat info {};
  ASSERT_EQ(::stat((temp.path() + "/a/in/target").c_str(), &info), 0);
  std::vector<MigrationUnit> units{unit("a")};
  const Cancel cancel;
  Progress progress;
  MeasureWishes wishes;
  wishes.refused = {{1, 1}, {info.st_dev, info.st_ino}};
  const SpaceNeed need = measure_units(temp.open(), units, nullptr, kBlock, 1, cancel, progress, wishes);
  EXPECT_EQ(need.refused, (std::vector<RefusedPlace>{{"a/in/target", 1}}));
  EXPECT_EQ(need.total.content_bytes, 0U);
}

TEST(Space, IsTheSameAtAnyNumberOfJobs) {
  const TempRoot temp;
  for (int i = 0; i < 300; ++i) {
    const std::string dir = "d" + std::to_string(i % 17) + "/e" + std::to_string(i % 5) + "/f" + std::to_string(i);
    temp.write(dir + "/file", std::string(static_cast<size_t>(i) * 10, 'x'));
    if (i % 3 == 0) {
      fs::create_hard_link(temp.path() + "/" + dir + "/file",
                           temp.path() + "/d" + std::to_string(i % 17) + "/l" + std::to_string(i));
    }
  }
  std::vector<MigrationUnit> one, four;
  for (int i = 0; i < 17; ++i) {
    one.push_back(unit(("d" + std::to_string(i)).c_str()));
  }
  four = one;
  const SpaceNeed first = measure(temp, one), second = measure(temp, four, 4);
  EXPECT_EQ(first.total, second.total);
  EXPECT_EQ(first.total.files, 300U);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].expected_bytes, four[i].expected_bytes);
  }
}

TEST(Space, SaysWhatIsMissing) {
  SpaceNeed need;
  need.total.disk_bytes = 1'000'000'000;
  need.total.inodes = 1000;
  FilesystemFacts facts;
  facts.free_bytes = 2'000'000'000;
  facts.total_inodes = 0;
  EXPECT_TRUE(judge_space(need, {}, facts).fits);
  EXPECT_FALSE(judge_space(need, {}, facts).free_inodes);
  facts.total_inodes = 5000;
  facts.free_inodes = 999;
  EXPECT_NE(judge_space(need, {}, facts).problem.find("1000 inodes"), std::string::npos);
  EXPECT_TRUE(judge_space(need, {0, 0, 500, 0}, facts).fits);
  facts.free_bytes = 1'000'000'000;
  EXPECT_FALSE(judge_space(need, {}, facts).fits);
  EXPECT_TRUE(judge_space(need, {0, 500'000'000, 500, 0}, facts).fits);
}

}  // namespace
}  // namespace dfsck
