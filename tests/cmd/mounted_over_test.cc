// A filesystem that is mounted inside of a layer's directory hides files of the layer: that is said, and nothing is
// called damage or repaired for it.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/base/shell_word.h"
#include "tests/support/case_files.h"
#include "tests/support/lasting_snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

struct Ran {
  int exit_code = 0;
  std::string out;
};

// In a mount namespace of its own, which takes all mounts along.
class MountedOver : public testing::Test {
 protected:
  void SetUp() override {
    static const bool apart = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!apart) {
      GTEST_SKIP() << "filesystems cannot be mounted here";
    }
  }
  void TearDown() override {
    if (!mounted_.empty()) {
      ::umount2(mounted_.c_str(), MNT_DETACH);
    }
  }

  void build(const std::string& file) const {
    const Result<RecipeNames> names = test::build_case(file, root());
    ASSERT_TRUE(names) << names.error().message();
  }

  std::string root() const { return scratch_.path() + "/root"; }
  std::string diff() const { return root() + "/overlay2/" + std::string(64, '2') + "/diff"; }

  void mount_at(const std::string& place, const char* type, const std::string& source, unsigned long flags) {
    ASSERT_EQ(::mount(source.c_str(), place.c_str(), type, flags, nullptr), 0);
    mounted_ = place;
  }
  void unmount() {
    ASSERT_EQ(::umount2(mounted_.c_str(), MNT_DETACH), 0);
    mounted_.clear();
  }

  Ran check(const std::string& mode) const {
    const char* given = std::getenv("DOCKER_FSCK");
    const std::string program =
        given != nullptr ? given : (fs::read_symlink("/proc/self/exe").parent_path() / "docker-fsck").string();
    const std::string line =
        shell_word(program) + " " + mode + " --no-trunc --progress none " + shell_word(root()) + " 2>&1 </dev/null";
    FILE* const pipe = ::popen(line.c_str(), "r");
    Ran ran;
    std::array<char, 4096> buffer{};
    for (size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
      ran.out.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
  }

  test::TempRoot scratch_;
  std::string mounted_;
};

TEST_F(MountedOver, WhatIsHiddenIsNoDamage) {
  build("good/plain.case");
  const Snapshot before = test::lasting_snapshot(root(), test::OwnDirectory::OmittedEntry);
  for (const std::string& place : {diff() + "/srv", diff()}) {
    SCOPED_TRACE(place);
    mount_at(place, "tmpfs", "dfsck-test", 0);
    for (const char* mode : {"-n", "--quick -n", "-p", "-y"}) {
      SCOPED_TRACE(mode);
      const Ran ran = check(mode);
      EXPECT_EQ(ran.exit_code, 8) << ran.out;
      EXPECT_NE(ran.out.find("DF0142 warning content-mounted-over"), std::string::npos) << ran.out;
      EXPECT_NE(ran.out.find("umount " + place + " shows what lies below"), std::string::npos) << ran.out;
      EXPECT_NE(ran.out.find("found: 0 errors, 1 warning"), std::string::npos) << ran.out;
    }
    unmount();
    EXPECT_EQ(test::lasting_snapshot(root(), test::OwnDirectory::OmittedEntry), before);
    EXPECT_EQ(check("-n").exit_code, 0);
  }
}

TEST_F(MountedOver, AMountThatShowsTheRightFilesHidesNothing) {
  build("good/plain.case");
  mount_at(diff() + "/srv", nullptr, diff() + "/srv", MS_BIND);
  const Ran ran = check("-n");
  EXPECT_EQ(ran.exit_code, 0) << ran.out;
}

TEST_F(MountedOver, WhatIsBesideItIsJudged) {
  build("content/file-missing.case");
  fs::create_directory(diff() + "/mnt");
  mount_at(diff() + "/mnt", "tmpfs", "dfsck-test", 0);
  const Ran ran = check("-n");
  EXPECT_EQ(ran.exit_code, 12) << ran.out;
  EXPECT_NE(ran.out.find("DF0926 error layer-bytes-lost"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("DF0142 warning content-mounted-over"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace dfsck
