// What stands against a repair, and how a plan follows what was chosen.
#include "checks/repair/repair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "checks/checks.h"
#include "checks/obstacles.h"
#include "checks/planner.h"
#include "checks/repair/repair_record.h"
#include "checks/root/crash_signs.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

bool says(const std::vector<std::string>& sentences, const std::string& words) {
  return std::any_of(sentences.begin(), sentences.end(),
                     [&](const std::string& sentence) { return sentence.find(words) != std::string::npos; });
}

TEST(RepairObstacles, AreNoneOnARootAtRest) {
  ModelBuilder build;
  EXPECT_TRUE(repair_obstacles(build.model()).empty());
}

TEST(RepairObstacles, AreNamedWithTheirEvidence) {
  ModelBuilder build;
  build.model().host.daemons.push_back({"dockerd", 77, true});
  build.model().host.read_only = true;
  build.model().entries.unfinished_repairs.emplace_back("20260101T000000Z-0123abcd");
  build.model().failures.push_back({"overlay2/l", "read", EIO});
  const std::vector<std::string> obstacles = repair_obstacles(build.model());
  EXPECT_TRUE(says(obstacles, "dockerd (pid 77)"));
  EXPECT_TRUE(says(obstacles, "read-only"));
  EXPECT_TRUE(says(obstacles, "20260101T000000Z-0123abcd was cut off; docker-fsck recover"));
  EXPECT_TRUE(says(obstacles, "read overlay2/l: Input/output error"));
}

TEST(RepairObstacles, WhatWeMayNotReadIsNoFailingDisk) {
  ModelBuilder build;
  build.model().failures.push_back({"overlay2/l", "open", EACCES});
  EXPECT_TRUE(repair_obstacles(build.model()).empty());
}

// One layer with a file too many, and perhaps another that the disk does not give.
std::vector<bool> barred(int read_error) {
  ModelBuilder build;
  const ChainId layer = build.add_layer("layer");
  const TempRoot temp;
  const Root root = temp.open();
  const Derived derived = derive(build.model());
  const DirSizes sizes;
  ContentResults content;
  LayerVerdict& verdict = content.layers.emplace_back();
  verdict.state = LayerVerdict::State::Damaged;
  if (read_error != 0) {
    Issue& issue = verdict.issues.emplace_back();
    issue.kind = IssueKind::Unreadable;
    issue.code = read_error;
  }
  std::vector<Finding> findings(2);
  for (Finding& finding : findings) {
    finding.subject = {SubjectKind::File, layer.text() + ":file"};
    finding.hits = {{SubjectKind::Layer, layer.text()}};
  }
  findings[0].problem = problem::file_extra;        // class ask
  findings[1].problem = problem::owner_mode_wrong;  // class safe
  std::vector<bool> barred;
  for (const std::string& why : barred_repairs({root, build.model(), derived, content, sizes, Level::Full}, findings)) {
    barred.push_back(!why.empty());
  }
  return barred;
}

TEST(BarredRepairs, OfAskAndLossyWhereTheDiskGaveErrors) {
  EXPECT_EQ(barred(EIO), (std::vector<bool>{true, false}));
  EXPECT_EQ(barred(EACCES), (std::vector<bool>{false, false}));
  EXPECT_EQ(barred(0), (std::vector<bool>{false, false}));
}

TEST(Choice, ModesDecideByClassAlone) {
  for (const Safety safety : {Safety::Safe, Safety::Clean, Safety::Ask, Safety::Lossy}) {
    EXPECT_TRUE(makes_repairs_of(Mode::Yes, safety));
    EXPECT_EQ(makes_repairs_of(Mode::Preen, safety), safety == Safety::Safe);
    EXPECT_FALSE(makes_repairs_of(Mode::DryRun, safety));
  }
  EXPECT_FALSE(makes_repairs_of(Mode::Yes, Safety::None));
}

TEST(Choice, TagsThatWereNotChosenStayInTheFile) {
  ModelBuilder build;
  const ImageId here = build.add_image("here");
  const ImageId gone = build.add_image("gone");
  build.add_tag("app:1", here);
  build.add_tag("gone:1", gone);
  build.add_tag("gone:2", gone);
  build.remove_image(gone);
  build.model().images.references.file = file_of("{}");
  const TempRoot temp;
  const Root root = temp.open();
  const Derived derived = derive(build.model());
  const ContentResults content;
  const DirSizes sizes;
  const CheckInput input{root, build.model(), derived, content, sizes, Level::Full};
  const std::vector<Finding> findings = run_check(check_references, build.model());
  ASSERT_EQ(slugs(findings), (std::vector<std::string>{"tag-dangling", "tag-dangling"}));
  const Plan plan = make_plan(input, findings, {1});
  ASSERT_EQ(plan.steps.size(), 1U);
  const std::string& bytes = std::get<WriteFile>(plan.steps[0].action).bytes;
  EXPECT_NE(bytes.find("gone:1"), std::string::npos) << bytes;
  EXPECT_EQ(bytes.find("gone:2"), std::string::npos) << bytes;
  EXPECT_NE(bytes.find("app:1"), std::string::npos) << bytes;
}

TEST(CrashSigns, AreWhatAnOrderlyEndDoesNotLeave) {
  ModelBuilder build;
  const std::string id = build.add_container("c", build.add_image("app", build.add_layer("layer")));
  EXPECT_TRUE(crash_signs(build.model()).empty());
  build.container(id).running = true;
  EXPECT_TRUE(says(crash_signs(build.model()), "recorded as running"));
  build.model().host.daemons.push_back({"dockerd", 77, true});
  EXPECT_TRUE(crash_signs(build.model()).empty()) << "a daemon runs it";
  build.model().host.daemons.clear();
  build.container(id).running = false;
  build.model().overlay.dirs[0].merged.exists = true;
  EXPECT_TRUE(says(crash_signs(build.model()), "/merged was left behind"));
}

// A look at a root with one finding, repaired by one step.
RootReport look_with(ProblemId problem, const char* path) {
  RootReport report;
  Finding finding;
  finding.problem = problem;
  finding.path = path;
  finding.subject = {SubjectKind::File, path};
  finding.args["dir"] = "d";
  ReportedFinding& reported = report.findings.emplace_back(in_words(finding));
  reported.steps = {0};
  reported.repair_status = "planned";
  report.plan.steps.push_back({WriteFile{path, "text", Ownership{}}, Expect{.absent = true, .digest = {}}, {0}});
  return report;
}

RootReport outcome(const RootReport& first, StepResult result, const RootReport& last) {
  RepairRecord record(first, Mode::Yes);
  record.add_steps(first, first.plan, {std::move(result)});
  record.add_look(last);
  record.compare([](size_t) { return false; });
  return record.take();
}

TEST(RepairRecord, TellsWhatBecameOfEachFinding) {
  const RootReport first = look_with(problem::lower_missing, "overlay2/d/lower");
  const RootReport repaired = outcome(first, {StepResult::State::Done, ""}, RootReport{});
  EXPECT_EQ(repaired.findings[0].repair_status, "done");
  EXPECT_EQ(exit_code(repaired, Strict::No), 1);

  const RootReport failed = outcome(first, {StepResult::State::Failed, "No space left on device"}, first);
  EXPECT_EQ(failed.findings[0].repair_status, "failed");
  EXPECT_EQ(failed.findings[0].why, "No space left on device");
  EXPECT_EQ(exit_code(failed, Strict::No), 4);

  const RootReport in_vain = outcome(first, {StepResult::State::Done, ""}, first);
  EXPECT_EQ(in_vain.findings[0].repair_status, "failed");
}

TEST(RepairRecord, AnErrorThatNoCheckBeforeShowedIsOurs) {
  const RootReport first = look_with(problem::lower_missing, "overlay2/d/lower");
  const RootReport worse = look_with(problem::link_file_missing, "overlay2/d/link");
  const RootReport report = outcome(first, {StepResult::State::Done, ""}, worse);
  EXPECT_EQ(report.repair->added, std::vector<size_t>{0});
  EXPECT_EQ(exit_code(report, Strict::No), 12);
}

TEST(RepairRecord, ARepairThatDoesNotHelpIsNotMadeAgain) {
  const RootReport first = look_with(problem::lower_missing, "overlay2/d/lower");
  RepairRecord record(first, Mode::Yes);
  EXPECT_TRUE(record.is_untried(first, 0));
  record.add_steps(first, first.plan, {{StepResult::State::Done, ""}});
  EXPECT_FALSE(record.is_untried(first, 0));
}

}  // namespace
}  // namespace dfsck::test
