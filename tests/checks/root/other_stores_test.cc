// What is said of stores that are not covered, and when nothing is.
#include <gtest/gtest.h>

#include <map>

#include "checks/checks.h"
#include "checks/report.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

std::vector<Finding> store_findings(const Model& model) { return test::run_check(check_other_stores, model); }
Slugs store_slugs(const Model& model) { return test::slugs(store_findings(model)); }

Model of_driver(const std::string& driver) {
  ModelBuilder build;
  build.add_layer("a");
  Model model = build.model();
  model.driver = driver;
  model.driver_covered = false;
  return model;
}

TEST(OtherStores, NothingToSay) { EXPECT_EQ(store_slugs(ModelBuilder().model()), Slugs{}); }

TEST(OtherStores, ADriverThatIsNotCovered) {
  Model model = of_driver("btrfs");
  model.uncovered_driver = {"btrfs/subvolumes", {}, {}, {3'000'000, true}};
  const auto findings = store_findings(model);
  ASSERT_EQ(test::slugs(findings), Slugs{"layers-not-checked"});
  EXPECT_EQ(findings[0].args.at("object"), "the 1 layer of storage driver btrfs (3.0 MB)");
  model.uncovered_driver.size.is_all = false;
  EXPECT_NE(store_findings(model)[0].args.at("object").find("more than"), std::string::npos);
}

TEST(OtherStores, LayersWithoutADirectory) {
  Model model = of_driver("btrfs");
  const Layer& layer = model.layers.layers.front();
  model.uncovered_driver = {"btrfs/subvolumes", {layer.id}, {"c1"}, {}};
  const auto findings = store_findings(model);
  ASSERT_EQ(test::slugs(findings), (Slugs{"layers-not-checked", "layer-dirs-missing"}));
  EXPECT_EQ(findings[1].args.at("missing"), "1");
  EXPECT_NE(findings[1].args.at("example").find("btrfs/subvolumes/" + layer.cache->text()), std::string::npos);
  EXPECT_EQ(findings[1].hits.size(), 2U) << "the layer and the container";
}

TEST(OtherStores, ContainerdsStore) {
  Model model = ModelBuilder().model();
  model.containerd_store.traces = {"buildkit/containerd-overlayfs"};
  EXPECT_EQ(store_slugs(model), Slugs{}) << "a daemon that has gone back to a storage driver leaves this";
  model.driver.clear();
  EXPECT_EQ(store_slugs(model), Slugs{"containerd-store-not-checked"});
  model.containerd_store.place = "/var/lib/containerd";
  model.containerd_store.images = 2;
  model.containerd_store.containers = {"c1"};
  const auto findings = store_findings(model);
  ASSERT_EQ(test::slugs(findings), Slugs{"containerd-store-not-checked"});
  EXPECT_EQ(findings[0].args.at("object"),
            "the 2 images and the layers of 1 container in the containerd image store /var/lib/containerd (0 bytes)");
}

TEST(OtherStores, HalfOfADocker) {
  Model model = ModelBuilder().model();
  model.containerd_store.containers = {"c1", "c2"};
  EXPECT_EQ(store_slugs(model), (Slugs{"containerd-store-missing", "containerd-store-not-checked"}));
}

TEST(OtherStores, WhatWasNotCheckedIsInTheExitCode) {
  RootReport report;
  EXPECT_EQ(exit_code(report, Strict::No), 0);
  report.not_checked = {"the 3 layers of storage driver btrfs"};
  EXPECT_EQ(exit_code(report, Strict::No), 8);
  EXPECT_FALSE(has_failed(report));
  report.failures = {"cannot open overlay2: Permission denied"};
  EXPECT_TRUE(has_failed(report));
}

}  // namespace
}  // namespace dfsck
