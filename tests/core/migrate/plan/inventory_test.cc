// Inventories: what a plan takes along of a root, and what a target lacks of it.
#include "core/migrate/plan/inventory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/migrate/plan/omissions.h"
#include "core/migrate/plan/space.h"
#include "tests/support/case_files.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

class Inventories : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    const Result<RecipeNames> names = test::build_case("good/everything.case", temp_.path());
    ASSERT_TRUE(names) << names.error().message();
    names_ = *names;
  }

  Inventory take(const CopyChoice& choice = {}) {
    const Cancel cancel;
    Progress progress;
    const Root root = temp_.open();
    const Result<Model> model = scan(root, 1, cancel, progress);
    EXPECT_TRUE(model);
    const Derived derived = derive(*model);
    const SourceRoot source{RelPath(), *model, derived};
    CopyPlan plan = plan_copy(root, {&source, 1}, choice);
    measure_units(root, plan.units, plan.filter(), 4096, 1, cancel, progress);
    return take_inventory({&source, 1}, plan);
  }

  const test::TempRoot temp_;
  RecipeNames names_;
};

TEST_F(Inventories, NameEverythingThatAUserKnows) {
  const Inventory all = take();
  EXPECT_EQ(all.of(InventoryKind::Image).size(), 4U);
  EXPECT_GE(all.of(InventoryKind::Tag).size(), 4U);
  EXPECT_EQ(all.of(InventoryKind::Layer).size(), 3U);
  EXPECT_EQ(all.of(InventoryKind::Container).size(), 2U);
  EXPECT_EQ(all.of(InventoryKind::WritableLayer).size(), 2U);
  EXPECT_EQ(all.of(InventoryKind::Volume), (std::set<std::string>{"data", "scratch"}));
  EXPECT_EQ(all.of(InventoryKind::Plugin).size(), 1U);
  EXPECT_FALSE(all.of(InventoryKind::Network).empty());
  EXPECT_EQ(all.volumes.at("data"), (TreeCount{2, 12}));
}

TEST_F(Inventories, WhatThePlanLeavesOutIsNotExpected) {
  CopyChoice choice;
  choice.omitted = {OmittedArea::Containers, OmittedArea::Volumes};
  const Inventory rest = take(choice);
  EXPECT_EQ(rest.of(InventoryKind::Image).size(), 4U);
  EXPECT_TRUE(rest.of(InventoryKind::Container).empty());
  EXPECT_TRUE(rest.of(InventoryKind::WritableLayer).empty());
  EXPECT_TRUE(rest.of(InventoryKind::Volume).empty());
  EXPECT_TRUE(rest.volumes.empty());
}

TEST_F(Inventories, GapsAreWhateverTheTargetLacks) {
  const Inventory all = take();
  EXPECT_TRUE(inventory_gaps(all, all).empty());
  EXPECT_TRUE(inventory_gaps({}, all).empty());
  for (size_t i = 0; i < kInventoryKinds; ++i) {
    Inventory less = all;
    ASSERT_FALSE(less.names[i].empty()) << i;
    less.names[i].erase(less.names[i].begin());
    const std::vector<InventoryGap> gaps = inventory_gaps(all, less);
    ASSERT_EQ(gaps.size(), 1U);
    EXPECT_EQ(gaps[0].kind, static_cast<InventoryKind>(i));
    EXPECT_EQ(gaps[0].detail, "is not there");
  }
  Inventory shorter = all;
  shorter.volumes["data"].bytes -= 1;
  const std::vector<InventoryGap> gaps = inventory_gaps(all, shorter);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_NE(gaps[0].detail.find("11 bytes, in the source 2 and 12"), std::string::npos) << gaps[0].detail;
}

TEST_F(Inventories, ALayerWithoutItsDirectoryIsNotThere) {
  const std::string gone = temp_.path() + "/" + names_.at("base.dir");
  ASSERT_EQ(::rename(gone.c_str(), (temp_.path() + "/away").c_str()), 0);
  EXPECT_EQ(take().of(InventoryKind::Layer).size(), 2U);
}

}  // namespace
}  // namespace dfsck
