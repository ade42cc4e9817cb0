// Kills a load at every system call that changes something, and fails every such call. Afterwards recover gives exactly
// the root that was there before, or one with the images; an undo always gives the former.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/fs/lock.h"
#include "core/journal/history.h"
#include "core/journal/recover.h"
#include "core/journal/undo.h"
#include "core/load/run.h"
#include "tests/support/donor_builder.h"
#include "tests/support/lasting_snapshot.h"
#include "tests/support/repair_tree.h"

namespace dfsck::test {
namespace {

using Act = CallCounter::Act;

const Cancel kUncancelled;

class LoadCrashTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "layers are unpacked as root only";
    }
    use_fast_temporary_directory();
    files_.emplace();
    files_->write("a.tar", make_tar(hybrid_archive(sample_image({"one", "two"}), "app:1")).bytes);
    files_->write("b.tar", make_tar(hybrid_archive(sample_image({"one", "other"}), "app:1")).bytes);
  }

  bool load(const Root& root, const std::string& name) const {
    Progress progress;
    Result<Donor> donor = open_donor(files_->path() + "/" + name, kUncancelled);
    Result<LoadArchive> archive = donor ? judge_archive(std::move(*donor)) : donor.error();
    const Result<LoadTarget> target = read_load_target(root, 1, kUncancelled, progress);
    if (!archive || !target) {
      return false;
    }
    const Result<LoadWork> work = plan_load(*archive, *target);
    return work && load_images(root, *archive, *target, *work, 1, kUncancelled, progress);
  }

  // Runs the load in a child that dies at call `at`. False: it ran to its end before that.
  bool dies_at(const TempRoot& temp, Act act, size_t at, const std::string& name) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const Root root = temp.open();
      CallCounter counter(act, at);
      ::_exit(load(root, name) ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CallCounter::kDied));
    return WIFEXITED(status) && WEXITSTATUS(status) == CallCounter::kDied;
  }

  // But for the root's own time of modification: a crash right at the making of `.docker-fsck` can change it.
  static Snapshot picture(const TempRoot& temp) {
    Snapshot all = lasting_snapshot(temp.path(), OwnDirectory::OmittedEntry);
    all.erase(".");
    return all;
  }

  static bool is_unfinished(const Root& root) {
    const auto runs = list_runs(root);
    return runs && std::any_of(runs->begin(), runs->end(),
                               [](const RunRecord& run) { return run.state == RunRecord::State::Unfinished; });
  }

  static void settle(const Root& root, Direction direction) {
    if (is_unfinished(root)) {
      Progress progress;
      const Result<RecoverResult> result = recover(root, "", direction, kUncancelled, progress);
      ASSERT_TRUE(result) << result.error().message();
      ASSERT_EQ(result->direction, direction) << result->note;
    }
    const auto runs = list_runs(root);
    ASSERT_TRUE(runs);
    for (const RunRecord& run : *runs) {
      EXPECT_FALSE(root.stat(RelPath(kOwnDirectory) / run.id / "staged")) << "what was prepared is still there";
    }
  }

  // Every image that is there is whole.
  static void expect_sound(const Root& root) {
    Progress progress;
    const Result<LoadTarget> target = read_load_target(root, 1, kUncancelled, progress);
    ASSERT_TRUE(target) << target.error().message();
    EXPECT_TRUE(target->broken.empty()) << target->broken.begin()->second;
    for (const Image& image : target->model ? target->model->images.images : std::vector<Image>{}) {
      EXPECT_TRUE(image.usable());
      for (const ChainId& chain : image.chain) {
        EXPECT_TRUE(target->layers.contains(chain));
      }
    }
  }

  static bool undo_newest(const Root& root) {
    Progress progress;
    return static_cast<bool>(undo(root, "", kUncancelled, progress));
  }

  static size_t finished_runs(const Root& root) {
    const auto runs = list_runs(root);
    return static_cast<size_t>(std::count_if(runs->begin(), runs->end(), [](const RunRecord& run) {
      return run.state == RunRecord::State::Finished && !run.steps.empty();
    }));
  }

  std::optional<TempRoot> files_;
};

TEST_F(LoadCrashTest, AKilledLoadCanBeTakenBackOrFinished) {
  size_t finished = 0;
  for (const Direction direction : {Direction::Back, Direction::Finish}) {
    for (const bool populated : {false, true}) {
      for (size_t at = 1;; ++at) {
        SCOPED_TRACE("dies before call " + std::to_string(at) + (populated ? ", populated" : ", empty"));
        const TempRoot temp;
        const Root root = temp.open();
        if (populated) {
          ASSERT_TRUE(load(root, "a.tar"));
        }
        const Snapshot before = picture(temp);
        const bool died = dies_at(temp, Act::DieBefore, at, populated ? "b.tar" : "a.tar");
        settle(root, direction);
        expect_sound(root);
        const bool changed = !difference(before, picture(temp)).empty();
        finished += changed ? 1 : 0;
        if (direction == Direction::Back && died && !changed) {
          EXPECT_TRUE(load(root, populated ? "b.tar" : "a.tar")) << "nothing stands in the way of another load";
        }
        if (!populated) {
          while (undo_newest(root)) {
          }
          EXPECT_EQ(difference(before, picture(temp)), "");
        }
        if (HasFailure()) {
          return;
        }
        if (!died) {
          break;
        }
      }
    }
  }
  EXPECT_GT(finished, 10U);
}

TEST_F(LoadCrashTest, AFailingCallLeavesTheRootAsItWas) {
  for (const int code : {ENOSPC, EIO}) {
    for (size_t at = 1;; ++at) {
      SCOPED_TRACE("call " + std::to_string(at) + ", " + errno_text(code));
      const TempRoot temp;
      const Root root = temp.open();
      ASSERT_TRUE(load(root, "a.tar"));
      const Snapshot before = picture(temp);
      bool done = false;
      {
        CallCounter counter(Act::FailOnce, at, code);
        done = load(root, "b.tar");
      }
      if (done) {
        break;
      }
      settle(root, Direction::Back);
      if (finished_runs(root) > 1) {
        undo_newest(root);  // the last record was written, and could not be made durable
      }
      EXPECT_EQ(difference(before, picture(temp)), "");
      if (HasFailure()) {
        return;
      }
    }
  }
}

}  // namespace
}  // namespace dfsck::test
