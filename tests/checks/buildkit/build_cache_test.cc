// Findings about the build cache, and which directories go with it when it is reset.
#include <gtest/gtest.h>

#include <algorithm>

#include "checks/checks.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

constexpr const char* kSnapshot = "aaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr const char* kName = "bbbbbbbbbbbbbbbbbbbbbbbbb";
constexpr const char* kOnLayer = "ccccccccccccccccccccccccc";
constexpr const char* kImageLayer = "ddddddddddddddddddddddddd";

// A layer, a base snapshot with its committed name, a snapshot on the layer, and all databases.
class BuildCacheCheck : public testing::Test {
 protected:
  BuildCacheCheck() : layer_(builder_.add_layer("base")) {
    builder_.add_image("app", layer_);
    add_dir(kSnapshot, std::nullopt);
    add_dir(kOnLayer, builder_.layer(layer_).cache);
    Model& model = builder_.model();
    BuildCache& cache = model.build_cache;
    cache.exists = true;
    set(cache.snapshots_db, "buildkit/snapshots.db");
    set(cache.metadata_db, "buildkit/metadata_v2.db");
    set(cache.content_db, "buildkit/containerdmeta.db");
    set(cache.cache_db, "buildkit/cache.db");
    set(cache.history_db, "buildkit/history.db");
    cache.snapshots = {{kSnapshot, "", "", std::nullopt},
                       {kName, std::nullopt, kSnapshot, std::nullopt},
                       {kOnLayer, layer_.text(), "", std::nullopt}};
  }

  static void set(Database& database, const char* path) {
    database.path = path;
    database.state = Database::State::Good;
  }

  void add_dir(const std::string& name, const std::optional<CacheId>& below) {
    OverlayDir dir(*CacheId::parse(name));
    dir.path = RelPath("overlay2") / name;
    dir.diff.exists = true;
    dir.diff.stat.mode = S_IFDIR | 0755;
    dir.link_id = LinkId::derived_from(name);
    dir.link = test::file_of(dir.link_id->text());
    if (below) {
      dir.lower = test::file_of("l/" + builder_.dir(*below).link_id->text());
    }
    ShortLink link;
    link.name = dir.link_id->text();
    link.path = RelPath("overlay2/l") / link.name;
    link.id = dir.link_id;
    link.mode = S_IFLNK | 0777;
    link.target = "../" + name + "/diff";
    link.points_to = dir.id;
    OverlayStore& store = builder_.model().overlay;
    store.links.push_back(link);
    std::sort(store.links.begin(), store.links.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    store.dirs.push_back(std::move(dir));
    std::sort(store.dirs.begin(), store.dirs.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  }

  void remove_dir(const std::string& name) {
    std::erase_if(builder_.model().overlay.dirs, [&](const OverlayDir& dir) { return dir.id.text() == name; });
  }

  Model& model() { return builder_.model(); }
  std::vector<Finding> findings() { return test::run_check(check_build_cache, model()); }
  Slugs found() { return test::slugs(findings()); }

  ModelBuilder builder_;
  ChainId layer_;
};

TEST_F(BuildCacheCheck, NothingToSay) { EXPECT_EQ(found(), Slugs{}); }

TEST_F(BuildCacheCheck, DamagedDatabases) {
  model().build_cache.metadata_db.state = Database::State::Bad;
  model().build_cache.metadata_db.problem = "both meta pages are bad";
  model().build_cache.cache_db.state = Database::State::Bad;
  model().build_cache.cache_db.problem = "page 3: calls itself page 7";
  EXPECT_EQ(found(), (Slugs{"build-database-bad", "build-index-bad"}));
}

TEST_F(BuildCacheCheck, AMissingSibling) {
  model().build_cache.content_db.state = Database::State::Absent;
  EXPECT_EQ(found(), Slugs{"build-database-incomplete"});
  model().build_cache.metadata_db.state = Database::State::Absent;
  model().build_cache.snapshots_db.state = Database::State::Absent;
  model().build_cache.snapshots.clear();
  remove_dir(kSnapshot);
  remove_dir(kOnLayer);
  EXPECT_EQ(found(), Slugs{});  // a daemon that never built anything
}

TEST_F(BuildCacheCheck, RecordsWithoutTheirDirectory) {
  remove_dir(kSnapshot);
  const auto missing = findings();
  EXPECT_EQ(test::slugs(missing), Slugs{"build-snapshot-missing"});
  EXPECT_EQ(missing[0].args.at("dir"), kSnapshot);
}

TEST_F(BuildCacheCheck, ALayersDirectoryIsTheLayersLoss) {
  const std::string dir = builder_.layer(layer_).cache_text;
  model().build_cache.snapshots[1].committed = dir;
  model().build_cache.snapshots[1].chain = layer_;
  remove_dir(dir);
  const auto missing = findings();
  ASSERT_EQ(test::slugs(missing), Slugs{"build-snapshot-missing"});
  EXPECT_EQ(missing[0].cause, (Subject{SubjectKind::Layer, layer_.text()}));
}

TEST_F(BuildCacheCheck, DirectoriesWithoutARecord) {
  std::erase_if(model().build_cache.snapshots, [](const BuildSnapshot& s) { return s.key == kOnLayer; });
  const auto orphans = findings();
  EXPECT_EQ(test::slugs(orphans), Slugs{"build-dir-orphan"});
  EXPECT_EQ(orphans[0].subject.id, kOnLayer);
  // Whose it is cannot be told without the records.
  model().build_cache.snapshots_db.state = Database::State::Bad;
  model().build_cache.snapshots_db.problem = "x";
  EXPECT_EQ(found(), Slugs{"build-database-bad"});
}

TEST_F(BuildCacheCheck, ADirectoryBelowALiveOneIsNoOrphan) {
  add_dir(kImageLayer, *CacheId::parse(kSnapshot));
  model().build_cache.snapshots.push_back({kImageLayer, "", "", std::nullopt});
  model().build_cache.snapshots.back().parent = kName;
  std::erase_if(model().build_cache.snapshots,
                [](const BuildSnapshot& s) { return s.key != kImageLayer && s.key != kOnLayer; });
  EXPECT_EQ(found(), Slugs{});
}

TEST_F(BuildCacheCheck, LayersThatAreGone) {
  model().build_cache.snapshots[1].chain = ChainId::from_hex(std::string(64, 'e'));
  model().build_cache.snapshots[2].chain = ChainId::from_hex(std::string(64, 'e'));
  const auto gone = findings();
  EXPECT_EQ(test::slugs(gone), Slugs{"build-layer-gone"});
}

// The plan for a root on disk that has the databases and directories of the model.
std::vector<std::string> steps(const Model& model) {
  const test::TempRoot temp;
  for (const char* name : {"cache.db", "containerdmeta.db", "history.db", "metadata_v2.db", "snapshots.db"}) {
    temp.write(std::string("buildkit/") + name, "x");
  }
  temp.make_dir("buildkit/content/blobs");
  for (const OverlayDir& dir : model.overlay.dirs) {
    temp.make_dir(dir.path.bytes());
  }
  for (const ShortLink& link : model.overlay.links) {
    temp.make_symlink(link.path.bytes(), link.target);
  }
  return test::steps_of(test::plan_for(check_build_cache, model, temp.open()));
}

std::string link_of(const std::string& dir) { return "overlay2/l/" + LinkId::derived_from(dir).text(); }

TEST_F(BuildCacheCheck, AResetTakesTheDatabasesAndWhatOnlyTheyKnew) {
  model().build_cache.content_db.state = Database::State::Bad;
  model().build_cache.content_db.problem = "x";
  const auto planned = steps(model());
  const std::set<std::string> all(planned.begin(), planned.end());
  for (const std::string path : {"buildkit/snapshots.db", "buildkit/metadata_v2.db", "buildkit/containerdmeta.db",
                                 "buildkit/cache.db", "buildkit/history.db", "buildkit/content",
                                 "overlay2/aaaaaaaaaaaaaaaaaaaaaaaaa", "overlay2/ccccccccccccccccccccccccc"}) {
    EXPECT_TRUE(all.contains("move " + path + " into quarantine")) << path;
  }
  EXPECT_TRUE(all.contains("move " + link_of(kSnapshot) + " into quarantine"));
  EXPECT_TRUE(all.contains("move " + link_of(kOnLayer) + " into quarantine"));
  EXPECT_EQ(all.size(), 10U);  // and not the image's layer
}

TEST_F(BuildCacheCheck, AResetKeepsWhatImagesStandOn) {
  // An image layer that a build made, on a snapshot that is in no layer of its own.
  add_dir(kImageLayer, *CacheId::parse(kSnapshot));
  builder_.layer(layer_).cache = CacheId::parse(kImageLayer);
  builder_.layer(layer_).cache_text = kImageLayer;
  model().build_cache.snapshots_db.state = Database::State::Bad;
  model().build_cache.snapshots_db.problem = "x";
  const auto planned = steps(model());
  for (const char* kept : {kImageLayer, kSnapshot}) {
    EXPECT_EQ(std::count(planned.begin(), planned.end(), "move overlay2/" + std::string(kept) + " into quarantine"), 0);
  }
}

TEST_F(BuildCacheCheck, AResetLeavesDirectoriesAloneWhenOwnersAreUnknown) {
  model().build_cache.content_db.state = Database::State::Bad;
  model().build_cache.content_db.problem = "x";
  model().layers.mounts_complete = false;
  for (const std::string& step : steps(model())) {
    EXPECT_EQ(step.find("overlay2"), std::string::npos) << step;
  }
}

TEST_F(BuildCacheCheck, ADatabaseWhoseRecordsAreAllThereIsWrittenAgain) {
  BuildCache& cache = builder_.model().build_cache;
  cache.snapshots_db.state = Database::State::Bad;
  cache.snapshots_db.problem = "page 2: is no freelist page";
  cache.snapshots_db.rewritten = "the bytes";
  EXPECT_EQ(test::slugs(test::run_check(check_build_cache, builder_.model())), Slugs{"build-database-rewritable"});
  const Plan plan = test::plan_for(check_build_cache, builder_.model());
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(std::get<WriteFile>(plan.steps[0].action).bytes, "the bytes");
  EXPECT_EQ(std::get<WriteFile>(plan.steps[0].action).path, RelPath("buildkit/snapshots.db"));

  // Not if the cache has to go for another reason.
  cache.metadata_db.state = Database::State::Bad;
  cache.metadata_db.problem = "page 7: calls itself page 0";
  EXPECT_EQ(test::slugs(test::run_check(check_build_cache, builder_.model())),
            (Slugs{"build-database-bad", "build-database-bad"}));
  cache.metadata_db.state = Database::State::Good;
  remove_dir(kSnapshot);
  EXPECT_EQ(test::slugs(test::run_check(check_build_cache, builder_.model())),
            (Slugs{"build-database-bad", "build-snapshot-missing"}));
}

}  // namespace
}  // namespace dfsck
