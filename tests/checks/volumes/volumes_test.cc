// Findings about volumes and the databases of volumes and networks, and what is written to repair them.
#include <gtest/gtest.h>

#include "checks/checks.h"
#include "checks/databases/volume_rebuild.h"
#include "core/codec/bolt/bolt.h"
#include "core/codec/bolt/check.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

// Volumes "data" and "nfs", both recorded; "nfs" with options.
Model one_volume() {
  ModelBuilder builder;
  builder.add_volume("data");
  builder.add_volume("nfs");
  Model model = builder.model();
  model.volumes.volumes.at(1).options = test::file_of("{\"MountType\":\"nfs\"}");
  model.volumes.database.path = "volumes/metadata.db";
  model.volumes.database.state = Database::State::Good;
  model.volumes.records = {{"data", "local", {{"who", "me"}}, {}},
                           {"nfs", "local", {}, {{"type", "nfs"}, {"o", "addr=x"}, {"device", ":/y"}}},
                           {"remote", "plugin", {}, {}}};
  model.networks.database.path = "network/files/local-kv.db";
  return model;
}

Volume& volume(Model& model, size_t index) { return model.volumes.volumes.at(index); }

Slugs volume_slugs(CheckFunction check, const Model& model) { return test::slugs(test::run_check(check, model)); }

TEST(Volumes, NothingToSay) {
  EXPECT_EQ(volume_slugs(check_volumes, one_volume()), Slugs{});
  EXPECT_EQ(volume_slugs(check_databases, one_volume()), Slugs{});
}

TEST(Volumes, OptionsComeBackFromTheDatabase) {
  Model model = one_volume();
  volume(model, 1).options = test::file_of("");
  volume(model, 1).options_problem = "empty";
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-options-restorable"});
  const Plan plan = test::plan_for(check_volumes, model);
  ASSERT_EQ(plan.steps.size(), 1U);
  const WriteFile& write = std::get<WriteFile>(plan.steps[0].action);
  EXPECT_EQ(write.path, RelPath("volumes/nfs/opts.json"));
  EXPECT_EQ(write.bytes,
            "{\"MountType\":\"nfs\",\"MountOpts\":\"addr=x\",\"MountDevice\":\":/y\",\"Quota\":{\"Size\":0}}");
  EXPECT_EQ(write.owner, (Ownership{0, 0, 0600}));
}

TEST(Volumes, OptionsThatOnlyTheDatabaseStillHas) {
  Model model = one_volume();
  volume(model, 1).options = FileState{};
  const auto findings = test::run_check(check_volumes, model);
  ASSERT_EQ(test::slugs(findings), Slugs{"volume-options-restorable"});
  EXPECT_EQ(findings[0].args.at("state"), "missing");
}

TEST(Volumes, OptionsThatAreKnownNowhereElse) {
  Model model = one_volume();
  volume(model, 0).options = test::file_of("");
  volume(model, 0).options_problem = "empty";
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-options-bad"});  // recorded, but without options
  volume(model, 0).options_problem = "";
  volume(model, 1).options = test::file_of("{");
  volume(model, 1).options_problem = "cut off after 1 byte";
  model.volumes.database.state = Database::State::Bad;  // its records prove nothing any more
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-options-bad"});
}

TEST(Volumes, MissingData) {
  Model model = one_volume();
  volume(model, 0).has_data = false;
  volume(model, 0).data_problem = "missing";
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-data-missing"});
  model.volumes.records.erase(model.volumes.records.begin());
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-entry-foreign"});  // nobody ever spoke of it
  volume(model, 0).options = test::file_of("{}");
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-data-missing"});
  volume(model, 0).options = {};
  Container container;
  container.mount_points.push_back({"/data", "", "data", "local", "volume", "", "", true});
  model.containers.containers.push_back(container);
  EXPECT_EQ(volume_slugs(check_volumes, model), Slugs{"volume-data-missing"});
}

TEST(Volumes, ForeignEntries) {
  Model model = one_volume();
  model.volumes.foreign = {"volumes/.tmp-metadata", "volumes/notes.txt"};
  const auto findings = test::run_check(check_volumes, model);
  EXPECT_EQ(test::slugs(findings), Slugs{"volume-entry-foreign"});
  EXPECT_EQ(findings[0].args.at("path"), "volumes/notes.txt");
}

TEST(Databases, TheVolumeDatabaseIsWrittenAgain) {
  Model model = one_volume();
  model.volumes.database.state = Database::State::Bad;
  model.volumes.database.problem = "page 3: calls itself page 7";
  model.volumes.records.erase(model.volumes.records.begin());  // "data" could not be salvaged
  model.volumes.records.push_back({"stale", "local", {}, {}});
  const auto findings = test::run_check(check_databases, model);
  EXPECT_EQ(test::slugs(findings), Slugs{"volume-database-bad"});
  EXPECT_EQ(findings[0].args.at("recovered"), "3 volumes");

  const Plan plan = test::plan_for(check_databases, model);
  ASSERT_EQ(plan.steps.size(), 1U);
  Result<BoltFile> file = BoltFile::open(std::get<WriteFile>(plan.steps[0].action).bytes);
  ASSERT_TRUE(file);
  EXPECT_TRUE(check_bolt(*file).empty());
  const Result<BoltBucket> root = file->root();
  ASSERT_TRUE(root);
  const BoltBucket* volumes = root->bucket("volumes");
  ASSERT_NE(volumes, nullptr);
  EXPECT_EQ(volumes->entries.size(), 3U);
  EXPECT_EQ(volumes->value("data"), "{\"Name\":\"data\",\"Driver\":\"local\",\"Labels\":null,\"Options\":null}");
  EXPECT_EQ(volumes->value("remote"), "{\"Name\":\"remote\",\"Driver\":\"plugin\",\"Labels\":null,\"Options\":null}");
}

TEST(Databases, WhatARebuiltVolumeDatabaseDoesNotHold) {
  Model model = one_volume();
  model.volumes.database.state = Database::State::Bad;
  model.volumes.database.problem = "page 3: calls itself page 7";
  model.volumes.records.erase(model.volumes.records.begin());
  model.volumes.records[0].origin = BoltOrigin::Leftover;
  const auto findings = test::run_check(check_databases, model);
  ASSERT_EQ(test::slugs(findings), Slugs{"volume-database-bad"});
  EXPECT_EQ(findings[0].args.at("lost"),
            "labels that data may have had are lost; what is known of nfs may be out of date");
  // A record that was read goes into the new database as it is, byte for byte.
  model.volumes.records[0].json = "{\"Name\":\"nfs\",\"Labels\":{}}";
  EXPECT_EQ(volume_record_json(model.volumes.records[0]), model.volumes.records[0].json);
}

// Nothing but containers knows of volumes of other drivers once the database is lost.
TEST(Databases, VolumesOfOtherDriversComeFromContainers) {
  Model model = one_volume();
  model.volumes.volumes.clear();
  model.volumes.records.clear();
  model.volumes.database.state = Database::State::Absent;
  Container container;
  container.mount_points.push_back({"/a", "", "remote", "plugin", "volume", "", "", true});
  container.mount_points.push_back({"/b", "", "here", "local", "volume", "", "", true});
  container.mount_points.push_back({"/c", "/mnt", "", "", "bind", "", "", true});
  model.containers.containers.push_back(container);
  const VolumeRebuild rebuild = rebuild_volumes(model);
  ASSERT_EQ(rebuild.records.size(), 1U);
  EXPECT_EQ(rebuild.records[0].name, "remote");
  EXPECT_EQ(rebuild.records[0].driver, "plugin");
  EXPECT_EQ(rebuild.unlabelled, std::vector<std::string>{"remote"});
}

TEST(Databases, ARewrittenDatabaseIsSafe) {
  Model model = one_volume();
  model.volumes.database.state = Database::State::Bad;
  model.volumes.database.problem = "page 4: is no freelist page";
  model.volumes.database.rewritten = "the bytes";
  EXPECT_EQ(volume_slugs(check_databases, model), Slugs{"volume-database-rewritable"});
  const Plan plan = test::plan_for(check_databases, model);
  ASSERT_EQ(plan.steps.size(), 1U);
  const WriteFile& write = std::get<WriteFile>(plan.steps[0].action);
  EXPECT_EQ(write.bytes, "the bytes");
  EXPECT_EQ(write.owner, (Ownership{0, 0, 0600}));
}

TEST(Databases, AVolumeDatabaseThatIsGone) {
  Model model = one_volume();
  model.volumes.records.clear();
  model.volumes.database.state = Database::State::Absent;
  EXPECT_EQ(volume_slugs(check_databases, model), Slugs{"volume-database-missing"});
  model.volumes.database.state = Database::State::Empty;
  EXPECT_EQ(test::run_check(check_databases, model).at(0).args.at("state"), "empty");
  model.volumes.volumes.clear();
  EXPECT_EQ(volume_slugs(check_databases, model), Slugs{});  // a root that is new
}

TEST(Databases, StaleRecords) {
  Model model = one_volume();
  model.volumes.volumes.pop_back();
  EXPECT_EQ(volume_slugs(check_databases, model), Slugs{"volume-record-stale"});
}

TEST(Databases, LeakedPages) {
  Model model = one_volume();
  model.build_cache.cache_db.path = "buildkit/cache.db";
  model.build_cache.cache_db.state = Database::State::Good;
  model.build_cache.cache_db.leaked_runs = 2;
  const auto findings = test::run_check(check_databases, model);
  EXPECT_EQ(test::slugs(findings), Slugs{"database-leaks-pages"});
  EXPECT_EQ(findings[0].args.at("count"), "2 page ranges");
}

TEST(VolumeOptions, SizesAsGoReadsThem) {
  const auto size = [](const std::string& text) {
    const auto file = volume_options_file({"v", "local", {}, {{"size", text}}});
    return file ? file->substr(file->find("\"Size\":") + 7) : "refused";
  };
  EXPECT_EQ(size("100"), "100}}");
  EXPECT_EQ(size("10m"), "10485760}}");
  EXPECT_EQ(size("1.5 GiB"), "1610612736}}");
  EXPECT_EQ(size("2KB"), "2048}}");
  EXPECT_EQ(size("much"), "refused");
  EXPECT_EQ(size("-1"), "refused");
  EXPECT_EQ(size("1x"), "refused");
}

}  // namespace
}  // namespace dfsck
