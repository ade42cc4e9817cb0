// A repair from its beginning to its undo: what it makes, what it keeps, what it refuses.
#include "core/journal/repair_run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/journal/history.h"
#include "core/journal/purge.h"
#include "core/journal/undo.h"
#include "tests/support/repair_tree.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {
namespace {

Cancel uncancelled;

std::vector<StepResult> must_apply(RepairRun& run, const Plan& plan) {
  Progress progress;
  Result<std::vector<StepResult>> results = run.apply(plan, plan_reasons(), uncancelled, progress);
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
  const auto undone = undo(root, "", uncancelled, progress);
  ASSERT_TRUE(undone) << undone.error().message();
  EXPECT_EQ(undone->steps, first_plan(root).steps.size() + second_plan(root).steps.size());
  EXPECT_EQ(difference(before, picture_of(temp.path(), PictureKind::Exact)), "");
  EXPECT_EQ((*list_runs(root))[0].state, RunRecord::State::Undone);
}

// One finished repair of a small tree.
void repair(const Root& root, const Plan& plan) {
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  ASSERT_TRUE(run) << run.error().message();
  expect_all_done(must_apply(*run, plan));
  ASSERT_TRUE(run->end());
}

Plan plan_of(const Root& root, std::vector<Action> actions) {
  Plan plan;
  for (Action& action : actions) {
    const Expect expect = expect_now(root, action_path(action));
    plan.steps.push_back({std::move(action), expect, {0}});
  }
  return plan;
}

Ownership mine(uint32_t mode) { return {::geteuid(), ::getegid(), mode}; }

std::string refusal(const Root& root, const Plan& plan) {
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  EXPECT_TRUE(run) << run.error().message();
  Progress progress;
  const auto results = run->apply(plan, plan_reasons(), uncancelled, progress);
  EXPECT_TRUE(run->end());
  return results ? "" : results.error().message();
}

TEST(RepairRun, RefusesAPlanWhosePreconditionsNoLongerHold) {
  const TempRoot temp;
  temp.write("a/file", "as planned");
  temp.write("a/other", "as planned");
  temp.make_dir("dir/sub");
  const Root root = temp.open();
  const Plan plan = plan_of(root, {WriteFile{"a/other", "new", mine(0600)}, WriteFile{"a/file", "new", mine(0600)}});
  const Plan fresh = plan_of(root, {WriteFile{"a/fresh", "new", mine(0600)}});
  temp.write("a/fresh", "in the way");
  EXPECT_NE(refusal(root, fresh).find("a/fresh"), std::string::npos);

  const Expect before = plan.steps[1].expect;
  temp.write("a/file", "As planned");  // same size, and then the same time
  const timespec times[2] = {{before.mtime_seconds, before.mtime_nanoseconds},
                             {before.mtime_seconds, before.mtime_nanoseconds}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (temp.path() + "/a/file").c_str(), times, 0), 0);
  EXPECT_NE(refusal(root, plan).find("a/file: has other contents"), std::string::npos);
  EXPECT_EQ(read(temp.path() + "/a/other"), "as planned") << "a refused plan changes nothing";

  EXPECT_NE(refusal(root, plan_of(root, {Quarantine{"dir"}, WriteFile{"dir/sub/x", "", mine(0600)}})), "");
  EXPECT_NE(refusal(root, plan_of(root, {Quarantine{"missing"}})), "");
  EXPECT_NE(refusal(root, plan_of(root, {WriteFile{"missing/x", "", mine(0600)}})), "");
  EXPECT_NE(refusal(root, plan_of(root, {Rename{"dir", "dir/sub/dir"}})), "");
  EXPECT_NE(refusal(root, plan_of(root, {Rename{"dir", "a"}})), "");
  EXPECT_NE(refusal(root, plan_of(root, {Quarantine{".docker-fsck"}})), "");
  temp.make_symlink("link", "dir");
  EXPECT_NE(refusal(root, plan_of(root, {WriteFile{"link/x", "", mine(0600)}})), "") << "links are not followed";
}

TEST(RepairRun, KeepsOutOthersAndComesBehindAnUnfinishedOne) {
  const TempRoot temp;
  temp.write("file", "x");
  const Root root = temp.open();
  {
    const Result<RepairRun> first = RepairRun::begin(root, "yes");
    ASSERT_TRUE(first) << first.error().message();
    const Result<RepairRun> second = RepairRun::begin(root, "yes");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, Error::Kind::Busy);
  }
  const Result<RepairRun> third = RepairRun::begin(root, "yes");
  ASSERT_FALSE(third) << "the first was not ended";
  EXPECT_NE(third.error().message().find("recover"), std::string::npos);
}

// The daemon's view: at no moment can it open, and lock, a file with a database's name.
class Daemon : public MutationHook {
 public:
  explicit Daemon(std::string path) : path_(std::move(path)) { set_mutation_hook(this); }
  ~Daemon() override { set_mutation_hook(nullptr); }
  int before(std::string_view) override { return 0; }
  void after(std::string_view) override {
    const Fd fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    looks_ += fd ? 1 : 0;
    got_ = got_ || (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0);
  }
  bool got() const { return got_; }
  int looks() const { return looks_; }

 private:
  std::string path_;
  bool got_ = false;
  int looks_ = 0;
};

TEST(RepairRun, ReplacedDatabasesAreLockedAllTheTime) {
  const TempRoot temp;
  temp.write("volumes/metadata.db", "old");
  const Root root = temp.open();
  Result<RepairRun> run = RepairRun::begin(root, "yes");
  ASSERT_TRUE(run) << run.error().message();
  const Daemon daemon(temp.path() + "/volumes/metadata.db");
  expect_all_done(must_apply(*run, plan_of(root, {WriteFile{"volumes/metadata.db", "new", mine(0600)}})));
  EXPECT_GT(daemon.looks(), 5);
  EXPECT_FALSE(daemon.got());
  ASSERT_TRUE(run->end());
}

TEST(Undo, RefusesWhatChangedSince) {
  const std::vector<std::pair<std::string, std::string>> changes{{"written", "echo more >> written"},
                                                                 {"written", "cp written w2; mv w2 written"},
                                                                 {"gone", "touch gone"},
                                                                 {"made", "touch made/foreign"},
                                                                 {"link", "ln -sfn elsewhere link"},
                                                                 {"mode", "chmod 0711 mode"},
                                                                 {"gone", "rm -r .docker-fsck/*/quarantine/*"}};
  for (const auto& [path, command] : changes) {
    const TempRoot temp;
    for (const char* file : {"written", "gone", "mode"}) {
      temp.write(file, "x");
    }
    const Root root = temp.open();
    repair(root,
           plan_of(root, {WriteFile{"written", "new", mine(0600)}, Quarantine{"gone"}, MakeDir{"made", mine(0755)},
                          WriteSymlink{"link", "target"}, SetOwnership{"mode", mine(0700)}}));
    ASSERT_EQ(std::system(("cd " + temp.path() + " && " + command).c_str()), 0);
    const Picture changed = picture_of(temp.path(), PictureKind::Exact);
    Progress progress;
    const auto undone = undo(root, "", uncancelled, progress);
    ASSERT_FALSE(undone) << command;
    EXPECT_NE(undone.error().message().find(path), std::string::npos) << undone.error().message();
    EXPECT_FALSE(undo_preview(root, ""));
    EXPECT_EQ(difference(changed, picture_of(temp.path(), PictureKind::Exact)), "") << "refused as a whole";
  }
}

TEST(Undo, GoesNewestFirst) {
  const TempRoot temp;
  temp.write("file", "0");
  const Root root = temp.open();
  repair(root, plan_of(root, {WriteFile{"file", "1", mine(0600)}}));
  repair(root, plan_of(root, {WriteFile{"file", "2", mine(0600)}}));
  const auto runs = *list_runs(root);
  ASSERT_EQ(runs.size(), 2U);
  Progress progress;
  EXPECT_FALSE(undo(root, runs[0].id, uncancelled, progress)) << "the older one while the newer stands";
  ASSERT_EQ(undo_preview(root, "")->size(), 1U);
  ASSERT_TRUE(undo(root, "", uncancelled, progress));
  EXPECT_EQ(read(temp.path() + "/file"), "1");
  ASSERT_TRUE(undo(root, runs[0].id, uncancelled, progress));
  EXPECT_EQ(read(temp.path() + "/file"), "0");
  EXPECT_FALSE(undo(root, "", uncancelled, progress));
}

TEST(Purge, DeletesOneRunAndNothingElse) {
  const TempRoot temp;
  temp.write("kept/file", "x");
  std::string deep = "garbage";
  for (int i = 0; i < 60; ++i) {
    deep += "/deeper";
    temp.write(deep + "/file", std::string(5000, 'x'));
  }
  temp.make_symlink("garbage/link", "../kept");
  const Root root = temp.open();
  repair(root, plan_of(root, {Quarantine{"garbage"}}));
  repair(root, plan_of(root, {WriteFile{"kept/file", "y", mine(0600)}}));
  const auto runs = *list_runs(root);
  const uint64_t kept = *kept_bytes(root, runs[0]);
  EXPECT_GE(kept, 60U * 5000U);
  const auto purged = purge(root, runs[0].id);
  ASSERT_TRUE(purged) << purged.error().message();
  EXPECT_GE(purged->bytes, kept);
  EXPECT_EQ(list_runs(root)->size(), 1U);
  EXPECT_EQ(read(temp.path() + "/kept/file"), "y");
  EXPECT_FALSE(purge(root, runs[0].id));
  EXPECT_FALSE(purge(root, "../kept"));
  Progress progress;
  EXPECT_TRUE(undo(root, runs[1].id, uncancelled, progress));
}

TEST(Purge, RefusesAnUnfinishedRun) {
  const TempRoot temp;
  const Root root = temp.open();
  std::string id;
  {
    Result<RepairRun> run = RepairRun::begin(root, "yes");
    ASSERT_TRUE(run);
    id = run->id();
  }
  EXPECT_FALSE(purge(root, id));
  EXPECT_EQ(list_runs(root)->front().state, RunRecord::State::Unfinished);
}

// From the given removal on, nothing can be removed or renamed any more.
class RemovalGuard : public MutationHook {
 public:
  explicit RemovalGuard(size_t at) : at_(at) { set_mutation_hook(this); }
  ~RemovalGuard() override { set_mutation_hook(nullptr); }
  int before(std::string_view call) override {
    return (call == "unlinkat" || call == "renameat2") && ++calls_ >= at_ ? EPERM : 0;
  }
  void after(std::string_view) override {}

 private:
  size_t at_;
  size_t calls_ = 0;
};

TEST(Purge, ThatCannotDeleteAnythingLeavesTheRunAsItWas) {
  for (size_t at = 1;; ++at) {
    SCOPED_TRACE(at);
    const TempRoot temp;
    temp.write("garbage/deeper/file", "x");
    temp.write("garbage/deeper/another", "y");
    temp.write("file", "old");
    const Picture original = picture_of(temp.path(), PictureKind::Exact);
    const Root root = temp.open();
    repair(root, plan_of(root, {Quarantine{"garbage"}, WriteFile{"file", "new", mine(0600)}}));
    const std::string id = list_runs(root)->front().id;
    bool purged = false;
    {
      const RemovalGuard guard(at);
      purged = purge(root, id).operator bool();
    }
    if (purged) {
      EXPECT_GT(at, 5U);
      break;
    }
    Progress progress;
    const RunRecord listed = list_runs(root)->front();
    const RunRecord::State state = listed.state;
    EXPECT_TRUE(at > 1 || state == RunRecord::State::Finished);
    if (state == RunRecord::State::Finished) {  // what it tried first may have been a directory that is not empty
      EXPECT_TRUE(undo(root, id, uncancelled, progress));
      Picture now = picture_of(temp.path(), PictureKind::Exact);
      std::erase_if(now, [](const auto& entry) { return entry.first.starts_with(".docker-fsck"); });
      now["."] = original.at(".");  // holds a directory more
      EXPECT_EQ(difference(original, now), "");
    } else {
      EXPECT_TRUE(state == RunRecord::State::Purged || listed.steps.empty()) << "all but the empty directory";
      EXPECT_FALSE(undo(root, id, uncancelled, progress));
    }
    EXPECT_TRUE(purge(root, id)) << "can be tried again";
    EXPECT_TRUE(list_runs(root)->empty());
  }
}

class SyncCounter : public MutationHook {
 public:
  SyncCounter() { set_mutation_hook(this); }
  ~SyncCounter() override { set_mutation_hook(nullptr); }
  int before(std::string_view call) override {
    ++(call == "syncfs" || call == "fsync" || call == "fdatasync" ? syncs_ : others_);
    return 0;
  }
  void after(std::string_view) override {}
  size_t syncs() const { return syncs_; }
  size_t others() const { return others_; }

 private:
  size_t syncs_ = 0;
  size_t others_ = 0;
};

// What makes thousands of steps slow is waiting for the disk: that is to be done for each batch, not for each step.
TEST(RepairRun, ThousandsOfStepsNeedFewSyncs) {
  use_fast_temporary_directory();
  const TempRoot temp;
  constexpr size_t kSteps = 3000;
  std::vector<Action> actions;
  for (size_t i = 0; i < kSteps; ++i) {
    const std::string path = "l/" + std::to_string(i % 100) + "/" + std::to_string(i);
    temp.write(path, "old");
    actions.push_back(WriteFile{*RelPath::parse(path), "new", mine(0600)});
  }
  const Root root = temp.open();
  const Plan plan = plan_of(root, std::move(actions));
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed_ms = [&] {
    const auto elapsed = std::chrono::steady_clock::now() - start;
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  };
  const SyncCounter counter;
  repair(root, plan);
  EXPECT_LT(counter.syncs(), 40U);
  EXPECT_LT(counter.others(), 6 * kSteps);
  RecordProperty("repair_ms", elapsed_ms());
  const size_t before = counter.syncs();
  Progress progress;
  ASSERT_TRUE(undo(root, "", uncancelled, progress));
  EXPECT_LT(counter.syncs() - before, 30U);
  EXPECT_LT(counter.others(), 9 * kSteps);
  RecordProperty("repair_and_undo_ms", elapsed_ms());
}

}  // namespace
}  // namespace dfsck::test
