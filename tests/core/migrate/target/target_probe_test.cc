// Probing real filesystems: able ones pass with nothing left behind, others are refused for what they lack.
#include "core/migrate/target/target_probe.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/fs/write/mutation.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
using Verdict = Capability::Verdict;
namespace fs = std::filesystem;

const Capability& capability(const TargetProbe& probe, std::string_view slug) {
  for (const Capability& each : probe.capabilities) {
    if (each.slug == slug) {
      return each;
    }
  }
  static const Capability none{"", "", Verdict::NotTested, "no such capability"};
  return none;
}

std::string failures(const TargetProbe& probe) {
  std::string text;
  for (const Capability& each : probe.capabilities) {
    if (each.verdict != Verdict::Ok) {
      text +=
          std::string(each.slug) + " " + std::string(capability_verdict_name(each.verdict)) + ": " + each.detail + "\n";
    }
  }
  return text;
}

// A filesystem in a file, mounted for the time of a test.
class Mounted {
 public:
  Mounted(const std::string& type, const std::string& make, const std::string& options = "loop")
      : point_(temp_.path() + "/mnt") {
    temp_.make_dir("mnt");
    const std::string image = temp_.path() + "/image";
    const std::string command = type == "tmpfs" ? "mount -t tmpfs -o size=64m none '" + point_ + "' 2>/dev/null"
                                                : "truncate -s 400M '" + image + "' && " + make + " '" + image +
                                                      "' >/dev/null 2>&1 && mount -t " + type + " -o " + options +
                                                      " '" + image + "' '" + point_ + "' 2>/dev/null";
    mounted_ = ::geteuid() == 0 && std::system(command.c_str()) == 0;  // NOLINT: a test's own command
  }
  ~Mounted() {
    if (mounted_) {
      ::umount2(point_.c_str(), MNT_DETACH);
    }
  }
  Mounted(const Mounted&) = delete;
  Mounted& operator=(const Mounted&) = delete;

  bool mounted() const { return mounted_; }
  const std::string& point() const { return point_; }

 private:
  TempRoot temp_;
  std::string point_;
  bool mounted_ = false;
};

TEST(TargetProbe, FilesystemsForDockerAreAble) {
  for (const auto& [type, make] :
       {std::pair("ext4", "mkfs.ext4 -q -F"), std::pair("xfs", "mkfs.xfs -q -f"), std::pair("tmpfs", "")}) {
    const Mounted mounted(type, make);
    if (!mounted.mounted()) {
      GTEST_LOG_(INFO) << type << " cannot be mounted here";
      continue;
    }
    const Root root = *Root::open(mounted.point());
    const Result<TargetProbe> probe = probe_target(root);
    ASSERT_TRUE(probe) << probe.error().message();
    EXPECT_EQ(probe->filesystem, type);
    EXPECT_TRUE(probe->able()) << failures(*probe);
    EXPECT_GT(probe->facts.block_bytes, 0U);
    for (const char* slug : {"d-type", "trusted-xattrs", "capabilities", "device-nodes", "hard-links", "any-names"}) {
      EXPECT_EQ(capability(*probe, slug).verdict, Verdict::Ok) << type << ": " << failures(*probe);
    }
    EXPECT_NE(capability(*probe, "overlay-mount").verdict, Verdict::Fatal) << failures(*probe);
    EXPECT_EQ(capability(*probe, "filesystem").verdict, type == std::string("tmpfs") ? Verdict::Warning : Verdict::Ok);
    for (const fs::directory_entry& entry : fs::directory_iterator(mounted.point())) {
      EXPECT_EQ(entry.path().filename(), "lost+found");
    }
  }
}

TEST(TargetProbe, WhatIsMissingIsNamed) {
  const Mounted plain("ext4", "mkfs.ext4 -q -F -I 128", "loop,nodev,nosuid");
  if (!plain.mounted()) {
    GTEST_SKIP() << "needs root and loop mounts";
  }
  const Result<TargetProbe> probe = probe_target(*Root::open(plain.point()));
  ASSERT_TRUE(probe);
  EXPECT_EQ(capability(*probe, "times").verdict, Verdict::Warning);
  EXPECT_EQ(capability(*probe, "mount-options").verdict, Verdict::Warning);
  EXPECT_NE(capability(*probe, "mount-options").detail.find("nodev, nosuid"), std::string::npos);
  EXPECT_TRUE(probe->able()) << failures(*probe);
}

TEST(TargetProbe, AFilesystemWithoutOwnersIsRefused) {
  const Mounted fat("vfat", "mkfs.vfat");
  if (!fat.mounted()) {
    GTEST_SKIP() << "needs root and vfat";
  }
  const Result<TargetProbe> probe = probe_target(*Root::open(fat.point()));
  ASSERT_TRUE(probe);
  EXPECT_FALSE(probe->able());
  for (const char* slug : {"filesystem", "owners", "symbolic-links", "case"}) {
    EXPECT_EQ(capability(*probe, slug).verdict, Verdict::Fatal) << slug;
  }
  EXPECT_TRUE(fs::is_empty(fat.point()));
}

TEST(TargetProbe, AReadOnlyTargetIsNotTouched) {
  const Mounted mounted("ext4", "mkfs.ext4 -q -F", "loop,ro");
  if (!mounted.mounted()) {
    GTEST_SKIP() << "needs root and loop mounts";
  }
  const Result<TargetProbe> probe = probe_target(*Root::open(mounted.point()));
  ASSERT_TRUE(probe);
  EXPECT_FALSE(probe->able());
  EXPECT_EQ(capability(*probe, "mount-options").verdict, Verdict::Fatal);
  EXPECT_EQ(capability(*probe, "device-nodes").verdict, Verdict::NotTested);
}

TEST(TargetProbe, LookingWritesNothing) {
  const TempRoot temp;
  temp.write("file", "x");
  const Result<Snapshot> before = take_snapshot(temp.path());
  const Result<TargetProbe> probe = survey_target(temp.open());
  ASSERT_TRUE(probe);
  EXPECT_EQ(capability(*probe, "owners").verdict, Verdict::NotTested);
  EXPECT_EQ(difference(*before, *take_snapshot(temp.path())), "");
}

TEST(TargetProbe, WhatAKilledRunLeftIsRemoved) {
  const TempRoot temp;
  temp.write(".docker-fsck/trial/d-type/file", "x");
  const Result<TargetProbe> probe = probe_target(temp.open(), {.mount_overlay = false});
  ASSERT_TRUE(probe) << probe.error().message();
  EXPECT_TRUE(fs::is_empty(temp.path()));
  EXPECT_EQ(capability(*probe, "overlay-mount").verdict, Verdict::NotTested);
}

// Fails every call of one name.
class Refuse : public MutationHook {
 public:
  Refuse(std::string_view call, int code) : call_(call), code_(code) {}
  int before(std::string_view call) override { return call == call_ ? code_ : 0; }
  void after(std::string_view) override {}

 private:
  std::string_view call_;
  int code_;
};

TEST(TargetProbe, EachRefusalIsFatalByItself) {
  for (const auto& [call, slug] : {std::pair("linkat", "hard-links"), std::pair("mknodat", "device-nodes"),
                                   std::pair("symlinkat", "symbolic-links")}) {
    const TempRoot temp;
    Refuse hook(call, EPERM);
    set_mutation_hook(&hook);
    const Result<TargetProbe> probe = probe_target(temp.open(), {.mount_overlay = false});
    set_mutation_hook(nullptr);
    ASSERT_TRUE(probe);
    EXPECT_EQ(capability(*probe, slug).verdict, Verdict::Fatal);
    EXPECT_FALSE(probe->able());
    EXPECT_TRUE(fs::is_empty(temp.path()));
  }
}

}  // namespace
}  // namespace dfsck
