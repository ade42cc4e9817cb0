// A repair that is given a hostile donor says so in one line and changes nothing, in the root or beside it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "cmd/program.h"
#include "tests/support/case_files.h"
#include "tests/support/compress.h"
#include "tests/support/donor_builder.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"

namespace dfsck {
namespace {

using namespace test;

class HostileDonors : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    const Result<RecipeNames> built = build_case("content/file-missing.case", root());
    ASSERT_TRUE(built) << built.error().message();
  }

  std::string root() const { return temp_.path() + "/root"; }

  // Repairs with this donor; what is on stderr. Everything below the test's directory must stay as it is.
  std::string repaired_with(const std::string& bytes, int exit_code) const {
    temp_.write("donor.tar", bytes);
    const Result<Snapshot> before = take_snapshot(temp_.path());
    const Output output = run_program({"--preen", "--progress", "none", "--from", temp_.path() + "/donor.tar", root()});
    const Result<Snapshot> after = take_snapshot(temp_.path());
    EXPECT_TRUE(before && after && *before == *after)
        << (before && after ? difference(*before, *after) : "no snapshot");
    EXPECT_EQ(output.exit_code, exit_code) << output.out << output.err;
    EXPECT_EQ(std::count(output.err.begin(), output.err.end(), '\n'), 1) << output.err;
    return output.err;
  }
  std::string repaired_with(const std::function<void(Members&)>& change, int exit_code = 8) const {
    Members members = legacy_archive(sample_image({"one", "two"}), "app:1");
    change(members);
    return repaired_with(make_tar(members).bytes, exit_code);
  }

  TempRoot temp_;
};

TEST_F(HostileDonors, PathsThatLeadOut) {
  for (const char* name : {"../evil", "a/../../evil", "/etc/passwd"}) {
    const std::string said = repaired_with([&](Members& members) { members.push_back({.name = name, .data = "x"}); });
    EXPECT_NE(said.find("leads out of the archive"), std::string::npos) << said;
  }
}

TEST_F(HostileDonors, LinksThatLeadOut) {
  for (const char type : {'1', '2'}) {
    const std::string said = repaired_with(
        [&](Members& members) { members.push_back({.name = "d/l", .type = type, .link = "../../../etc/passwd"}); });
    EXPECT_NE(said.find("is a link that leads out of the archive"), std::string::npos) << said;
  }
}

TEST_F(HostileDonors, SizesThatLie) {
  std::string bytes = make_tar(legacy_archive(sample_image({"one"}), "app:1")).bytes;
  const std::string size = "77777777777";  // 8 GiB
  bytes.replace(124, size.size(), size);
  repaired_with(bytes, 8);
}

TEST_F(HostileDonors, StreamsThatAreCutOff) {
  const std::string bytes = make_tar(legacy_archive(sample_image({"one"}), "app:1")).bytes;
  repaired_with(bytes.substr(0, bytes.size() / 2), 8);
  repaired_with(compressed(bytes, Compression::Gzip).substr(0, 300), 8);
}

TEST_F(HostileDonors, Bombs) {
  // One member of 5 GB in half a megabyte.
  std::string gigabytes = compressed(tar_block({.name = "zeros"}, 5'000'000'000), Compression::Zstd);
  const std::string zeros = compressed(std::string(100'000'000, '\0'), Compression::Zstd);
  for (int i = 0; i < 50; ++i) {
    gigabytes += zeros;
  }
  const std::string said = repaired_with(gigabytes, 8);
  EXPECT_NE(said.find("is a decompression bomb"), std::string::npos) << said;
}

TEST_F(HostileDonors, ALayerThatIsNotThereIsNamed) {
  const std::string said = repaired_with(
      [](Members& members) {
        members.erase(std::find_if(members.begin(), members.end(),
                                   [](const TarMember& some) { return some.name.ends_with("/layer.tar"); }));
      },
      4);
  EXPECT_NE(said.find("of a donor not used: "), std::string::npos) << said;
}

}  // namespace
}  // namespace dfsck
