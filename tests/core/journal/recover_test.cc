// Recovery where somebody else was here meanwhile, and repairs by an ordinary user.
#include "core/journal/recover.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "core/journal/repair_run.h"
#include "core/journal/undo.h"
#include "tests/support/repair_tree.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {
namespace {

Cancel kNoCancel;
Progress ignored_progress;

Plan small_plan(const Root& root) {
  Plan plan;
  const Ownership owner{::geteuid(), ::getegid(), 0600};
  for (const Action& action :
       {Action(WriteFile{"one", "new", owner}), Action(WriteFile{"two", "new", owner}), Action(Quarantine{"three"})}) {
    plan.steps.push_back({action, expect_now(root, action_path(action)), {}});
  }
  return plan;
}

// A repair that dies before its `which`-th rename of something in the root (the first is that of the journal).
class DieAtRename : public MutationHook {
 public:
  explicit DieAtRename(int which) : which_(which) { set_mutation_hook(this); }
  ~DieAtRename() override { set_mutation_hook(nullptr); }
  int before(std::string_view call) override {
    if (call == "renameat2" && renames_++ == which_) {
      ::_exit(0);
    }
    return 0;
  }
  void after(std::string_view) override {}

 private:
  int which_;
  int renames_ = 0;
};

void build(const TempRoot& temp) {
  for (const char* name : {"one", "two", "three"}) {
    temp.write(name, "old");
  }
}

void die_at_rename(const TempRoot& temp, int which) {
  const pid_t child = ::fork();
  if (child == 0) {
    const Root root = temp.open();
    const DieAtRename hook(which);
    Result<RepairRun> run = RepairRun::begin(root, "yes");
    if (run) {
      static_cast<void>(run->apply(small_plan(root), {}, kNoCancel, ignored_progress));
    }
    ::_exit(1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0) << "did not die where it should";
}

TEST(Recover, ChangesNothingWhereItCannotTell) {
  const TempRoot temp;
  build(temp);
  die_at_rename(temp, 2);                     // between the first step and the second
  temp.write("two-new", "of somebody else");  // made before the old one goes, or it might get its inode number
  std::filesystem::rename(temp.path() + "/two-new", temp.path() + "/two");
  const Picture before = picture_of(temp.path(), PictureKind::Exact);
  const Root root = temp.open();
  for (const Direction direction : {Direction::Finish, Direction::Back}) {
    EXPECT_FALSE(recover_preview(root, "", direction));
    const auto recovered = recover(root, "", direction, kNoCancel, ignored_progress);
    ASSERT_FALSE(recovered);
    EXPECT_NE(recovered.error().message().find("two"), std::string::npos);
    EXPECT_EQ(difference(before, picture_of(temp.path(), PictureKind::Exact)), "");
  }
}

TEST(Recover, GoesBackWhereItCannotFinish) {
  const TempRoot temp;
  build(temp);
  const Picture original = picture_of(temp.path(), PictureKind::Exact);
  const Root root = temp.open();
  die_at_rename(temp, 2);
  const auto preview = recover_preview(root, "", Direction::Finish);
  ASSERT_TRUE(preview) << preview.error().message();
  EXPECT_EQ(preview->steps, 2U);
  temp.write("two", "written to meanwhile");
  const auto recovered = recover(root, "", Direction::Finish, kNoCancel, ignored_progress);
  ASSERT_TRUE(recovered) << recovered.error().message();
  EXPECT_EQ(recovered->direction, Direction::Back);
  EXPECT_NE(recovered->note.find("two"), std::string::npos);
  Picture now = picture_of(temp.path(), PictureKind::Exact);
  EXPECT_NE(now["two"], original.at("two"));
  now["two"] = original.at("two");
  EXPECT_EQ(difference(original, now), "");
  EXPECT_FALSE(recover(root, "", Direction::Back, kNoCancel, ignored_progress)) << "nothing is unfinished any more";
}

TEST(Recover, TakesNothingForItsOwnOnACopiedRoot) {
  const TempRoot temp;
  build(temp);
  die_at_rename(temp, 2);
  const TempRoot copy;
  std::filesystem::copy(temp.path(), copy.path(), std::filesystem::copy_options::recursive);
  const auto recovered = recover(copy.open(), "", Direction::Back, kNoCancel, ignored_progress);
  ASSERT_FALSE(recovered);
  EXPECT_NE(recovered.error().message().find("copy"), std::string::npos);
}

TEST(RepairRun, WorksForAnOrdinaryUserOnARootOfTheirs) {
  const TempRoot temp;
  build(temp);
  constexpr uint32_t kUser = 12345;
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0) {
      for (const char* name : {"", "/one", "/two", "/three"}) {
        if (::lchown((temp.path() + name).c_str(), kUser, kUser) != 0) {
          ::_exit(2);
        }
      }
      if (::setresgid(kUser, kUser, kUser) != 0 || ::setresuid(kUser, kUser, kUser) != 0) {
        ::_exit(2);
      }
    }
    const Root root = temp.open();
    const Picture original = picture_of(temp.path(), PictureKind::Exact);
    Plan plan = small_plan(root);
    std::get<WriteFile>(plan.steps[0].action).owner = {0, 0, 0644};  // root, as the user's daemon sees it
    Result<RepairRun> run = RepairRun::begin(root, "yes");
    const auto results = run ? run->apply(plan, {}, kNoCancel, ignored_progress) : run.error();
    const bool done = results && (*results)[0].state == StepResult::State::Done && run->end() &&
                      root.stat("one")->uid == ::geteuid() && root.stat("one")->size == 3;
    run = Error{};
    const bool undone = static_cast<bool>(undo(root, "", kNoCancel, ignored_progress));
    const bool same = difference(original, picture_of(temp.path(), PictureKind::Exact)).empty();
    ::_exit(done && undone && same ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace dfsck::test
