// What a host's mounts, fstab and processes mean for a root. The host is made up; only the root is real.
#include <gtest/gtest.h>

#include "core/model/records/mount_table.h"
#include "core/model/scan/host_facts.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

HostFacts facts_of(const TempRoot& temp, const HostSnapshot& host) {
  Model model;
  model.driver = "overlay2";
  model.driver_covered = true;
  read_host_facts(temp.open(), host, model);
  return model.host;
}

std::string mounted_line(const std::string& point, const std::string& type, const std::string& options = "rw") {
  return "36 35 98:0 / " + point + " rw,noatime master:1 - " + type + " source " + options + "\n";
}

TEST(Mountinfo, OctalEscapesAndOptionalFields) {
  const auto entries = parse_mountinfo(
      "36 35 98:0 /a /mnt\\040two rw - ext4 /dev/sda1 rw\n"
      "37 35 98:0 / /x rw shared:1 master:2 - fuse.sshfs host:/y rw,user_id=0\n"
      "broken line\n"
      "38 35 98:0 / /y rw -\n");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].point, "/mnt two");
  EXPECT_EQ(entries[1].type, "fuse.sshfs");
  EXPECT_EQ(entries[1].options, "rw,user_id=0");
}

TEST(Fstab, OnlyWhatIsMountedAtBoot) {
  EXPECT_EQ(parse_fstab("# comment\n"
                        "/dev/sda1 / ext4 defaults 0 1\n"
                        "\n"
                        "UUID=1 /data/ xfs nofail\t0 2\n"
                        "/dev/sdb1 /backup ext4 noauto,rw 0 0\n"
                        "/dev/sdc1 none swap sw 0 0\n"
                        "/dev/sdd1 /with\\040blank ext4\n"),
            (std::vector<std::string>{"/", "/data", "/with blank"}));
}

TEST(HostFacts, AQuietHostSaysNothing) {
  const TempRoot temp;
  HostSnapshot host;
  host.mountinfo = mounted_line("/", "ext4") + mounted_line("/elsewhere", "ext4");
  host.fstab = "/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /elsewhere2 ext4 defaults 0 2\n";
  const HostFacts facts = facts_of(temp, host);
  EXPECT_TRUE(facts.missing_mounts.empty());
  EXPECT_TRUE(facts.daemons.empty());
  EXPECT_TRUE(facts.mounts_below.empty());
  EXPECT_TRUE(facts.container_mounts.empty());
}

TEST(HostFacts, ADiskThatIsNotMounted) {
  const TempRoot temp;
  HostSnapshot host;
  host.mountinfo = mounted_line("/", "ext4");
  const std::string parent = temp.path().substr(0, temp.path().rfind('/'));
  host.fstab = "/dev/sdb1 " + temp.path() + " ext4 defaults 0 2\n/dev/sdc1 " + temp.path() + "/volumes ext4 nofail\n";
  host.mount_units = {{"parent.mount", "[Mount]\nWhat=/dev/sdd1\nWhere=" + parent + "\n"},
                      {"other.mount", "[Mount]\nWhere=" + temp.path() + "-other\n"}};
  const HostFacts facts = facts_of(temp, host);
  ASSERT_EQ(facts.missing_mounts.size(), 3U);
  EXPECT_EQ(facts.missing_mounts[0].mountpoint, parent);
  EXPECT_EQ(facts.missing_mounts[0].source, "the systemd unit parent.mount");
  EXPECT_EQ(facts.missing_mounts[1].mountpoint, temp.path());
  EXPECT_EQ(facts.missing_mounts[1].source, "/etc/fstab");
  EXPECT_EQ(facts.missing_mounts[2].mountpoint, temp.path() + "/volumes");

  host.mountinfo +=
      mounted_line(parent, "ext4") + mounted_line(temp.path(), "ext4") + mounted_line(temp.path() + "/volumes", "ext4");
  EXPECT_TRUE(facts_of(temp, host).missing_mounts.empty());
}

TEST(HostFacts, MountsOfContainersAndOthers) {
  const TempRoot temp;
  temp.make_dir("overlay2/abc/merged");
  temp.make_dir("volumes");
  HostSnapshot host;
  // The root's own bind mount, and a disk that an administrator mounted, are no containers.
  host.mountinfo = mounted_line(temp.path(), "ext4") + mounted_line(temp.path() + "/volumes", "xfs");
  HostFacts facts = facts_of(temp, host);
  EXPECT_EQ(facts.mounts_below, std::vector<std::string>{"volumes"});
  EXPECT_EQ(facts.mount_paths, std::vector<RelPath>{"volumes"});
  EXPECT_TRUE(facts.container_mounts.empty());

  host.mountinfo += mounted_line(temp.path() + "/overlay2/abc/merged", "overlay", "rw,lowerdir=/x,upperdir=/y");
  facts = facts_of(temp, host);
  EXPECT_EQ(facts.container_mounts, std::vector<RelPath>{"overlay2/abc/merged"});
  EXPECT_EQ(facts.mount_paths, (std::vector<RelPath>{"overlay2/abc/merged", "volumes"}));
}

TEST(HostFacts, AContainerInAnotherNamespace) {
  const TempRoot temp;
  temp.make_dir("overlay2/abc/diff");
  HostSnapshot host;
  const auto overlay = [](const std::string& root) {
    return mounted_line("/", "overlay",
                        "rw,lowerdir=" + root + "/overlay2/l/XYZ,upperdir=" + root + "/overlay2/abc/diff");
  };
  host.other_mountinfos = {overlay(temp.path())};
  EXPECT_EQ(facts_of(temp, host).container_mounts, std::vector<RelPath>{"overlay2/abc/diff"});
  EXPECT_TRUE(facts_of(temp, host).mount_paths.empty());

  // Deep chains are mounted relative to the driver's directory.
  host.other_mountinfos = {mounted_line("/", "overlay", "rw,lowerdir=l/XYZ,upperdir=abc/diff")};
  EXPECT_EQ(facts_of(temp, host).container_mounts, std::vector<RelPath>{"overlay2/abc/diff"});

  // Another root that has the same path in its own namespace: its layers are not here.
  host.other_mountinfos = {mounted_line("/", "overlay", "rw,upperdir=" + temp.path() + "/overlay2/other/diff")};
  EXPECT_TRUE(facts_of(temp, host).container_mounts.empty());
}

TEST(HostFacts, DaemonsByArgumentAndByOpenDatabase) {
  const TempRoot temp;
  temp.write("volumes/metadata.db", "x");
  const Root root = temp.open();
  const FileStat self = *root.stat(RelPath());
  const FileStat database = *root.stat("volumes/metadata.db");
  HostSnapshot host;
  host.processes = {{10, "dockerd", FileIdentity{self.device, self.inode}, {}},
                    {11, "dockerd", FileIdentity{self.device, self.inode + 1}, {}},
                    {12, "containerd", {}, {{database.device, database.inode}}},
                    {13, "etcd", {}, {{database.device, database.inode + 1000}}}};
  const HostFacts facts = facts_of(temp, host);
  ASSERT_EQ(facts.daemons.size(), 2U);
  EXPECT_EQ(facts.daemons[0].pid, 10);
  EXPECT_TRUE(facts.daemons[0].by_argument);
  EXPECT_EQ(facts.daemons[1].name, "containerd");
  EXPECT_FALSE(facts.daemons[1].by_argument);
}

TEST(Filesystems, NamesAndFitness) {
  EXPECT_EQ(filesystem_name(0xef53), "ext4");
  EXPECT_EQ(filesystem_name(0x12345), "0x12345");
  EXPECT_TRUE(holds_layers("ext4", "ext4", "overlay2"));
  EXPECT_TRUE(holds_layers("0x12345", "new", "overlay2"));
  EXPECT_FALSE(holds_layers("nfs", "nfs4", "overlay2"));
  EXPECT_FALSE(holds_layers("fuse", "fuse.sshfs", "overlay2"));
  EXPECT_TRUE(holds_layers("fuse", "virtiofs", "overlay2"));
  EXPECT_FALSE(holds_layers("overlay", "overlay", "overlay2"));
  EXPECT_TRUE(holds_layers("overlay", "overlay", "fuse-overlayfs"));
  EXPECT_TRUE(holds_layers("nfs", "nfs4", "vfs"));
}

TEST(ScanHost, AsksTheRealFilesystem) {
  const TempRoot temp;
  temp.write("file", "x");
  Model model;
  model.driver = "overlay2";
  scan_host(temp.open(), model);
  EXPECT_FALSE(model.host.filesystem.empty());
  EXPECT_TRUE(model.host.reports_types);
  EXPECT_FALSE(model.host.read_only);
  EXPECT_GT(model.host.total_bytes, 0U);
  EXPECT_TRUE(model.host.daemons.empty());
}

}  // namespace
}  // namespace dfsck
