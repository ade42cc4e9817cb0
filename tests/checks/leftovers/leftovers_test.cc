// Findings about files of operations that were cut off.
#include <gtest/gtest.h>

#include "checks/checks.h"
#include "checks/leftovers/leftovers.h"
#include "checks/table.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

std::vector<Finding> leftover_findings(const Model& model) { return test::run_check(check_leftovers, model); }

TEST(LeftoversCheck, NothingToSay) { EXPECT_EQ(test::slugs(leftover_findings(ModelBuilder().model())), Slugs{}); }

TEST(LeftoversCheck, ScratchDirectoriesAreForInformation) {
  Model model = ModelBuilder().model();
  model.entries.temporary_dirs = {{"tmp", 2}};
  const auto findings = leftover_findings(model);
  EXPECT_EQ(test::slugs(findings), Slugs{"tmp-left"});
  EXPECT_EQ(findings[0].args.at("count"), "2 entries");
}

TEST(LeftoversCheck, TemporaryFilesOfAllAreas) {
  ModelBuilder builder;
  const ChainId layer = builder.add_layer("base");
  const std::string id = builder.add_container("web", builder.add_image("app", layer));
  Model& model = builder.model();
  model.entries.temporary_files = {"image/overlay2/.tmp-repositories.json1"};
  model.overlay.dirs[0].temporaries = {model.overlay.dirs[0].path / ".tmp-link2"};
  Container& container = builder.container(id);
  const RelPath copy = container.path / ".tmp-config.v2.json3";
  container.temporaries = {copy, container.path / ".tmp-hostconfig.json4"};
  EXPECT_EQ(leftover_findings(model).size(), 4U);
  container.config_copy = copy;  // the only good copy of a damaged file is not garbage
  EXPECT_EQ(test::slugs(leftover_findings(model)), (Slugs{"tmp-sibling-left", "tmp-sibling-left", "tmp-sibling-left"}));
}

TEST(LeftoversCheck, KilledBuilds) {
  Model model = ModelBuilder().model();
  model.build_cache.executor_leftovers = {"buildkit/executor/a", "buildkit/executor/b"};
  model.build_cache.ingest_leftovers = {"buildkit/content/ingest/c"};
  const auto findings = leftover_findings(model);
  EXPECT_EQ(test::slugs(findings), (Slugs{"build-leftover", "build-leftover"}));
  EXPECT_EQ(findings[0].args.at("path"), "buildkit/executor");
  EXPECT_EQ(findings[0].args.at("count"), "2 bundles");
}

TEST(LeftoversCheck, ARepairThatWasCutOff) {
  Model model = ModelBuilder().model();
  model.entries.unfinished_repairs = {"20260102T000000Z-bbbb"};
  EXPECT_EQ(test::slugs(leftover_findings(model)), Slugs{"repair-unfinished"});
}

TEST(LeftoversCheck, ALossIsReportedUntilItIsAcknowledgedOrTakenBack) {
  RunRecord run;
  run.id = "20260102T000000Z-0123abcd";
  run.state = RunRecord::State::Finished;
  EXPECT_FALSE(open_loss(run));
  run.lossy = true;
  const std::optional<Finding> loss = open_loss(run);
  ASSERT_TRUE(loss);
  EXPECT_EQ(problem_of(loss->problem).slug(), "loss-unacknowledged");
  EXPECT_EQ(loss->args.at("run"), run.id);
  run.state = RunRecord::State::Undone;
  EXPECT_FALSE(open_loss(run));
  run.state = RunRecord::State::Stopped;
  EXPECT_TRUE(open_loss(run));
  run.acknowledged = true;
  EXPECT_FALSE(open_loss(run));
}

}  // namespace
}  // namespace dfsck
