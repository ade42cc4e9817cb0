// Areas of a root behind symbolic links: what is read through them, and which links are not followed.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "core/fs/area_links.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::must;
using test::TempRoot;

// "" where the link at `path` is followed, or why it is not; "no link" where none was found.
std::string problem_of(const Root& root, const RelPath& path) {
  const AreaLink* link = root.area_links().at(path);
  return link != nullptr ? link->problem : "no link";
}

TEST(AreaLinks, WhatLiesBehindIsReadUnderItsPathInTheRoot) {
  const TempRoot elsewhere;
  elsewhere.write("disk/db/_data/file", "bytes");
  elsewhere.make_symlink("disk/db/link", "_data");
  const TempRoot temp;
  temp.make_symlink("volumes", elsewhere.path() + "/disk");
  const Root root = temp.open();
  EXPECT_EQ(*root.read_small("volumes/db/_data/file", 100), "bytes");
  EXPECT_TRUE(root.stat("volumes/db")->is_dir());
  EXPECT_EQ(*root.read_link("volumes/db/link"), "_data");
  EXPECT_EQ(root.open_dir("volumes")->list()->size(), 1U);
  EXPECT_TRUE(root.stat_dir("volumes")->is_dir());
  EXPECT_TRUE(root.stat("volumes")->is_symlink()) << "the link itself stays to be seen";
  EXPECT_EQ(*root.read_link("volumes"), elsewhere.path() + "/disk");
  EXPECT_FALSE(root.open_dir("volumes/db/link")) << "no other link is followed";
  EXPECT_EQ(root.area_links().below(elsewhere.path() + "/disk/db/_data"), RelPath("volumes/db/_data"));
  EXPECT_EQ(root.area_links().below(elsewhere.path() + "/disk"), RelPath("volumes"));
  EXPECT_EQ(root.area_links().below(elsewhere.path()), std::nullopt);
}

TEST(AreaLinks, LinksBehindLinks) {
  const TempRoot elsewhere;
  elsewhere.write("far/file", "far");
  elsewhere.write("drivers/layerdb/x", "entry");
  elsewhere.make_dir("volumes/db");
  elsewhere.make_symlink("volumes/db/_data", "../../far");
  elsewhere.make_dir("image");
  elsewhere.make_symlink("image/overlay2", "../drivers");
  const TempRoot temp;
  temp.make_symlink("volumes", elsewhere.path() + "/volumes");
  temp.make_symlink("image", elsewhere.path() + "/image");
  const Root root = temp.open();
  EXPECT_EQ(*root.read_small("volumes/db/_data/file", 100), "far");
  EXPECT_EQ(*root.read_small("image/overlay2/layerdb/x", 100), "entry");
  EXPECT_EQ(root.area_links().all().size(), 4U);
}

TEST(AreaLinks, AVolumeAndItsDataMayEachBeOne) {
  const TempRoot elsewhere;
  elsewhere.write("one/_data/file", "1");
  elsewhere.write("two/file", "2");
  const TempRoot temp;
  temp.make_dir("volumes/b");
  temp.make_symlink("volumes/a", elsewhere.path() + "/one");
  temp.make_symlink("volumes/b/_data", elsewhere.path() + "/two");
  temp.make_dir("volumes/c");
  temp.make_symlink("volumes/c/_data", "../b/_data");  // two volumes may share their data
  const Root root = temp.open();
  EXPECT_EQ(*root.read_small("volumes/a/_data/file", 100), "1");
  EXPECT_EQ(*root.read_small("volumes/b/_data/file", 100), "2");
  EXPECT_EQ(*root.read_small("volumes/c/_data/file", 100), "2");
}

TEST(AreaLinks, WhatLeadsToNoDirectoryIsNotFollowed) {
  const TempRoot temp;
  temp.make_symlink("volumes", "/nothing/there");
  temp.make_symlink("containers", "containers");
  temp.write("file", "");
  temp.make_symlink("overlay2", "file");
  temp.make_symlink("image", "file/below");
  const Root root = temp.open();
  EXPECT_EQ(problem_of(root, "volumes"), "nowhere");
  EXPECT_EQ(problem_of(root, "containers"), "nowhere");
  EXPECT_EQ(problem_of(root, "overlay2"), "to a file");
  EXPECT_EQ(problem_of(root, "image"), "nowhere");
  EXPECT_FALSE(root.open_dir("volumes"));
  EXPECT_FALSE(root.stat_dir("overlay2"));
}

TEST(AreaLinks, WhatHoldsTheLinkOrStandsForSomethingElseIsNotFollowed) {
  const TempRoot elsewhere;
  elsewhere.make_dir("shared");
  elsewhere.make_dir("volumes/db");
  const TempRoot temp;
  temp.make_symlink("overlay2", "/");
  temp.make_symlink("image", ".");
  temp.make_symlink("swarm", "..");
  temp.make_dir("network");
  temp.make_symlink("containers", "network");
  temp.make_symlink("trust", "/proc/self/root");
  temp.make_symlink("buildkit", "/proc/sys");
  temp.make_symlink("plugins", elsewhere.path() + "/shared");
  temp.make_symlink("runtimes", elsewhere.path() + "/shared");
  temp.make_symlink("volumes", elsewhere.path() + "/volumes");
  elsewhere.make_symlink("volumes/db/_data", temp.path());
  elsewhere.make_symlink("volumes/all", ".");
  const Root root = temp.open();
  const std::string holds = "to a directory that holds the link itself";
  EXPECT_EQ(problem_of(root, "overlay2"), holds);
  EXPECT_EQ(problem_of(root, "image"), holds);
  EXPECT_EQ(problem_of(root, "swarm"), holds);
  EXPECT_EQ(problem_of(root, "volumes/db/_data"), holds);
  EXPECT_EQ(problem_of(root, "volumes/all"), holds);
  EXPECT_EQ(problem_of(root, "containers"), "into another area of the root");
  EXPECT_EQ(problem_of(root, "trust"), "nowhere");
  EXPECT_EQ(problem_of(root, "buildkit"), "into a filesystem of the kernel's own");
  EXPECT_EQ(problem_of(root, "plugins"), "");
  EXPECT_EQ(problem_of(root, "runtimes"), "to a directory that another area has already");
  EXPECT_EQ(problem_of(root, "volumes"), "");
}

TEST(AreaLinks, OnlyNamesThatDaemonsUseAreAreas) {
  const TempRoot elsewhere;
  elsewhere.write("file", "");
  const TempRoot temp;
  temp.make_symlink("backup", elsewhere.path());
  temp.make_symlink("image/overlay2/layerdb/sha256/one", elsewhere.path());
  temp.make_symlink("containers/one", elsewhere.path());
  temp.make_symlink("overlay2/l", elsewhere.path());
  const Root root = temp.open();
  EXPECT_TRUE(root.area_links().all().empty());
  EXPECT_FALSE(root.open_dir("backup"));
  EXPECT_FALSE(root.open_dir("containers/one"));
}

TEST(AreaLinks, PartsThatDaemonsOpenByTheirPaths) {
  const TempRoot elsewhere;
  for (const char* part : {"entry", "layer", "diff", "container", "files"}) {
    elsewhere.write(std::string(part) + "/file", part);
  }
  elsewhere.make_symlink("layer/diff", elsewhere.path() + "/diff");
  const std::string id(64, 'a');
  const std::string other(64, 'b');
  const TempRoot temp;
  temp.make_symlink("image/overlay2/layerdb/sha256/" + id, elsewhere.path() + "/entry");
  temp.make_symlink("overlay2/" + id, elsewhere.path() + "/layer");
  temp.make_symlink("containers/" + id, elsewhere.path() + "/container");
  temp.make_symlink("network/files", elsewhere.path() + "/files");
  temp.make_symlink("overlay2/" + other + "/diff", "/nothing/there");
  temp.make_symlink("volumes/metadata.db", elsewhere.path() + "/files/file");
  const Root root = temp.open();
  EXPECT_EQ(*root.read_small(RelPath("image/overlay2/layerdb/sha256") / id / "file", 100), "entry");
  EXPECT_EQ(*root.read_small(RelPath("overlay2") / id / "diff/file", 100), "diff") << "a link behind a link";
  EXPECT_EQ(*root.read_small(RelPath("containers") / id / "file", 100), "container");
  EXPECT_EQ(*root.read_small("network/files/file", 100), "files");
  EXPECT_EQ(problem_of(root, RelPath("overlay2") / other / "diff"), "nowhere");
  EXPECT_EQ(problem_of(root, "volumes/metadata.db"), "to a file");
}

TEST(AreaLinks, OneLayerDoesNotStandForAnother) {
  const std::string id(64, 'a');
  const std::string other(64, 'b');
  const TempRoot temp;
  temp.make_dir("overlay2/" + other + "/diff");
  temp.make_symlink("overlay2/" + id, other);
  EXPECT_EQ(problem_of(temp.open(), RelPath("overlay2") / id), "into another area of the root");
}

TEST(AreaLinks, AnotherDirectoryInTheSamePlaceIsNotTaken) {
  const TempRoot elsewhere;
  elsewhere.write("volumes/db/opts.json", "null");
  const TempRoot temp;
  temp.make_symlink("volumes", elsewhere.path() + "/volumes");
  const Root root = temp.open();
  must(std::rename((elsewhere.path() + "/volumes").c_str(), (elsewhere.path() + "/old").c_str()) == 0, "rename");
  elsewhere.write("volumes/db/opts.json", "other");
  const Result<std::string> read = root.read_small("volumes/db/opts.json", 100);
  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().is_io(ESTALE));
}

TEST(AreaLinks, ARootInsideARootHasItsOwn) {
  const TempRoot elsewhere;
  elsewhere.write("volumes/db/opts.json", "null");
  const TempRoot temp;
  temp.make_dir("100000.100000");
  temp.make_symlink("100000.100000/volumes", elsewhere.path() + "/volumes");
  const Root outer = temp.open();
  EXPECT_FALSE(outer.stat("100000.100000/volumes/db"));
  EXPECT_TRUE(outer.open_below("100000.100000")->stat("volumes/db"));
}

}  // namespace
}  // namespace dfsck
