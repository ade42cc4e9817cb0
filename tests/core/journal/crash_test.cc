// Kills a repair, an undo and a recovery at every system call that changes something, and fails every such call. After
// each, recover must give exactly the repaired or exactly the original tree.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/journal/history.h"
#include "core/journal/recover.h"
#include "core/journal/repair_run.h"
#include "core/journal/undo.h"
#include "tests/support/repair_tree.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {
namespace {

using Act = CallCounter::Act;

Cancel never_stopped;

// False where any step failed or the journal could not be ended.
bool repair(const Root& root) {
  Progress progress;
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  if (!run) {
    return false;
  }
  bool all = true;
  for (const auto& make : {first_plan, second_plan}) {
    const auto results = run->apply(make(root), plan_reasons(), never_stopped, progress);
    all = all && results && std::all_of(results->begin(), results->end(), [](const StepResult& result) {
            return result.state == StepResult::State::Done;
          });
    if (!all) {
      break;
    }
  }
  return static_cast<bool>(run->end()) && all;
}

bool undo_newest(const Root& root) {
  Progress progress;
  return static_cast<bool>(undo(root, "", never_stopped, progress));
}

Result<RecoverResult> recover_to(const Root& root, Direction direction) {
  Progress progress;
  return recover(root, "", direction, never_stopped, progress);
}

bool has_unfinished(const Root& root) {
  const auto runs = list_runs(root);
  EXPECT_TRUE(runs);
  return std::any_of(runs->begin(), runs->end(),
                     [](const RunRecord& run) { return run.state == RunRecord::State::Unfinished; });
}

// Runs `work` in a child that dies at call `at`. False: it ran to its end before that.
template <typename Work>
bool dies_at(const TempRoot& temp, Act act, size_t at, Work work) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Root root = temp.open();
    CallCounter counter(act, at);
    ::_exit(work(root) ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "died of signal " << WTERMSIG(status);
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CallCounter::kDied) << "an error instead of a death";
  return WEXITSTATUS(status) == CallCounter::kDied;
}

// What an uninterrupted repair makes of the tree, and how many calls it takes.
struct Reference {
  Picture repaired;
  size_t repair_calls = 0;
};

Reference make_reference() {
  const TempRoot temp;
  build_repair_tree(temp);
  CallCounter counter(Act::Count);
  EXPECT_TRUE(repair(temp.open()));
  return {picture_of(temp.path(), PictureKind::Shape), counter.calls()};
}

// Before this call the root's own time of modification may be that of the making of `.docker-fsck`.
constexpr size_t kFirstJournaled = 3;

class CrashTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    use_fast_temporary_directory();
    reference_ = new Reference(make_reference());
  }
  static void TearDownTestSuite() { delete reference_; }

  static const Reference& reference() { return *reference_; }

  // Every object of the original tree is still somewhere in the root.
  static void expect_nothing_lost(const TempRoot& temp, const std::set<uint64_t>& original) {
    const std::set<uint64_t> now = all_inodes(temp.path());
    EXPECT_TRUE(std::includes(now.begin(), now.end(), original.begin(), original.end()));
  }

  static void expect_original(const TempRoot& temp, Picture original, size_t at = kFirstJournaled) {
    Picture now = picture_of(temp.path(), PictureKind::Exact);
    if (at < kFirstJournaled) {
      now.erase(".");
      original.erase(".");
    }
    EXPECT_EQ(difference(original, now), "");
    EXPECT_FALSE(has_unfinished(temp.open()));
  }

  static void expect_repaired(const TempRoot& temp, size_t at) {
    Picture now = picture_of(temp.path(), PictureKind::Shape);
    Picture repaired = reference().repaired;
    if (at < kFirstJournaled) {
      now.erase(".");
      repaired.erase(".");
    }
    EXPECT_EQ(difference(repaired, now), "");
    EXPECT_FALSE(has_unfinished(temp.open()));
  }

 private:
  static Reference* reference_;
};

Reference* CrashTest::reference_ = nullptr;

// Sanitizers make a fork cost a hundred times as much and have nothing to say about crashes: they see a sample.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kSample = 13;
#else
constexpr size_t kSample = 1;
#endif

// What is on disk after a call is what is there before the next: a few deaths of that kind show that the tests see that
// too.
size_t stride(Act act) { return (act == Act::DieBefore ? 1 : 9) * kSample; }

// A crash before the journal has a durable beginning leaves nothing to recover; one in the middle of the first of two
// plans cannot give what both would.
void settle(const TempRoot& temp, Direction direction) {
  const Root root = temp.open();
  if (has_unfinished(root)) {
    const auto result = recover_to(root, direction);
    ASSERT_TRUE(result) << result.error().message();
    ASSERT_EQ(result->direction, direction) << result->note;
  }
}

TEST_F(CrashTest, RepairTakenBackGivesTheOriginal) {
  for (const Act act : {Act::DieBefore, Act::DieAfter}) {
    for (size_t at = 1;; at += stride(act)) {
      SCOPED_TRACE((act == Act::DieBefore ? "dies before call " : "dies after call ") + std::to_string(at));
      const TempRoot temp;
      build_repair_tree(temp);
      const Picture original = picture_of(temp.path(), PictureKind::Exact);
      const std::set<uint64_t> inodes = all_inodes(temp.path());
      if (!dies_at(temp, act, at, repair)) {
        EXPECT_GT(at, reference().repair_calls);
        break;
      }
      expect_nothing_lost(temp, inodes);
      const bool ended = !has_unfinished(temp.open());
      settle(temp, Direction::Back);
      if (ended && at > 20) {
        EXPECT_TRUE(undo_newest(temp.open()));  // the last record was written
      }
      expect_original(temp, original, at);
      expect_nothing_lost(temp, inodes);
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST_F(CrashTest, RepairFinishedGivesTheRepaired) {
  for (const Act act : {Act::DieBefore, Act::DieAfter}) {
    for (size_t at = 1; at <= reference().repair_calls; at += stride(act)) {
      SCOPED_TRACE((act == Act::DieBefore ? "dies before call " : "dies after call ") + std::to_string(at));
      const TempRoot temp;
      build_repair_tree(temp);
      const Picture original = picture_of(temp.path(), PictureKind::Exact);
      const std::set<uint64_t> inodes = all_inodes(temp.path());
      ASSERT_TRUE(dies_at(temp, act, at, repair));
      settle(temp, Direction::Finish);
      EXPECT_FALSE(has_unfinished(temp.open()));
      expect_nothing_lost(temp, inodes);
      // What the crash kept from being planned is done by another repair; the result is the same.
      const Root root = temp.open();
      Progress progress;
      Result<RepairRun> run = RepairRun::begin(root, "yes");
      ASSERT_TRUE(run) << run.error().message();
      if (!root.stat("c2")) {
        ASSERT_TRUE(run->apply(first_plan(root), plan_reasons(), never_stopped, progress));
      }
      if (!root.stat("second")) {
        ASSERT_TRUE(run->apply(second_plan(root), plan_reasons(), never_stopped, progress));
      }
      ASSERT_TRUE(run->end());
      run = Error{};
      expect_repaired(temp, at);
      while (undo_newest(root)) {
      }
      expect_original(temp, original, at);
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST_F(CrashTest, UndoIsCompleted) {
  for (const Direction direction : {Direction::Finish, Direction::Back}) {
    for (size_t at = 1;; at += (direction == Direction::Finish ? 1 : 9) * kSample) {  // both do the same here
      SCOPED_TRACE("dies before call " + std::to_string(at));
      const TempRoot temp;
      build_repair_tree(temp);
      const Picture original = picture_of(temp.path(), PictureKind::Exact);
      const std::set<uint64_t> inodes = all_inodes(temp.path());
      ASSERT_TRUE(repair(temp.open()));
      const bool died = dies_at(temp, Act::DieBefore, at, undo_newest);
      expect_nothing_lost(temp, inodes);
      if (has_unfinished(temp.open())) {
        const auto result = recover_to(temp.open(), direction);
        ASSERT_TRUE(result) << result.error().message();
        EXPECT_EQ(result->state, RunRecord::State::Undone);
      } else if (died) {
        undo_newest(temp.open());  // not begun, or ended
      }
      expect_original(temp, original);
      if (HasFailure() || !died) {
        break;
      }
    }
  }
}

TEST_F(CrashTest, RecoveryCanBeCutOffAnywhere) {
  for (const Direction direction : {Direction::Finish, Direction::Back}) {
    // Deaths spread over the repair, each followed by deaths at every call of the recovery.
    for (size_t first = 61; first < reference().repair_calls; first += 53) {
      for (size_t at = 1;; at += kSample) {
        SCOPED_TRACE("dies before call " + std::to_string(first) + ", then in recovery before " + std::to_string(at));
        const TempRoot temp;
        build_repair_tree(temp);
        const Picture original = picture_of(temp.path(), PictureKind::Exact);
        const std::set<uint64_t> inodes = all_inodes(temp.path());
        ASSERT_TRUE(dies_at(temp, Act::DieBefore, first, repair));
        const bool died = dies_at(temp, Act::DieBefore, at, [&](const Root& root) {
          return !has_unfinished(root) || recover_to(root, direction);
        });
        expect_nothing_lost(temp, inodes);
        settle(temp, direction);
        if (direction == Direction::Finish) {
          while (undo_newest(temp.open())) {
          }
        }
        expect_original(temp, original);
        if (HasFailure()) {
          return;
        }
        if (!died) {
          break;
        }
      }
    }
  }
}

// Whole steps only: each of the first `count` of them done, none of the others.
TEST_F(CrashTest, AFailingCallLeavesWholeStepsThatUndoTakesBack) {
  for (const Act act : {Act::FailOnce, Act::FailFromThere}) {
    for (const int code : {ENOSPC, EIO}) {
      for (size_t at = 1; at <= reference().repair_calls; at += (act == Act::FailOnce ? 1 : 5) * kSample) {
        SCOPED_TRACE((act == Act::FailOnce ? "only call " : "all from call ") + std::to_string(at) + ", " +
                     errno_text(code));
        const TempRoot temp;
        build_repair_tree(temp);
        const Picture original = picture_of(temp.path(), PictureKind::Exact);
        const std::set<uint64_t> inodes = all_inodes(temp.path());
        const Root root = temp.open();
        {
          CallCounter counter(act, at, code);
          // What fails once while a step is prepared is tried again when the steps before it are done.
          EXPECT_FALSE(repair(root) && act == Act::FailFromThere);
        }
        expect_nothing_lost(temp, inodes);
        settle(temp, Direction::Back);
        while (undo_newest(root)) {
        }
        expect_original(temp, original, at);
        if (HasFailure()) {
          return;
        }
      }
    }
  }
}

TEST_F(CrashTest, AFailingUndoCanBeCompleted) {
  for (const int code : {ENOSPC, EIO}) {
    for (size_t at = 1;; at += kSample) {
      SCOPED_TRACE("call " + std::to_string(at) + ", " + errno_text(code));
      const TempRoot temp;
      build_repair_tree(temp);
      const Picture original = picture_of(temp.path(), PictureKind::Exact);
      const Root root = temp.open();
      ASSERT_TRUE(repair(root));
      bool undone = false;
      {
        CallCounter counter(Act::FailOnce, at, code);
        undone = undo_newest(root);
      }
      settle(temp, Direction::Back);
      while (undo_newest(root)) {
      }
      expect_original(temp, original);
      if (HasFailure() || undone) {
        break;
      }
    }
  }
}

}  // namespace
}  // namespace dfsck::test
