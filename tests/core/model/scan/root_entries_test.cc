// What is found directly in a root, and which storage driver the rest of the scan is about.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/model/model.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

Model scanned_entries(const TempRoot& temp) {
  Model model;
  scan_root_entries(temp.open(), model);
  return model;
}

TEST(ScanRootEntries, AnOrdinaryRoot) {
  const TempRoot temp;
  temp.make_dir("overlay2/l");
  temp.make_dir("image/overlay2/layerdb/sha256");
  temp.make_dir("containers");
  temp.write("engine-id", "d4e1c0a2-0000-4000-8000-000000000000");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.driver, "overlay2");
  EXPECT_EQ(model.image_path, RelPath("image/overlay2"));
  EXPECT_TRUE(model.driver_covered);
  EXPECT_EQ(model.entries.driver_dirs, std::vector<std::string>{"overlay2"});
  EXPECT_EQ(model.entries.image_drivers, std::vector<std::string>{"overlay2"});
  EXPECT_TRUE(model.entries.wrong_types.empty());
  EXPECT_EQ(model.entries.engine_id.bytes.size(), 36U);
  EXPECT_EQ(model.entries.entries.size(), 4U);
  EXPECT_TRUE(model.failures.empty());
}

TEST(ScanRootEntries, AnEmptyDirectoryHasNoDriver) {
  const TempRoot temp;
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.driver, "");
  EXPECT_FALSE(model.driver_covered);
}

TEST(ScanRootEntries, ADriverWithDataGoesBeforeAnEmptyDirectory) {
  const TempRoot temp;
  temp.make_dir("overlay2");
  temp.make_dir("btrfs/subvolumes");
  temp.make_dir("image/btrfs");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.driver, "btrfs");
  EXPECT_FALSE(model.driver_covered);
}

TEST(ScanRootEntries, OverlayGoesBeforeOtherDriversWithData) {
  const TempRoot temp;
  temp.make_dir("aufs/diff");
  temp.make_dir("overlay2/l");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.driver, "overlay2");
  EXPECT_EQ(model.entries.driver_dirs, (std::vector<std::string>{"aufs", "overlay2"}));
}

TEST(ScanRootEntries, FuseOverlayfsIsCovered) {
  const TempRoot temp;
  temp.make_dir("fuse-overlayfs/l");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.driver, "fuse-overlayfs");
  EXPECT_TRUE(model.driver_covered);
}

TEST(ScanRootEntries, ALinkInPlaceOfTheDriversDirectory) {
  const TempRoot temp;
  temp.make_dir("image/overlay2/imagedb");
  temp.make_symlink("overlay2", "/somewhere/else");
  const Model lost = scanned_entries(temp);
  EXPECT_EQ(lost.driver, "overlay2");
  EXPECT_FALSE(lost.driver_covered) << "what should be there is unknown, not missing";
  EXPECT_TRUE(lost.entries.wrong_types.empty()) << "links of areas are boundaries";

  const TempRoot elsewhere;
  elsewhere.make_dir("layers/l");
  const TempRoot linked;
  linked.make_symlink("overlay2", elsewhere.path() + "/layers");
  const Model followed = scanned_entries(linked);
  EXPECT_EQ(followed.driver, "overlay2");
  EXPECT_TRUE(followed.driver_covered);
  EXPECT_EQ(followed.entries.driver_dirs, std::vector<std::string>{"overlay2"});
}

TEST(ScanRootEntries, ThingsThatShouldBeDirectories) {
  const TempRoot temp;
  temp.make_dir("image/overlay2/layerdb");
  temp.write("image/overlay2/layerdb/sha256", "not a directory");
  temp.write("volumes", "");
  ASSERT_EQ(::mkfifo((temp.path() + "/containers").c_str(), 0600), 0);
  const Model model = scanned_entries(temp);
  ASSERT_EQ(model.entries.wrong_types.size(), 3U);
  EXPECT_EQ(model.entries.wrong_types[0].path, RelPath("containers"));
  EXPECT_TRUE(S_ISFIFO(model.entries.wrong_types[0].mode));
  EXPECT_EQ(model.entries.wrong_types[1].path, RelPath("image/overlay2/layerdb/sha256"));
  EXPECT_EQ(model.entries.wrong_types[2].path, RelPath("volumes"));
}

TEST(ScanRootEntries, RemappedRootsAreFoundAndKnowTheirIds) {
  const TempRoot temp;
  temp.make_dir("100000.200000/image/overlay2");
  temp.make_dir("165536.165536");          // nothing of a root in it
  temp.make_dir("100000.x/overlay2");      // no remapped root's name
  temp.make_dir("4294967296.1/overlay2");  // no uid
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.entries.remapped_roots, std::vector<std::string>{"100000.200000"});

  Model below;
  const Result<Root> inner = temp.open().open_below("100000.200000");
  ASSERT_TRUE(inner);
  scan_root_entries(*inner, below);
  scan_owners(*inner, below);
  EXPECT_EQ(below.owners.layer_uid(), 100000U);
  EXPECT_EQ(below.owners.layer_gid(), 200000U);
  EXPECT_EQ(below.owners.daemon_uid(), 0U);
}

TEST(ScanRootEntries, DataOfNewerDaemons) {
  const TempRoot temp;
  temp.write("image/identity-cache.db", "");
  temp.write("buildkit/history_c8d.db", "");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.entries.newer_files, (std::vector<RelPath>{"buildkit/history_c8d.db", "image/identity-cache.db"}));
}

TEST(ScanRootEntries, RepairsWhoseJournalHasNoEnd) {
  const TempRoot temp;
  const std::string end = "{\"record\":\"end\",\"state\":\"finished\"}\t0123456789abcdef\n";
  const std::string plan = "{\"record\":\"plan\",\"steps\":[]}\t0123456789abcdef\n";
  temp.write(".docker-fsck/20260101T000000Z-aaaa/journal", plan + end);
  temp.write(".docker-fsck/20260102T000000Z-bbbb/journal", end + "{\"record\":\"undo-intent\"}\t0123456789abcdef\n");
  temp.write(".docker-fsck/20260103T000000Z-cccc/journal", plan + end.substr(0, 20));
  temp.write(".docker-fsck/20260105T000000Z-eeee/journal",
             plan + end + "{\"record\":\"acknowledged\"}\t0123456789abcdef\n{\"rec");
  temp.make_dir(".docker-fsck/20260104T000000Z-dddd/quarantine");
  const Model model = scanned_entries(temp);
  EXPECT_EQ(model.entries.unfinished_repairs,
            (std::vector<std::string>{"20260102T000000Z-bbbb", "20260103T000000Z-cccc"}));
}

}  // namespace
}  // namespace dfsck
