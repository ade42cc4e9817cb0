// Hostile archives through the command itself: each is refused in one clear line, with a root that stays what it was,
// whether it is empty, populated or not there at all.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "cmd/options/exit_codes.h"
#include "cmd/program.h"
#include "tests/support/donor_builder.h"
#include "tests/support/hostile_archives.h"
#include "tests/support/lasting_snapshot.h"
#include "tests/support/repair_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

class LoadHostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "layers are unpacked as root only";
    }
    use_fast_temporary_directory();
    files_.emplace();
  }

  Output load(const std::string& root, const std::vector<std::string>& more) const {
    std::vector<std::string> args{"load", "--progress", "none", "-j2", "--root", root, "-i", files_->path() + "/a.tar"};
    args.insert(args.end(), more.begin(), more.end());
    return run_program(args);
  }

  void expect_refused(const HostileArchive& hostile, const std::string& root) const {
    SCOPED_TRACE(hostile.name);
    const Output output = load(root, {"--yes"});
    EXPECT_EQ(output.exit_code, kExitFailed) << output.out << output.err;
    EXPECT_NE(output.err.find(hostile.said), std::string::npos) << output.err;
    EXPECT_NE(output.err.find("nothing was changed"), std::string::npos) << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    EXPECT_EQ(output.err.find('\x1b'), std::string::npos) << output.err;
    EXPECT_LT(output.err.size(), 1200U) << output.err;
  }

  std::optional<TempRoot> files_;
};

// Made once: some are large.
const std::vector<HostileArchive>& layers() {
  static const std::vector<HostileArchive> kLayers = hostile_layers();
  return kLayers;
}

const std::vector<HostileArchive>& all_of_them() {
  static const std::vector<HostileArchive> kAll = [] {
    std::vector<HostileArchive> all = layers();
    for (HostileArchive& archive : hostile_manifests()) {
      all.push_back(std::move(archive));
    }
    return all;
  }();
  return kAll;
}

TEST_F(LoadHostileTest, TheCorpusIsLarge) { EXPECT_GE(all_of_them().size(), 90U); }

TEST_F(LoadHostileTest, ADirectoryThatIsNotThereIsNotMade) {
  const TempRoot temp;
  for (const HostileArchive& hostile : all_of_them()) {
    files_->write("a.tar", hostile.bytes);
    expect_refused(hostile, temp.path() + "/new");
    EXPECT_FALSE(std::filesystem::exists(temp.path() + "/new")) << hostile.name;
  }
}

TEST_F(LoadHostileTest, AnEmptyRootStaysEmpty) {
  const TempRoot temp;
  const Snapshot before = lasting_snapshot(temp.path(), OwnDirectory::Shown);
  for (const HostileArchive& hostile : layers()) {
    files_->write("a.tar", hostile.bytes);
    expect_refused(hostile, temp.path());
    EXPECT_EQ(difference(before, lasting_snapshot(temp.path(), OwnDirectory::Shown)), "") << hostile.name;
  }
}

TEST_F(LoadHostileTest, APopulatedRootStaysWhatItIs) {
  const TempRoot temp;
  files_->write("a.tar", make_tar(hybrid_archive(sample_image({"one", "good"}), "good:1")).bytes);
  ASSERT_EQ(load(temp.path(), {"--yes"}).exit_code, kExitClean);
  const Snapshot before = lasting_snapshot(temp.path(), OwnDirectory::Shown);
  for (const HostileArchive& hostile : all_of_them()) {
    files_->write("a.tar", hostile.bytes);
    expect_refused(hostile, temp.path());
    EXPECT_EQ(difference(before, lasting_snapshot(temp.path(), OwnDirectory::Shown)), "") << hostile.name;
    if (HasFailure()) {
      return;
    }
  }
}

// What needs no tree is seen by a dry run too.
TEST_F(LoadHostileTest, ADryRunRefusesWrongDigestsAndNames) {
  const TempRoot temp;
  for (const HostileArchive& hostile : hostile_manifests()) {
    files_->write("a.tar", hostile.bytes);
    SCOPED_TRACE(hostile.name);
    const Output output = load(temp.path(), {"--dry-run"});
    EXPECT_EQ(output.exit_code, kExitFailed) << output.out;
    EXPECT_NE(output.err.find(hostile.said), std::string::npos) << output.err;
  }
}

}  // namespace
}  // namespace dfsck::test
