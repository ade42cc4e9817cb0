// A repair from its beginning to its undo: what it makes, what it keeps, what it refuses.
#include "core/plan/repair_run.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/plan/history.h"
#include "core/plan/purge.h"
#include "core/plan/undo.h"
#include "tests/repair_tree.h"
#include "tests/snapshot.h"

namespace dfsck::test {
namespace {

Cancel never;

std::vector<StepResult> must_apply(RepairRun& run, const Plan& plan) {
  Progress progress;
  Result<std::vector<StepResult>> results = run.apply(plan, plan_reasons(), never, progress);
  EXPECT_TRUE(results) << results.error().message();
  return results ? *results : std::vector<StepResult>();
}

void expect_all_done(const std::vector<StepResult>& results) {
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].state, StepResult::State::Done) << "step " << i << ": " << results[i].why;
  }
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(RepairRun, DoesEveryKindOfActionAndUndoesItExactly) {
  const TempRoot temp;
  build_repair_tree(temp);
  const Picture before = picture_of(temp.path(), PictureKind::Exact);
  const Root root = temp.open();
  {
    Result<RepairRun> run = RepairRun::begin(root, "yes");
    ASSERT_TRUE(run) << run.error().message();
    expect_all_done(must_apply(*run, first_plan(root)));
    expect_all_done(must_apply(*run, second_plan(root)));
    ASSERT_TRUE(run->end());
  }
  EXPECT_EQ(read(temp.path() + "/volumes/metadata.db"), "newer database");
  EXPECT_EQ(read(temp.path() + "/c2/config.v2.json"), "{}");
  EXPECT_EQ(read(temp.path() + "/second/hostconfig.json"), "{}");
  EXPECT_EQ(std::filesystem::read_symlink(temp.path() + "/l/REPLACED"), "../right/diff");
  EXPECT_TRUE(std::filesystem::equivalent(temp.path() + "/a/copy", temp.path() + "/a/orig"));
  EXPECT_TRUE(std::filesystem::equivalent(temp.path() + "/a/link-to-new", temp.path() + "/a/new"));
  EXPECT_TRUE(std::filesystem::is_directory(temp.path() + "/fd"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/garbage"));

  const auto runs = list_runs(root);
  ASSERT_TRUE(runs) << runs.error().message();
  ASSERT_EQ(runs->size(), 1U);
  EXPECT_EQ(runs->front().state, RunRecord::State::Finished);
  EXPECT_EQ(runs->front().mode, "yes");
  EXPECT_TRUE(runs->front().lossy);

  Progress progress;
  const auto undone = undo(root, "", never, progress);
  ASSERT_TRUE(undone) << undone.error().message();
  EXPECT_EQ(undone->steps, first_plan(root).steps.size() + second_plan(root).steps.size());
  EXPECT_EQ(difference(before, picture_of(temp.path(), PictureKind::Exact)), "");
  EXPECT_EQ((*list_runs(root))[0].state, RunRecord::State::Undone);
}

}  // namespace
}  // namespace dfsck::test
