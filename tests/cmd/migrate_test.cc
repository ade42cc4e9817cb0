// docker-fsck migrate as a user meets it: what it refuses, what it says, what it writes and where.
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "cmd/program.h"
#include "core/codec/json/json.h"
#include "core/fs/write/mutation.h"
#include "core/migrate/target_file.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

class Migrating : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
  }

  void build(const std::string& file) {
    const Result<RecipeNames> built = test::build_case(file, source());
    ASSERT_TRUE(built) << built.error().message();
    const Result<Snapshot> snapshot = take_snapshot(source());
    ASSERT_TRUE(snapshot);
    before_ = *snapshot;
  }

  std::string source() const { return temp_.path() + "/source"; }
  std::string target() const { return temp_.path() + "/target"; }

  Output migrate(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"migrate", "--progress", "none", "--color", "never"};
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {source(), target()});
    Output output = run_program(words);
    const Result<Snapshot> after = take_snapshot(source());
    EXPECT_TRUE(after && before_ == *after) << (after ? difference(before_, *after) : "no snapshot");
    return output;
  }

  static bool says(const Output& output, const std::string& text) {
    return (output.out + output.err).find(text) != std::string::npos;
  }

  test::TempRoot temp_;
  Snapshot before_;
};

TEST_F(Migrating, ARootIsCopiedAndAHealthyOneStaysHealthy) {
  build("good/plain.case");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_TRUE(says(output, "verified: 3 layers of 3 proven by their digests")) << output.out;
  EXPECT_EQ(run_program({"-n", "--progress", "none", target()}).exit_code, 0);
  EXPECT_FALSE(fs::exists(target() + "/.docker-fsck/migration"));
}

TEST_F(Migrating, ADryRunWritesNothing) {
  build("good/plain.case");
  const Output output = run_program({"migrate", "--dry-run", "--progress", "none", source(), target()});
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_TRUE(says(output, "what travels:"));
  EXPECT_FALSE(fs::exists(target()));
}

// From "what travels" (or what stays behind) to what only one of them has.
std::string plan_in(const std::string& text) {
  const size_t from = std::min(text.find("\nSTAYS BEHIND"), text.find("\nwhat travels:"));
  const size_t to = std::min({text.find("\nLEFT IN THE TARGET"), text.find("\ncopied:"), text.find("\nexit code")});
  return from < to ? text.substr(from, to - from) : "none in: " + text;
}

TEST_F(Migrating, ADryRunAndARunSayTheSameOfWhatTravels) {
  build("good/everything.case");
  temp_.write("source/.docker-fsck/old/journal", "{\"record\":\"end\"}\n");
  before_ = *take_snapshot(source());
  const Output dry = run_program(
      {"migrate", "--dry-run", "--progress", "none", "--color", "never", "--exclude", "volumes", source(), target()});
  const Output done = migrate({"--exclude", "volumes"});
  EXPECT_EQ(plan_in(dry.out), plan_in(done.out));
  EXPECT_TRUE(says(dry, "STAYS BEHIND, and nothing makes it anew:\n  .docker-fsck")) << dry.out;
  EXPECT_TRUE(says(dry, "volumes/*: volumes are excluded")) << dry.out;
  EXPECT_LT(dry.out.find("STAYS BEHIND"), dry.out.find("what travels:"));
}

TEST_F(Migrating, BothSidesAreCountedAndCompared) {
  build("good/everything.case");
  const Output output = migrate({"--format", "json"});
  const Result<JsonValue> report = parse_json(output.out);
  ASSERT_TRUE(report) << output.out;
  const JsonValue& inventory = report->get("inventory");
  for (const char* kind :
       {"images", "tags", "layers", "containers", "writable_layers", "volumes", "networks", "plugins"}) {
    EXPECT_GT(inventory.get("source").get(kind).as_uint64().value_or(0), 0U) << kind;
    EXPECT_EQ(inventory.get("source").get(kind).as_uint64(), inventory.get("target").get(kind).as_uint64()) << kind;
  }
  EXPECT_TRUE(inventory.get("lacking").as_array()->empty());
  EXPECT_EQ(report->get("copied").get("layers").as_uint64(), report->get("copied").get("layers_verified").as_uint64());
}

// Takes something of the source away when the plan is made and nothing is copied yet.
class Taker : public MutationHook {
 public:
  explicit Taker(std::string path) : path_(std::move(path)) { set_mutation_hook(this); }
  ~Taker() override { set_mutation_hook(nullptr); }
  int before(std::string_view) override {
    std::error_code gone_already;
    fs::remove_all(path_, gone_already);
    return 0;
  }
  void after(std::string_view) override {}

 private:
  std::string path_;
};

TEST_F(Migrating, WhatIsNotInTheTargetIsNamedAndNothingIsSwitched) {
  for (const char* gone : {"volumes/data/_data/kept", "volumes/data"}) {
    SCOPED_TRACE(gone);
    build("good/everything.case");
    temp_.write("daemon.json", "{}\n");
    const std::string config = temp_.path() + "/daemon.json";
    const Taker taker(source() + "/" + gone);
    const Output output = run_program({"migrate", "--progress", "none", "--color", "never", "--keep-going", "--switch",
                                       "--daemon-config", config, source(), target()});
    EXPECT_NE(output.exit_code & 4, 0) << output.out;
    EXPECT_TRUE(says(output, "THE TARGET LACKS:\n  volume data: ")) << output.out;
    EXPECT_TRUE(says(output, "the target lacks things that the source has")) << output.out;
    EXPECT_FALSE(says(output, "can be removed")) << output.out;
    EXPECT_EQ(fs::file_size(config), 3U);
    fs::remove_all(source());
    fs::remove_all(target());
  }
}

TEST_F(Migrating, DriversWhoseLayersAreNoFilesAreRefusedWithWhatWorks) {
  build("root/layers-not-checked.case");
  std::string before = "vfs";
  for (const std::string driver : {"btrfs", "zfs", "devicemapper", "windowsfilter"}) {
    fs::rename(source() + "/" + before, source() + "/" + driver);
    fs::rename(source() + "/image/" + before, source() + "/image/" + driver);
    before = driver;
    before_ = *take_snapshot(source());
    const Output dry = run_program({"migrate", "--dry-run", "--progress", "none", source(), target()});
    const Output output = migrate();
    for (const Output* each : {&dry, &output}) {
      EXPECT_EQ(each->exit_code, 8) << each->out;
      EXPECT_TRUE(says(*each, "layers of the storage driver " + driver + " cannot be moved")) << each->out;
      EXPECT_TRUE(says(*each, "docker save -o images.tar")) << each->out;
    }
    EXPECT_FALSE(fs::exists(target()));
  }
}

TEST_F(Migrating, LayersOfAnotherDriverBesideTheRootsOwnAreNotLeftBehindInSilence) {
  build("good/plain.case");
  temp_.write("source/btrfs/subvolumes/x/file", "x");
  before_ = *take_snapshot(source());
  const Output refused = migrate();
  EXPECT_EQ(refused.exit_code, 8) << refused.out;
  EXPECT_TRUE(says(refused, "move btrfs and image/btrfs out of the source")) << refused.out;
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Migrating, PlainTreesOfOtherDriversAreCopiedWholeAndSaidToBeUnverified) {
  build("root/layers-not-checked.case");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code & ~8, 0) << output.out;
  EXPECT_TRUE(says(output, "the layers of vfs in vfs are copied whole, as they are, and unverified")) << output.out;
  EXPECT_TRUE(says(output, "verified: 0 layers of 2 proven by their digests; layers of vfs are not")) << output.out;
  // Tests may run in memory, and what was copied there is no reason to remove anything.
  EXPECT_TRUE(says(output, "can be removed") || says(output, "lies in memory")) << output.out;
  for (const fs::directory_entry& layer : fs::directory_iterator(source() + "/vfs/dir")) {
    EXPECT_TRUE(fs::exists(target() + "/vfs/dir/" + layer.path().filename().string()));
  }
}

TEST_F(Migrating, ImagesInAContainerdStoreStayBehindOnlyWhereThatIsWanted) {
  build("root/containerd-store-not-checked-both.case");
  const Output refused = migrate();
  EXPECT_EQ(refused.exit_code, 8) << refused.out;
  EXPECT_TRUE(says(refused, "images are in a containerd image store, in containerd/daemon")) << refused.out;
  EXPECT_TRUE(says(refused, "--without-containerd-store")) << refused.out;
  EXPECT_FALSE(fs::exists(target()));

  const Output output = migrate({"--without-containerd-store"});
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_TRUE(says(output, "\n  containerd/daemon/*: the containerd image store")) << output.out;
  EXPECT_LT(output.out.find("containerd/daemon/*"), output.out.find("what travels:"));
  EXPECT_TRUE(fs::is_empty(target() + "/containerd/daemon"));
}

TEST_F(Migrating, LinksInVolumesThatLeadToTheOldPlaceAreListedAndKept) {
  build("good/everything.case");
  const std::string inside = source() + "/volumes/data/_data/kept";
  temp_.make_symlink("source/volumes/data/_data/inside", inside);
  temp_.make_symlink("source/volumes/data/_data/elsewhere", "/etc/passwd");
  before_ = *take_snapshot(source());
  const Output output = migrate();
  EXPECT_TRUE(says(output, "volumes/data/_data/inside -> " + inside)) << output.out;
  EXPECT_FALSE(says(output, "elsewhere")) << output.out;
  EXPECT_EQ(fs::read_symlink(target() + "/volumes/data/_data/inside"), inside);
}

TEST_F(Migrating, TheDocumentIsValidAndTellsOfEverything) {
  build("good/plain.case");
  const Output output = migrate({"--format", "json"});
  const Result<JsonValue> report = parse_json(output.out);
  ASSERT_TRUE(report) << output.out;
  EXPECT_EQ(*report->get("schema").as_string(), "docker-fsck/migrate/1");
  EXPECT_EQ(*report->get("end").as_string(), "done");
  EXPECT_EQ(*report->get("target_check").get("root").as_string(), target());
}

TEST_F(Migrating, SafeDamageIsMendedInTheTargetAlone) {
  build("content/bit-flipped.case");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 1) << output.out;
  EXPECT_TRUE(says(output, "is mended in the target")) << output.out;
  EXPECT_EQ(run_program({"-n", "--progress", "none", target()}).exit_code, 0);
}

TEST_F(Migrating, ALayerThatNothingMendsStopsItAndKeepGoingDoesNot) {
  build("content/file-short.case");
  const Output stopped = migrate();
  EXPECT_EQ(stopped.exit_code, 4) << stopped.out;
  EXPECT_TRUE(says(stopped, "CANNOT be mended")) << stopped.out;
  EXPECT_TRUE(says(stopped, "srv/app of layer")) << stopped.out;
  EXPECT_TRUE(fs::exists(target() + "/.docker-fsck/migration"));

  const Output gone_on = migrate({"--keep-going"});
  EXPECT_EQ(gone_on.exit_code, 4) << gone_on.out;
  EXPECT_TRUE(says(gone_on, "LEFT IN THE TARGET")) << gone_on.out;
  EXPECT_FALSE(fs::exists(target() + "/.docker-fsck/migration"));
}

TEST_F(Migrating, OnlyAnEmptyTargetIsFilled) {
  build("good/plain.case");
  temp_.write("target/somebody's file", "precious");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "is not empty: somebody's file is there")) << output.out;
  EXPECT_EQ(std::distance(fs::directory_iterator(target()), fs::directory_iterator()), 1);
}

TEST_F(Migrating, SourceAndTargetMayNotLieInOneAnother) {
  build("good/plain.case");
  const Output output = run_program({"migrate", "--yes", "--progress", "none", source(), source() + "/inside"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "lies in the source")) << output.out;
}

TEST_F(Migrating, WhatWasBegunIsGoneOnWithOnlyWithTheSameChoices) {
  build("content/file-short.case");
  EXPECT_EQ(migrate().exit_code, 4);
  const Output output = migrate({"--exclude", "volumes"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "was begun with other choices")) << output.out;
}

TEST_F(Migrating, AgainItIsCompleteAndCopiesNothing) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  const Result<Snapshot> before = take_snapshot(target());
  const Output again = migrate();
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_TRUE(says(again, "complete: the source is as it was")) << again.out;
  EXPECT_TRUE(says(again, "copied: 0 files, 0 bytes in this run")) << again.out;
  EXPECT_TRUE(says(again, "verified: 3 layers of 3")) << again.out;
  EXPECT_EQ(difference(*before, *take_snapshot(target())), "");
  EXPECT_TRUE(says(migrate({"--dry-run"}), "complete: the source is as it was"));
}

TEST_F(Migrating, AgainItBringsTheTargetUpToDate) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  const std::string data = source() + "/volumes/data/_data";
  std::ofstream(data + "/new") << "new";
  const fs::path gone = *fs::directory_iterator(source() + "/containers");
  fs::remove_all(gone);
  before_ = *take_snapshot(source());
  const Output again = migrate();
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_FALSE(says(again, "complete:")) << again.out;
  EXPECT_TRUE(fs::exists(target() + "/volumes/data/_data/new"));
  EXPECT_FALSE(fs::exists(target() + "/containers/" + gone.filename().string()));
  EXPECT_TRUE(says(migrate(), "complete:"));
}

TEST_F(Migrating, ATargetThatWasUsedIsNotOverwritten) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  temp_.write("target/volumes/data/_data/written by a container", "precious");
  const Output complete = migrate();
  EXPECT_EQ(complete.exit_code, 0) << complete.out;
  EXPECT_TRUE(says(complete, "the target was used since (volumes changed)")) << complete.out;
  temp_.write("source/volumes/data/_data/new", "new");
  before_ = *take_snapshot(source());
  const Result<Snapshot> before = take_snapshot(target());
  const Output refused = migrate();
  EXPECT_EQ(refused.exit_code, 8) << refused.out;
  EXPECT_TRUE(says(refused, "has changed since its migration ended (volumes)")) << refused.out;
  EXPECT_EQ(difference(*before, *take_snapshot(target())), "");
}

TEST_F(Migrating, ATargetThatWasEmptiedSinceIsFilledAnew) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  for (const auto& entry : fs::directory_iterator(target())) {
    if (entry.path().filename() != ".docker-fsck") {
      fs::remove_all(entry.path());
    }
  }
  const Output again = migrate();
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_TRUE(says(again, "verified: 3 layers of 3")) << again.out;
  EXPECT_FALSE(says(again, "complete:")) << again.out;
}

TEST_F(Migrating, AnotherRootDoesNotGoWhereOneWasMigratedTo) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  ASSERT_TRUE(test::build_case("good/plain.case", temp_.path() + "/other"));
  const Output output = run_program({"migrate", "--progress", "none", temp_.path() + "/other", target()});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "holds what was migrated from " + source())) << output.out;
}

TEST_F(Migrating, OtherCommandsDoNotMindThatItWasMigrated) {
  build("good/plain.case");
  EXPECT_EQ(migrate().exit_code, 0);
  EXPECT_EQ(run_program({"-n", "--progress", "none", target()}).exit_code, 0);
  EXPECT_EQ(run_program({"-y", "--progress", "none", target()}).exit_code, 0);
  EXPECT_EQ(run_program({"history", target()}).exit_code, 0);
  EXPECT_EQ(run_program({"migrate", "--progress", "none", target(), temp_.path() + "/third"}).exit_code, 0);
}

TEST_F(Migrating, WhatATrialLeftThatWasKilledIsNothing) {
  build("good/plain.case");
  temp_.write("target/.docker-fsck/trial/d-type/file", "");
  const Output output = migrate();
  EXPECT_EQ(output.exit_code, 0) << output.out;
  EXPECT_FALSE(fs::exists(target() + "/.docker-fsck/trial"));
}

// Refuses what it is told to; each time.
class Refusing : public MutationHook {
 public:
  Refusing(std::string_view call, int code) : call_(call), code_(code) { set_mutation_hook(this); }
  ~Refusing() override { set_mutation_hook(nullptr); }
  int before(std::string_view call) override { return call == call_ ? code_ : 0; }
  void after(std::string_view) override {}

 private:
  std::string_view call_;
  int code_;
};

TEST_F(Migrating, ATargetThatIsNotAbleIsLeftAsItWas) {
  build("good/plain.case");
  for (const bool exists : {false, true}) {
    if (exists) {
      fs::create_directory(target());
    }
    const Refusing hook("mknodat", EPERM);
    const Output output = migrate();
    EXPECT_EQ(output.exit_code, 8) << output.out;
    EXPECT_EQ(fs::exists(target()), exists);
    EXPECT_TRUE(!exists || fs::is_empty(target()));
  }
}

TEST_F(Migrating, AnAttributeThatTheTargetRefusesIsANoteOfFilesThatAreRewrittenToo) {
  build("good/plain.case");
  const fs::path container = *fs::directory_iterator(source() + "/containers");
  const std::string config = container.string() + "/config.v2.json";
  ASSERT_EQ(::setxattr(config.c_str(), "user.note", "x", 1, 0), 0);
  before_ = *take_snapshot(source());
  const std::string path = "containers/" + container.filename().string() + "/config.v2.json";
  fs::create_directory(target());
  const fs::path made = target() + "/" + path;
  fs::create_directories(made.parent_path());
  {
    const Refusing hook("fsetxattr", EOPNOTSUPP);
    const auto written = write_target_file(*Root::open(source()), *Root::open(target()), *RelPath::parse(path), "{}");
    ASSERT_TRUE(written) << written.error().message();
    ASSERT_EQ(written->size(), 1U);
    EXPECT_EQ(written->front().path, path);
    EXPECT_EQ(written->front().kind, CopyProblem::Kind::Attribute);
  }
  EXPECT_EQ(fs::file_size(made), 2U);
  EXPECT_EQ(fs::last_write_time(made), fs::last_write_time(config));
}

TEST_F(Migrating, AReportLiesNeitherInTheSourceNorInTheTarget) {
  build("good/plain.case");
  fs::create_directory(target());
  fs::create_directory_symlink(source(), temp_.path() + "/link");
  fs::create_symlink(source() + "/report", temp_.path() + "/report");
  const fs::path before = fs::current_path();
  fs::current_path(temp_.path());
  for (const std::string& report : {source() + "/report", target() + "/report", temp_.path() + "/report"}) {
    for (const std::string& from : {source(), temp_.path() + "/link", std::string("source"), std::string("./link")}) {
      const Output output = run_program({"migrate", "--progress", "none", "--report", report, from, "target"});
      EXPECT_EQ(output.exit_code, 8) << report << " of " << from << output.out;
      EXPECT_TRUE(says(output, "it would lie inside")) << output.err;
    }
  }
  fs::current_path(before);
  EXPECT_TRUE(fs::is_empty(target()));
  EXPECT_EQ(difference(before_, *take_snapshot(source())), "");
}

TEST_F(Migrating, AnUnknownImageIsNamed) {
  build("good/plain.case");
  const Output output = migrate({"--images", "nobody:1"});
  EXPECT_EQ(output.exit_code, 8) << output.out;
  EXPECT_TRUE(says(output, "nobody:1")) << output.out;
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(Migrating, TheDaemonIsNotSwitchedToWhatIsNotWhole) {
  build("content/file-short.case");
  temp_.write("daemon.json", "{}\n");
  const std::string config = temp_.path() + "/daemon.json";
  migrate({"--switch", "--daemon-config", config});
  EXPECT_EQ(fs::file_size(config), 3U);
}

TEST_F(Migrating, OptionsThatContradictEachOtherAreRefused) {
  build("good/plain.case");
  EXPECT_EQ(migrate({"--live", "--switch"}).exit_code, 16);
  EXPECT_EQ(migrate({"--images", "app:1", "--exclude", "volumes"}).exit_code, 16);
  EXPECT_EQ(migrate({"--daemon-config", "/x"}).exit_code, 16);
  EXPECT_EQ(migrate({"--bwlimit", "fast"}).exit_code, 16);
  EXPECT_EQ(migrate({"--final-path", "relative"}).exit_code, 16);
  EXPECT_EQ(migrate({"--exclude", "images"}).exit_code, 16);
}

}  // namespace
}  // namespace dfsck
