// What an unfinished removal names: litter, or what the daemon would delete at its next stop though it is in use.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "checks/checks.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

constexpr const char* kBuildDir = "aaaaaaaaaaaaaaaaaaaaaaaaa";

class RemovalCheck : public testing::Test {
 protected:
  RemovalCheck() : base_(builder_.add_layer("base")), top_(builder_.add_layer("top", base_)) {
    container_ = builder_.add_container("c", builder_.add_image("app", top_));
  }

  // An entry whose cache-id holds that text.
  RemovingLayer& name(const std::string& text) {
    RemovingLayer removing(base_);
    removing.path = RelPath("image/overlay2/layerdb/sha256") / (base_.hex() + "-x-removing");
    removing.cache_id = test::file_of(text);
    removing.cache_text = text;
    removing.cache = CacheId::parse(text);
    return builder_.model().layers.removing.emplace_back(std::move(removing));
  }

  Slugs found() { return test::slugs(test::run_check(check_layer_leftovers, builder_.model())); }
  std::string threat() { return test::run_check(check_layer_leftovers, builder_.model()).at(0).args.at("threat"); }

  static const Slugs kLive, kLeft;

  ModelBuilder builder_;
  ChainId base_, top_;
  std::string container_;
};

const Slugs RemovalCheck::kLive{"layer-removing-live"};
const Slugs RemovalCheck::kLeft{"layer-removing-left"};

TEST_F(RemovalCheck, WhatNobodyOwnsIsLitter) {
  name(builder_.add_dir(test::hex_of("old"), std::nullopt).id.text());
  EXPECT_EQ(found(), kLeft);
}

TEST_F(RemovalCheck, WhatIsNotThereIsLitter) {
  name(test::hex_of("gone"));
  EXPECT_EQ(found(), kLeft);
}

TEST_F(RemovalCheck, ADirectoryOfALayerIsInUse) {
  name(builder_.layer(top_).cache->text());
  EXPECT_EQ(found(), kLive);
  EXPECT_NE(threat().find("layer " + top_.text()), std::string::npos);
}

TEST_F(RemovalCheck, ALayersDirectoryIsInUseEvenIfItIsMissing) {
  // It may be made again, and would then be deleted.
  builder_.layer(top_).cache_text = test::hex_of("lost");
  builder_.layer(top_).cache = CacheId::parse(builder_.layer(top_).cache_text);
  name(test::hex_of("lost"));
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, DirectoriesOfContainersAreInUse) {
  const std::string dir = builder_.mount(container_).dir->text();
  name(dir);
  name(dir + "-init");
  EXPECT_EQ(found(), (Slugs{"layer-removing-live", "layer-removing-live"}));
  EXPECT_NE(threat().find("container " + container_), std::string::npos);
}

TEST_F(RemovalCheck, DirectoriesOfTheBuildCacheAreInUse) {
  builder_.add_dir(kBuildDir, std::nullopt);
  builder_.model().build_cache.snapshots = {{kBuildDir, "", "", std::nullopt}};
  name(kBuildDir);
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, WhatALiveDirectoryStandsOnIsInUse) {
  // Nothing but the lower file of the container's init layer remembers it.
  const OverlayDir& old = builder_.add_dir(test::hex_of("old"), std::nullopt);
  const std::string id = old.id.text(), link = old.link_id->text();
  OverlayDir& init = builder_.dir(*builder_.mount(container_).init_dir);
  init.lower = test::file_of(init.lower.bytes + ":l/" + link);
  name(id);
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, WhereOwnersCannotBeReadNothingIsLitter) {
  name(builder_.add_dir(test::hex_of("old"), std::nullopt).id.text());
  builder_.model().layers.mounts_complete = false;
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, OfDriversThatAreNotCoveredTheNamesAreCompared) {
  builder_.model().driver_covered = false;
  name(builder_.layer(base_).cache->text());
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, PathsLeadAnywhere) {
  for (const char* text : {"..", ".", "l", "../volumes", "x/../../volumes", "l/AAAA/../..", "\xc2\xa0padded"}) {
    builder_.model().layers.removing.clear();
    name(text);
    EXPECT_EQ(found(), kLive) << text;
  }
}

TEST_F(RemovalCheck, TheUsersOwnDirectoryBesideTheLayersIsNoLitter) {
  DirEntry entry;
  entry.name = "backup";
  entry.type = S_IFDIR;
  builder_.model().overlay.foreign.push_back(entry);
  name("backup");
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, WhatTheDaemonOrTheKernelRefusesIsLitter) {
  for (const std::string& text : {std::string(), std::string("\0\0", 2), std::string("no-such-name")}) {
    builder_.model().layers.removing.clear();
    name(text);
    EXPECT_EQ(found(), kLeft) << text;
  }
}

TEST_F(RemovalCheck, TheShortLinkOfALiveDirectoryGoesWithADeadOne) {
  OverlayDir& old = builder_.add_dir(test::hex_of("old"), std::nullopt);
  old.link = test::file_of(builder_.dir(*builder_.layer(base_).cache).link_id->text());
  name(old.id.text());
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, ALinkFileCanLeadAway) {
  OverlayDir& old = builder_.add_dir(test::hex_of("old"), std::nullopt);
  old.link = test::file_of("../../volumes");
  name(old.id.text());
  EXPECT_EQ(found(), kLive);
}

TEST_F(RemovalCheck, TheRepairTakesTheEntryAndNothingElse) {
  const RemovingLayer& removing = name(builder_.layer(top_).cache->text());
  const std::string path = removing.path.text();
  EXPECT_EQ(test::steps_of(test::plan_for(check_layer_leftovers, builder_.model())),
            std::vector<std::string>{"move " + path + " into quarantine"});
}

}  // namespace
}  // namespace dfsck
