// A run in which one group of steps fails, on one filesystem and on several: what depends on the failure goes back, all
// else is done, and a death at any moment leaves what recover can bring to exactly that, or to what was before.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/journal/history.h"
#include "core/journal/purge.h"
#include "core/journal/recover.h"
#include "core/journal/repair_run.h"
#include "core/journal/undo.h"
#include "core/plan/plan_json.h"
#include "core/plan/step_groups.h"
#include "tests/support/repair_tree.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {
namespace {

using Act = CallCounter::Act;
using GroupState = StepResult::State;

Cancel never_cancelled;

constexpr uint64_t kWrongSum = 1;

enum class Disks { One, Three };

// A tree, with overlay2 and volumes on filesystems of their own where that is wanted.
class GroupsTree {
 public:
  explicit GroupsTree(Disks disks) {
    for (const char* area : {"overlay2", "volumes"}) {
      temp_.make_dir(area);
      if (disks == Disks::Three) {
        const std::string path = temp_.path() + "/" + area;
        must(::mount("dfsck-test", path.c_str(), "tmpfs", 0, "size=16m") == 0, "mount");
        mounts_.push_back(path);
      }
    }
    temp_.write("overlay2/one/link", "old link");
    temp_.write("overlay2/two/diff/wrong", "to be moved aside");
    temp_.write("overlay2/three/diff/file", "to be restored");
    temp_.write("volumes/metadata.db", "old database");
    temp_.write("image/overlay2/repositories.json", "{");
    temp_.write("plain/good", "donor of bytes");
    for (const char* dir : {"overlay2/one", "overlay2/two/diff", "overlay2/three/diff", "overlay2/three",
                            "overlay2/two", "overlay2", "volumes", "image/overlay2", "image", "plain"}) {
      temp_.set_mtime(dir, 1'600'000'000);
    }
  }
  ~GroupsTree() {
    for (const std::string& path : mounts_) {
      ::umount2(path.c_str(), MNT_DETACH);
    }
  }

  const TempRoot& temp() const { return temp_; }
  Root open() const { return temp_.open(); }
  Picture picture(PictureKind kind) const {
    Picture all = picture_of(temp_.path(), kind);
    std::erase_if(all, [](const auto& entry) { return entry.first.find(".docker-fsck") != std::string::npos; });
    if (kind == PictureKind::Shape) {
      for (auto& [path, text] : all) {
        text.erase(0, text.find(" ", 8));  // inode numbers say nothing across filesystems
        if (const size_t at = text.find(" modified "); at != std::string::npos && path != "overlay2") {
          text.erase(at, std::min(text.find(' ', at + 10), text.size()) - at);
        }
      }
    }
    return all;
  }

 private:
  TempRoot temp_;
  std::vector<std::string> mounts_;
};

Step step_for(const Root& root, Action action, size_t finding) {
  Step step{std::move(action), {}, {finding}};
  step.expect = expect_now(root, action_path(step.action));
  return step;
}

// Finding 1 has a step that fails behind two that can be made; 0, 2 and 3 have nothing to do with it.
Plan plan_of(const Root& root) {
  const Ownership owner{::geteuid(), ::getegid(), 0644};
  const Origin nowhere{"", std::nullopt, RelPath("plain/good"), {}};
  Plan plan;
  plan.steps = {step_for(root, WriteFile{"overlay2/one/link", "new link", owner}, 0),
                step_for(root, WriteFile{"overlay2/three/new", "made before the failure", owner}, 1),
                step_for(root, Quarantine{"overlay2/three/diff/file"}, 1),
                step_for(root, RestoreFile{"overlay2/three/restored", nowhere, 14, kWrongSum, owner}, 1),
                step_for(root, WriteFile{"overlay2/three/after", "not tried", owner}, 1),
                step_for(root, Quarantine{"overlay2/two/diff/wrong"}, 2),
                step_for(root, WriteFile{"volumes/metadata.db", "new database", owner}, 3),
                step_for(root, WriteFile{"image/overlay2/repositories.json", "{}", owner}, 3)};
  return plan;
}

std::vector<Reason> reasons() {
  std::vector<Reason> all;
  for (const char* subject : {"one", "three", "two", "database"}) {
    all.push_back({"DF0001", "slug", subject, "safe"});
  }
  return all;
}

Result<std::vector<StepResult>> repair_groups(const Root& root) {
  Progress progress;
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  if (!run) {
    return run.error();
  }
  Result<std::vector<StepResult>> results = run->apply(plan_of(root), reasons(), never_cancelled, progress);
  const Result<void> ended = run->end();
  return ended ? results : ended.error();
}

bool undo_groups(const Root& root) {
  Progress progress;
  const Result<UndoResult> done = undo(root, "", never_cancelled, progress);
  return done && done->stopped.empty();
}

bool is_unfinished(const Root& root) {
  const auto runs = list_runs(root);
  EXPECT_TRUE(runs);
  return std::any_of(runs->begin(), runs->end(),
                     [](const RunRecord& run) { return run.state == RunRecord::State::Unfinished; });
}

// In a mount namespace of its own where filesystems are mounted.
class GroupsTest : public ::testing::TestWithParam<Disks> {
 protected:
  void SetUp() override {
    use_fast_temporary_directory();
    static const bool apart = ::geteuid() == 0 && ::unshare(CLONE_NEWNS) == 0 &&
                              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (GetParam() == Disks::Three && !apart) {
      GTEST_SKIP() << "filesystems cannot be mounted here";
    }
  }
};

TEST_P(GroupsTest, TheOthersGoOn) {
  const GroupsTree tree(GetParam());
  const Picture original = tree.picture(PictureKind::Exact);
  const Root root = tree.open();
  const auto results = repair_groups(root);
  ASSERT_TRUE(results) << results.error().message();
  const std::vector<GroupState> expected{GroupState::Done,   GroupState::Skipped, GroupState::Skipped,
                                         GroupState::Failed, GroupState::Skipped, GroupState::Done,
                                         GroupState::Done,   GroupState::Done};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*results)[i].state, expected[i]) << "step " << i << ": " << (*results)[i].why;
  }
  EXPECT_NE((*results)[1].why.find("taken back"), std::string::npos) << (*results)[1].why;
  EXPECT_TRUE(root.stat("overlay2/three/diff/file"));
  EXPECT_FALSE(root.stat("overlay2/three/new"));
  EXPECT_EQ(*root.read_small("overlay2/one/link", 100), "new link");
  EXPECT_EQ(*root.read_small("volumes/metadata.db", 100), "new database");
  EXPECT_FALSE(root.stat("overlay2/two/diff/wrong"));
  const auto runs = list_runs(root);
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ(runs->front().state, RunRecord::State::Stopped);
  EXPECT_GT(*kept_bytes(root, runs->front()), 0U);
  for (const RunStep& step : runs->front().steps) {
    EXPECT_TRUE(!step.kept || root.stat(*step.kept)) << step.kept->text();
  }
  ASSERT_TRUE(undo_groups(root));
  EXPECT_EQ(difference(original, tree.picture(PictureKind::Exact)), "");
}

TEST_P(GroupsTest, PurgeLeavesNothingInTheAreas) {
  const GroupsTree tree(GetParam());
  const Root root = tree.open();
  ASSERT_TRUE(repair_groups(root));
  EXPECT_EQ(root.stat("overlay2/.docker-fsck").operator bool(), GetParam() == Disks::Three);
  ASSERT_TRUE(purge(root, list_runs(root)->front().id));
  EXPECT_FALSE(root.stat("overlay2/.docker-fsck"));
  EXPECT_FALSE(root.stat("volumes/.docker-fsck"));
  EXPECT_EQ(root.stat("overlay2")->mtime.seconds, 1'600'000'000);
  EXPECT_TRUE(list_runs(root)->empty());
}

TEST_P(GroupsTest, ADeathAnywhereIsRecovered) {
  Picture repaired;
  {
    const GroupsTree tree(GetParam());
    ASSERT_TRUE(repair_groups(tree.open()));
    repaired = tree.picture(PictureKind::Shape);
  }
  for (const Direction direction : {Direction::Finish, Direction::Back}) {
    for (size_t at = 1;; ++at) {
      SCOPED_TRACE((direction == Direction::Finish ? "finish, call " : "back, call ") + std::to_string(at));
      const GroupsTree tree(GetParam());
      const Picture original = tree.picture(PictureKind::Exact);
      const Picture shape = tree.picture(PictureKind::Shape);
      const pid_t child = ::fork();
      if (child == 0) {
        const Root root = tree.open();
        CallCounter counter(Act::DieBefore, at);
        ::_exit(repair_groups(root) ? 0 : 1);
      }
      int status = 0;
      ASSERT_EQ(::waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFEXITED(status));
      const bool died = WEXITSTATUS(status) == CallCounter::kDied;
      const Root root = tree.open();
      const bool unfinished = is_unfinished(root);
      // A run that died before its plan was durable has nothing to finish.
      const bool planned = unfinished && !list_runs(root)->front().steps.empty();
      Progress progress;
      if (unfinished) {
        const auto result = recover(root, "", direction, never_cancelled, progress);
        ASSERT_TRUE(result) << result.error().message();
      }
      EXPECT_FALSE(is_unfinished(root));
      const Picture now = tree.picture(PictureKind::Shape);
      const bool is_whole = difference(repaired, now).empty();
      EXPECT_TRUE(is_whole || difference(shape, now).empty() || at < 4) << difference(repaired, now);
      EXPECT_TRUE(direction == Direction::Back || is_whole || !planned) << difference(repaired, now);
      while (undo_groups(root)) {
      }
      Picture exact = original;
      Picture left = tree.picture(PictureKind::Exact);
      for (const char* marked : {".", "overlay2", "volumes"}) {  // a death right behind the making of `.docker-fsck`
        exact.erase(marked);
        left.erase(marked);
      }
      EXPECT_EQ(difference(exact, left), "");
      if (HasFailure() || !died) {
        break;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Disks, GroupsTest, testing::Values(Disks::One, Disks::Three),
                         [](const auto& disks) { return disks.param == Disks::One ? "one" : "three"; });

TEST(StepGroups, AreWhatHangsTogether) {
  const auto step = [](Action action, size_t finding) { return Step{std::move(action), {}, {finding}}; };
  const std::vector<Step> steps{
      step(MakeDir{"volumes", {}}, 0),                    // 0
      step(WriteFile{"volumes/metadata.db", "", {}}, 1),  // below it
      step(SetOwnership{"overlay2/a", {}}, 2),  // the owner of a directory makes no difference to what is in it
      step(Quarantine{"overlay2/a/diff"}, 3),
      step(SetMtime{"overlay2/a", 1, 2}, 4),  // its time does, to names that change in it; and it is the same object
      step(Rename{"overlay2/b", "overlay2/c"}, 5),
      step(WriteFile{"overlay2/c/link", "", {}}, 6),  // in its new place
      step(WriteFile{"x", "", {}}, 7),
      step(WriteFile{"y", "", {}}, 7)};
  std::vector<size_t> numbers;
  for (const StepGroup& group : step_groups(steps)) {
    numbers.push_back(group.number);
    EXPECT_TRUE(group.needs.empty());
  }
  EXPECT_EQ(numbers, (std::vector<size_t>{0, 0, 2, 2, 2, 5, 5, 7, 7}));
}

TEST(StepGroups, NeedWhatTheirFindingsFollowFrom) {
  const auto step = [](const char* path, size_t finding) { return Step{WriteFile{path, "", {}}, {}, {finding}}; };
  const std::vector<Step> steps{step("a", 0), step("b", 1), step("c", 2), step("d", 2), step("e", 4), step("f", 5)};
  // Finding 3 asks for nothing itself; 6 and 7 go round in a circle.
  const std::vector<StepGroup> groups = step_groups(steps, {{1, 0}, {2, 3}, {3, 1}, {4, 7}, {7, 6}, {6, 7}});
  EXPECT_EQ(groups, (std::vector<StepGroup>{{0, {}}, {1, {0}}, {2, {1}}, {2, {1}}, {4, {}}, {5, {}}}));
  GroupIndex index;
  for (const StepGroup& group : groups) {
    index.add(group);
  }
  EXPECT_EQ(index.members(2), (std::vector<size_t>{2, 3}));
  EXPECT_EQ(index.dependents(0), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(index.dependents(4), std::vector<size_t>{});
}

// Finding 1 fails. Finding 0 follows from 2 and 2 from it; 3 has nothing to do with it.
TEST_P(GroupsTest, WhatFollowsFromAFailureIsNotDone) {
  const GroupsTree tree(GetParam());
  const Picture original = tree.picture(PictureKind::Exact);
  const Root root = tree.open();
  Plan plan = plan_of(root);
  plan.groups = step_groups(plan.steps, {{2, 1}, {0, 2}});
  PlanFile file{root.path(), 0, 0, plan, reasons()};
  const Result<PlanFile> read = parse_plan_text(to_plan_text(file));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->plan.groups, plan.groups);
  Progress progress;
  Result<RepairRun> run = RepairRun::begin(root, "plan");
  ASSERT_TRUE(run);
  const auto results = run->apply(read->plan, read->reasons, never_cancelled, progress);
  ASSERT_TRUE(results) << results.error().message();
  ASSERT_TRUE(run->end());
  {
    const RepairRun let_go = std::move(*run);  // of its locks
  }
  const std::vector<GroupState> expected{GroupState::Skipped, GroupState::Skipped, GroupState::Skipped,
                                         GroupState::Failed,  GroupState::Skipped, GroupState::Skipped,
                                         GroupState::Done,    GroupState::Done};
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ((*results)[i].state, expected[i]) << "step " << i << ": " << (*results)[i].why;
  }
  EXPECT_EQ((*results)[5].why, "the repair that this one builds on failed (overlay2/three/restored)");
  EXPECT_EQ((*results)[0].why.find("taken back, since the repair that this one builds on failed"), 0U)
      << (*results)[0].why;
  EXPECT_EQ(*root.read_small("overlay2/one/link", 100), "old link");
  ASSERT_TRUE(undo_newest(root));
  EXPECT_EQ(difference(original, tree.picture(PictureKind::Exact)), "");
}

// One object cannot have two places at once.
TEST_P(GroupsTest, WhatWouldCrossFilesystemsIsRefused) {
  const GroupsTree tree(GetParam());
  const Root root = tree.open();
  Plan plan;
  plan.steps = {step_for(root, Rename{"overlay2/two", "volumes/two"}, 0)};
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  ASSERT_TRUE(run);
  Progress progress;
  const auto results = run->apply(plan, reasons(), never_cancelled, progress);
  EXPECT_EQ(results.operator bool(), GetParam() == Disks::One);
  if (!results) {
    EXPECT_NE(results.error().message().find("another filesystem"), std::string::npos) << results.error().message();
    EXPECT_TRUE(run->abandon());
    EXPECT_FALSE(root.stat(".docker-fsck"));
  }
}

}  // namespace
}  // namespace dfsck::test
