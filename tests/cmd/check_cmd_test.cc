// Running a check from the command line: which root, and what is said when there is none.
#include "cmd/check_cmd.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "cmd/options/default_root.h"
#include "cmd/process/report_file.h"
#include "cmd/program.h"
#include "cmd/render/root_label.h"
#include "tests/support/sample_report.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

std::string chosen(const RootEnvironment& environment) {
  const Result<DefaultRoot> root = default_root(environment);
  return root ? root->path : "error: " + root.error().message();
}

TEST(DefaultRoot, IsWhereTheDaemonKeepsItsData) {
  RootEnvironment environment{true, std::nullopt, "/home/u", "/data"};
  EXPECT_EQ(chosen(environment), "/var/lib/docker");
  environment.daemon_json = "{\"debug\": true}";
  EXPECT_EQ(chosen(environment), "/var/lib/docker");
  environment.daemon_json = "";
  EXPECT_EQ(chosen(environment), "/var/lib/docker");
  environment.daemon_json = "{\"data-root\": \"/big/docker\"}";
  EXPECT_EQ(chosen(environment), "/big/docker");
  environment.daemon_json = "{\"graph\": \"/old/docker\"}";
  EXPECT_EQ(chosen(environment), "/old/docker");
}

TEST(DefaultRoot, IsNotGuessedIfTheConfigurationCannotBeUnderstood) {
  const std::string message = chosen({true, "{\"data-root\": \"/big", "", ""});
  EXPECT_EQ(message.find("error: "), 0U);
  EXPECT_NE(message.find("/etc/docker/daemon.json"), std::string::npos);
}

TEST(DefaultRoot, OfAnOrdinaryUserIsTheRootlessOne) {
  EXPECT_EQ(chosen({false, "{\"data-root\": \"/big\"}", "/home/u", ""}), "/home/u/.local/share/docker");
  EXPECT_EQ(chosen({false, std::nullopt, "/home/u", "/data"}), "/data/docker");
  EXPECT_EQ(chosen({false, std::nullopt, "", ""}).find("error: "), 0U);
}

TEST(CheckCommand, NamesTheDirectoryThatDoesNotExist) {
  const Output output = run_program({"/no/such/root"});
  EXPECT_EQ(output.exit_code, 8);
  EXPECT_EQ(output.err, "docker-fsck: no such directory: /no/such/root\n");
  EXPECT_EQ(output.out, "");
  EXPECT_NE(run_program({"exlain"}).err.find("nor is there a command of that name"), std::string::npos);
  const Output json = run_program({"--format=json", "/no/such/root"});
  EXPECT_NE(json.out.find("\"message\": \"no such directory: /no/such/root\""), std::string::npos);
}

TEST(CheckCommand, SaysWhatMakesADockerRootWhereThereIsNone) {
  const test::TempRoot foreign;
  const Output output = run_program({"-n", foreign.path()});
  EXPECT_EQ(output.exit_code, 8);
  EXPECT_NE(output.err.find("this is no Docker root: it has neither image/<driver> nor"), std::string::npos)
      << output.err;
}

TEST(CheckCommand, ARootWithNothingButContainerdsStoreIsOne) {
  test::TempRoot root;
  root.make_dir("containerd/daemon/io.containerd.content.v1.content");
  root.make_dir("containers");
  const Output output = run_program({"-n", root.path()});
  EXPECT_EQ(output.exit_code, 8);
  EXPECT_NE(output.out.find("not checked: images and layers in the containerd image store containerd/daemon"),
            std::string::npos)
      << output.out << output.err;
}

TEST(RootLabel, TakesThePlaceOfThePathAndOfNothingElse) {
  SampleReport sample;
  sample.report.root = "/srv/docker";
  sample.report.failures = {"open /srv/docker/overlay2: Permission denied", "see /srv/docker2 and /srv/docker."};
  sample.report.below.push_back(sample.report);
  sample.report.below[0].root = "/srv/docker/1000.1000";
  const RootReport labelled = with_root_label(sample.report, "ROOT");
  EXPECT_EQ(labelled.root, "ROOT");
  EXPECT_EQ(labelled.failures[0], "open ROOT/overlay2: Permission denied");
  EXPECT_EQ(labelled.failures[1], "see /srv/docker2 and /srv/docker.");
  EXPECT_EQ(labelled.below[0].root, "ROOT/1000.1000");
}

class ReportFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "dfsck-report-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    ASSERT_EQ(::mkdir((directory_ + "/root").c_str(), 0700), 0);
  }
  void TearDown() override {
    ::unlink((directory_ + "/report").c_str());
    ::rmdir((directory_ + "/root").c_str());
    ::rmdir(directory_.c_str());
  }
  std::string contents() const {
    std::string bytes(100, '\0');
    FILE* file = std::fopen((directory_ + "/report").c_str(), "r");
    bytes.resize(file == nullptr ? 0 : std::fread(bytes.data(), 1, bytes.size(), file));
    if (file != nullptr) {
      std::fclose(file);
    }
    return bytes;
  }
  std::string directory_;
};

TEST_F(ReportFileTest, IsReplacedWhenTheReportIsThereAndNotBefore) {
  for (const std::string text : {"a long report", "short"}) {
    const std::string before = contents();
    Result<ReportFile> file = ReportFile::open(directory_ + "/report", {directory_ + "/root"});
    ASSERT_TRUE(file);
    EXPECT_EQ(contents(), before);
    EXPECT_TRUE(file->write(text));
    EXPECT_EQ(contents(), text);
  }
}

TEST_F(ReportFileTest, IsRefusedInsideTheRoot) {
  EXPECT_FALSE(ReportFile::open(directory_ + "/root/report", {directory_ + "/root"}));
  EXPECT_FALSE(ReportFile::open(directory_ + "/root/../root/report", {directory_ + "/root"}));
  EXPECT_NE(::access((directory_ + "/root/report").c_str(), F_OK), 0);
}

TEST_F(ReportFileTest, AFullDiskIsAnError) {
  Result<ReportFile> file = ReportFile::open("/dev/full", {directory_ + "/root"});
  ASSERT_TRUE(file);
  const Result<void> written = file->write("report");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "write report /dev/full: No space left on device");
}

}  // namespace
}  // namespace dfsck
