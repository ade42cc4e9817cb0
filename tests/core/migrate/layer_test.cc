// Layers that are verified while they are copied: the verdict is that of a check, and everything arrives.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/fs/read_fault.h"
#include "tests/support/awkward_tree.h"
#include "tests/support/layer_on_disk.h"
#include "tests/support/repair_tree.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;
using State = LayerVerdict::State;

std::vector<TarMember> members() {
  return {
      {.name = "bin/", .type = '5', .mode = 0755},
      {.name = "bin/tool", .mode = 04755, .data = payload(600'000)},
      {.name = "bin/hard", .type = '1', .mode = 04755, .link = "bin/tool"},
      {.name = "bin/sh", .type = '2', .mode = 0777, .link = "/bin/tool"},
      {.name = "etc/", .type = '5', .mode = 0750, .uid = 7, .gid = 8},
      {.name = "etc/empty", .mode = 0600, .uid = 7},
      {.name = "etc/passwd", .mode = 0644, .data = payload(900)},
      {.name = "etc/.wh.gone", .mode = 0},
      {.name = "dev/null", .type = '3', .mode = 0666, .major = 1, .minor = 3},
      {.name = "lib64", .type = '2', .mode = 0777, .link = "bin"},
      {.name = "lib64/through", .mode = 0640, .data = "through a link"},
      {.name = "var/", .type = '5', .mode = 01777},
      {.name = "var/.wh..wh..opq", .mode = 0},
      {.name = "var/new", .data = payload(4096)},
  };
}

// Counts what is written of which file's bytes.
class WriteCounter : public MutationHook {
 public:
  WriteCounter() { set_mutation_hook(this); }
  ~WriteCounter() override { set_mutation_hook(nullptr); }
  int before(std::string_view call) override {
    made += call == "openat" ? 1 : 0;
    return 0;
  }
  void after(std::string_view) override {}
  std::atomic<size_t> made{0};  // by any thread
};

// One file that cannot be read from byte 300,000 to 300,099.
class BadBlock : public ReadFault {
 public:
  explicit BadBlock(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    inode_ = info.st_ino;
    set_read_fault(this);
  }
  ~BadBlock() override { set_read_fault(nullptr); }
  int strike(int file, uint64_t offset, size_t size) override {
    struct stat info {};
    const bool here = ::fstat(file, &info) == 0 && info.st_ino == inode_;
    return here && offset < 300'100 && offset + size > 300'000 ? EIO : 0;
  }

 private:
  ino_t inode_ = 0;
};

// What is left of such a file: a hole of one block.
std::string with_hole(std::string bytes) {
  constexpr size_t kBlock = 4096;
  return bytes.replace(300'000 / kBlock * kBlock, kBlock, std::string(kBlock, '\0'));
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class CopyLayerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = why_no_layers(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
  }

  // The unit of the layer is the directory that diff/ lies in, or diff/ itself at the top of the root.
  static std::vector<MigrationUnit> units_of(const LayerOnDisk& layer) {
    const RelPath above = layer.input.diff_dir.parent();
    return {{.path = above.is_root() ? layer.input.diff_dir : above,
             .kind = MigrationUnit::Kind::Layer,
             .layer = layer.input,
             .omit = {},
             .expected_bytes = 0}};
  }
  static Snapshot part(const Snapshot& whole, const LayerOnDisk& layer) {
    const std::string below = units_of(layer)[0].path.bytes();
    Snapshot shape;
    for (const auto& [path, text] : whole) {
      if (path.starts_with(below)) {
        shape[path] = text;
      }
    }
    return shape;
  }
  static void expect_copied(const LayerOnDisk& layer, const TempRoot& target) {
    EXPECT_EQ(difference(part(shape_of_source(layer.root.path()), layer), part(shape_of(target.path()), layer)), "");
  }
};

TEST_F(CopyLayerTest, VerifiedWhileCopied) {
  const LayerOnDisk layer(members());
  for (const unsigned jobs : {1U, 3U}) {
    for (const CopyVerify verify : {CopyVerify::None, CopyVerify::Copy, CopyVerify::Full}) {
      const TempRoot target;
      const WriteCounter counter;
      const auto result = migrate(layer.root.path(), target.path(), {.jobs = jobs, .verify = verify}, units_of(layer));
      ASSERT_TRUE(result) << result.error().message();
      ASSERT_FALSE(result->stopped);
      EXPECT_TRUE(result->units[0].problems.empty());
      EXPECT_EQ(result->units[0].verdict.has_value(), verify != CopyVerify::None);
      if (result->units[0].verdict) {
        EXPECT_EQ(result->units[0].verdict->state, State::Verified) << issues_of(*result->units[0].verdict);
      }
      EXPECT_EQ(result->units[0].files, 6U);
      EXPECT_EQ(result->units[0].links, 1U);
      EXPECT_EQ(counter.made, 6U) << "five files and the journal";
      expect_copied(layer, target);
      // And again: nothing to do, the same verdict.
      const auto again = migrate(layer.root.path(), target.path(), {.jobs = jobs, .verify = verify}, units_of(layer));
      ASSERT_TRUE(again);
      EXPECT_EQ(again->units[0].state, UnitResult::State::AlreadyDone);
      EXPECT_EQ(again->units[0].verdict.has_value(), verify != CopyVerify::None);
      if (again->units[0].verdict) {
        EXPECT_EQ(again->units[0].verdict->state, State::Verified);
      }
    }
  }
}

TEST_F(CopyLayerTest, DamageIsToldAndCopied) {
  const LayerOnDisk layer(members());
  std::ofstream(layer.path("bin/tool"), std::ios::binary | std::ios::in | std::ios::out).seekp(1000) << "XX";
  std::ofstream(layer.path("etc/passwd"), std::ios::binary);  // emptied
  std::ofstream(layer.path("extra")) << "more";
  fs::remove(layer.path("var/new"));
  for (const bool keep_going : {false, true}) {
    const TempRoot target;
    std::vector<MigrationUnit> units = units_of(layer);
    units[0].expected_bytes = 10;
    layer.root.write("other/file", "x");
    units.push_back({.path = "other", .kind = MigrationUnit::Kind::Tree, .layer = {}, .omit = {}, .expected_bytes = 1});
    const Root source = layer.root.open();
    const Root copy = target.open();
    const Cancel never;
    Progress progress;
    Result<UnitMigration> migration = UnitMigration::begin(source, copy, units, {}, never, progress);
    ASSERT_TRUE(migration);
    ASSERT_TRUE(migration->copy_layers());
    const bool goes_on = keep_going || !migration->so_far()[0].loses_data();
    const auto result =
        std::optional(migration->finish(goes_on ? UnitMigration::Rest::Copy : UnitMigration::Rest::Leave));
    ASSERT_TRUE(result->units[0].verdict);
    EXPECT_EQ(issues_of(*result->units[0].verdict), issues_of(layer.verify()));
    EXPECT_EQ(result->units[0].verdict->state, State::Damaged);
    EXPECT_TRUE(result->units[0].loses_data());
    EXPECT_EQ(result->units[1].state, keep_going ? UnitResult::State::Copied : UnitResult::State::NotReached);
    EXPECT_EQ(result->all_reached(), keep_going);
    expect_copied(layer, target);
    const auto again = migrate(layer.root.path(), target.path(), {}, units);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->units[0].state, UnitResult::State::AlreadyDone);
    EXPECT_EQ(issues_of(*again->units[0].verdict), issues_of(layer.verify()));
  }
}

TEST_F(CopyLayerTest, WhatCannotBeReadIsAHoleAndIsTriedAgain) {
  const LayerOnDisk layer(members());
  for (const CopyVerify verify : {CopyVerify::None, CopyVerify::Copy, CopyVerify::Full}) {
    SCOPED_TRACE(static_cast<int>(verify));
    const TempRoot target;
    const std::string copied = target.path() + "/overlay2/own/diff/bin/tool";
    for (int run = 0; run < 2; ++run) {
      const BadBlock bad(layer.path("bin/tool"));
      const auto result = migrate(layer.root.path(), target.path(), {.verify = verify}, units_of(layer));
      ASSERT_TRUE(result);
      ASSERT_FALSE(result->stopped);
      const UnitResult& unit = result->units[0];
      EXPECT_EQ(unit.state, UnitResult::State::Copied);
      ASSERT_FALSE(unit.problems.empty());
      EXPECT_EQ(unit.problems[0].kind, CopyProblem::Kind::LostBytes);
      // By whichever of its names it was met first.
      EXPECT_TRUE(unit.problems[0].path.ends_with("/bin/tool") || unit.problems[0].path.ends_with("/bin/hard"));
      EXPECT_EQ(unit.problems[0].code, EIO);
      EXPECT_EQ(unit.problems[0].lost, 4096U);
      EXPECT_TRUE(unit.loses_data());
      EXPECT_TRUE(bytes_of(copied) == with_hole(payload(600'000)));
      EXPECT_TRUE(fs::exists(target.path() + "/overlay2/own/diff/var/new"));
    }
    // The disk has a good day.
    const auto result = migrate(layer.root.path(), target.path(), {.verify = verify}, units_of(layer));
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->units[0].problems.empty());
    EXPECT_TRUE(bytes_of(copied) == payload(600'000));
    expect_copied(layer, target);
  }
}

TEST_F(CopyLayerTest, WithoutReferenceItIsCopiedAllTheSame) {
  const LayerOnDisk layer(members());
  layer.write_tar_split("garbage");
  const TempRoot target;
  const auto result = migrate(layer.root.path(), target.path(), {}, units_of(layer));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->units[0].verdict->state, State::NoReference);
  expect_copied(layer, target);
}

TEST_F(CopyLayerTest, KilledAnywhereAndResumed) {
  use_fast_temporary_directory();
  const LayerOnDisk layer(members());
  const Snapshot wanted = part(shape_of_source(layer.root.path()), layer);
  for (size_t at = 1;; at += 3) {
    SCOPED_TRACE(at);
    const TempRoot target;
    size_t calls = 0;
    {
      const CallCounter counter(CallCounter::Act::FailFromThere, at, ENOSPC);
      const auto result = migrate(layer.root.path(), target.path(), {}, units_of(layer));
      calls = counter.calls();
    }
    const auto resumed = migrate(layer.root.path(), target.path(), {.verify = CopyVerify::Full}, units_of(layer));
    ASSERT_TRUE(resumed) << resumed.error().message();
    EXPECT_FALSE(resumed->stopped);
    EXPECT_TRUE(resumed->units[0].problems.empty());
    EXPECT_EQ(resumed->units[0].verdict->state, State::Verified);
    ASSERT_EQ(difference(wanted, part(shape_of(target.path()), layer)), "");
    if (calls < at) {
      break;
    }
  }
}

}  // namespace
}  // namespace dfsck::test
