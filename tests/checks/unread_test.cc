// What a report does not say where something could not be read.
#include "checks/unread.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "checks/problems.h"

namespace dfsck {
namespace {

std::vector<Finding> findings() {
  const auto make = [](ProblemId problem, Subject subject, RelPath path) {
    Finding finding;
    finding.problem = problem;
    finding.subject = std::move(subject);
    finding.path = std::move(path);
    return finding;
  };
  return {make(problem::root_disk_full, {SubjectKind::Root, ""}, {}),
          make(problem::swarm_state_bad, {SubjectKind::File, "swarm/state.json"}, "swarm/state.json"),
          make(problem::overlay_dir_orphan, {SubjectKind::OverlayDir, "x"}, "overlay2/x")};
}

std::vector<ProblemId> left_after(const ScanFailure& failure) {
  Model model;
  model.driver = "overlay2";
  model.failures = {failure};
  std::vector<Finding> all = findings();
  drop_what_hangs_on_unread(model, all);
  std::vector<ProblemId> left;
  for (const Finding& finding : all) {
    left.push_back(finding.problem);
  }
  return left;
}

using Left = std::vector<ProblemId>;

TEST(Unread, AnUnreadOwnerLeavesNoOrphans) {
  EXPECT_EQ(left_after({"image/overlay2/layerdb/mounts/c", "open", EACCES}),
            (Left{problem::root_disk_full, problem::swarm_state_bad}));
  EXPECT_EQ(left_after({"containers", "open", ESTALE}), (Left{problem::root_disk_full, problem::swarm_state_bad}));
}

TEST(Unread, WhatLiesByItselfIsHiddenByItself) {
  EXPECT_EQ(left_after({"swarm/state.json", "read", EPERM}),
            (Left{problem::root_disk_full, problem::overlay_dir_orphan}));
}

TEST(Unread, TheDisksErrorsAreFindingsAndHideNone) {
  EXPECT_EQ(left_after({"image/overlay2/layerdb/mounts/c", "open", EIO}).size(), 3U);
}

TEST(Unread, IsNamedWithWhatHelps) {
  Model model;
  model.failures = {{"containers", "open", EACCES}};
  const auto said = [&] {
    RootReport report;
    add_unread(model, {}, report);
    return report.failures;
  };
  EXPECT_EQ(said().front(), "cannot open containers: Permission denied");
  EXPECT_NE(said().back().find("even root was refused"), std::string::npos);
  model.host.knows_all_ids = false;
  EXPECT_NE(said().back().find("run it on the host"), std::string::npos);
  model.host.is_root = false;
  EXPECT_NE(said().back().find("run it as root"), std::string::npos);
}

}  // namespace
}  // namespace dfsck
