// Where other filesystems begin inside a root, and whose they are. Mount tables are made up; the root is real.
#include <gtest/gtest.h>

#include "core/model/mount_makers.h"
#include "core/model/scan/boundaries.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

std::string boundary_line(const std::string& point, const std::string& type, const std::string& source = "/dev/sdb1",
                          const std::string& root = "/", const std::string& device = "8:17") {
  return "36 35 " + device + " " + root + " " + point + " rw shared:1 - " + type + " " + source + " rw\n";
}

TEST(Boundaries, WhoMadeAMountIsToldByItsPlace) {
  const auto maker = [](const char* path, std::string_view type, bool has_options = false) {
    return maker_of_mount(path, type, has_options);
  };
  for (const char* area : {"volumes", "overlay2", "containers", "image", "image/overlay2", "tmp", "volumes/db",
                           "volumes/db/_data", "volumes/db/_data/inside", "containers/abc", "overlay2/abc", "other",
                           "containers/abc/config.v2.json", "overlay2/abc/diff", "overlay2/abc/diff/merged",
                           "volumes/metadata.db", "plugins/abc/config.json", "buildkit/cache.db", "network/files"}) {
    EXPECT_EQ(maker(area, "ext4"), "") << area;
  }
  EXPECT_EQ(maker("volumes", "nfs4"), "") << "an area is data wherever it is";
  EXPECT_EQ(maker("volumes/db/_data", "nfs4"), "") << "no options: somebody mounted it";
  EXPECT_EQ(maker("volumes/db/_data", "nfs4", true), "the options of volume db");
  for (const char* place : {"volumes/db/_data/inside", "containers/abc/local-logs", "overlay2/abc/diff/srv",
                            "network/files", "plugins/storage/blobs", "other/place"}) {
    EXPECT_EQ(maker(place, "tmpfs"), kNoDaemon) << place;
    EXPECT_EQ(maker(place, "nsfs"), "something that ran") << place << ": nobody's data";
  }
  EXPECT_EQ(maker("volumes/db/_data/inside", "nfs4"), kNoDaemon);
  EXPECT_EQ(maker("overlay2/abc/merged", "overlay"), "a container");
  EXPECT_EQ(maker("overlay2/abc/merged", "ext4"), "a container");
  EXPECT_EQ(maker("aufs/mnt/abc", "aufs"), "a container");
  EXPECT_EQ(maker("containers/abc/mounts/shm", "tmpfs"), "a container");
  EXPECT_EQ(maker("containers/abc/mounts/secrets", "tmpfs"), "a container");
  EXPECT_EQ(maker("rootfs/overlayfs/abc", "overlay"), "a container");
  EXPECT_EQ(maker("plugins/abc/rootfs", "overlay"), "a plugin");
  EXPECT_EQ(maker("plugins/abc/propagated-mount/vol", "nfs"), "a plugin");
  EXPECT_EQ(maker("buildkit/executor/abc/rootfs", "overlay"), "a build step");
  EXPECT_EQ(maker("tmp/buildkit-mount1", "ext4"), "a build step");
  EXPECT_EQ(maker("containerd/daemon/io.containerd.runtime.v2.task/moby/abc/rootfs", "overlay"), "a container");
}

TEST(Boundaries, MountsBindsAndLinks) {
  const TempRoot elsewhere;
  elsewhere.make_dir("volumes/x/_data");
  const TempRoot temp;
  temp.make_symlink("volumes", elsewhere.path() + "/volumes");
  temp.make_symlink("trust", "nowhere");
  temp.make_dir("overlay2/abc/merged");
  temp.make_dir("containers");
  const std::string table = boundary_line("/", "ext4", "/dev/sda1", "/", "8:1") +
                            boundary_line(elsewhere.path(), "xfs", "/dev/sdc1", "/", "8:33") +
                            boundary_line(elsewhere.path() + "/volumes/x/_data", "btrfs", "/dev/sdd", "/@x", "0:50") +
                            boundary_line(temp.path() + "/overlay2", "ext4", "/dev/sdb1", "/docker/overlay2") +
                            boundary_line(temp.path() + "/overlay2/abc/merged", "overlay", "overlay", "/", "0:60") +
                            boundary_line(temp.path() + "/containers", "ext4", "/dev/sda1", "/", "8:1") +
                            boundary_line(temp.path() + "/gone", "ext4");
  const std::vector<Boundary> found = find_boundaries(temp.open(), table);
  ASSERT_EQ(found.size(), 6U);
  std::vector<std::string> texts;
  for (const Boundary& boundary : found) {
    texts.push_back(described(boundary) + (boundary.is_data() ? "" : ": " + boundary.made_by) +
                    (boundary.problem.empty() ? "" : ": " + boundary.problem));
  }
  EXPECT_EQ(texts[0], "the bind mount of / of /dev/sda1 (ext4) at containers");
  EXPECT_EQ(texts[1], "the bind mount of /docker/overlay2 of /dev/sdb1 (ext4) at overlay2");
  EXPECT_EQ(texts[2], "the mount of overlay (overlay) at overlay2/abc/merged: a container");
  EXPECT_EQ(texts[3], "trust, a link to nowhere: nowhere");
  EXPECT_EQ(texts[4], "volumes, a link to " + elsewhere.path() + "/volumes");
  EXPECT_EQ(texts[5], "the mount of /dev/sdd (btrfs) at volumes/x/_data");
  EXPECT_EQ(found[4].filesystem, "xfs") << "of what is behind the link";
}

TEST(Boundaries, AMountIsSeenBehindEachLinkThatLeadsAboveIt) {
  const TempRoot elsewhere;
  elsewhere.make_dir("data/disk");
  const TempRoot temp;
  temp.make_dir("kept/inside");
  temp.make_dir("volumes/a");
  temp.make_dir("volumes/b");
  temp.make_dir("volumes/c");
  temp.make_symlink("volumes/a/_data", elsewhere.path() + "/data");
  temp.make_symlink("volumes/b/_data", elsewhere.path() + "/data");
  temp.make_symlink("volumes/c/_data", "../../kept");
  const std::string table = boundary_line("/", "ext4", "/dev/sda1", "/", "8:1") +
                            boundary_line(elsewhere.path() + "/data/disk", "xfs") +
                            boundary_line(temp.path() + "/kept/inside", "ext4");
  std::vector<std::string> mounts;
  for (const Boundary& boundary : find_boundaries(temp.open(), table)) {
    if (boundary.kind != Boundary::Kind::Link) {
      mounts.push_back(boundary.path.text());
    }
  }
  EXPECT_EQ(mounts, (std::vector<std::string>{"kept/inside", "volumes/a/_data/disk", "volumes/b/_data/disk",
                                              "volumes/c/_data/inside"}));
}

TEST(Boundaries, AVolumesOptionsMountIt) {
  const TempRoot temp;
  temp.make_dir("volumes/share/_data");
  temp.make_dir("volumes/disk/_data");
  temp.write("volumes/share/opts.json", R"({"MountType":"nfs","MountOpts":"addr=h","MountDevice":":/s"})");
  temp.write("volumes/disk/opts.json", "null");
  const std::string table = boundary_line(temp.path() + "/volumes/share/_data", "nfs4", "h:/s") +
                            boundary_line(temp.path() + "/volumes/disk/_data", "ext4");
  const std::vector<Boundary> found = find_boundaries(temp.open(), table);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0].is_data()) << "a disk that somebody mounted";
  EXPECT_EQ(found[1].made_by, "the options of volume share");
}

}  // namespace
}  // namespace dfsck
