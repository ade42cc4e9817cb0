// Findings about what lies directly in a root: drivers, types, identity, swarm, plugins.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "checks/checks.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

Model plain_root() {
  Model model = ModelBuilder().model();
  model.entries.driver_dirs = {"overlay2"};
  model.entries.image_drivers = {"overlay2"};
  model.entries.engine_id = test::file_of("d4e1c0a2-0000-4000-8000-000000000000");
  model.entries.swarm.exists = true;
  model.entries.swarm.has_certificate = true;
  model.entries.plugins = {{std::string(64, 'a'), RelPath("plugins") / std::string(64, 'a'), false, ""}};
  return model;
}

std::vector<Finding> entry_findings(const Model& model) { return test::run_check(check_root_entries, model); }
Slugs entry_slugs(const Model& model) { return test::slugs(entry_findings(model)); }

TEST(RootEntriesCheck, NothingToSay) { EXPECT_EQ(entry_slugs(plain_root()), Slugs{}); }

TEST(RootEntriesCheck, WrongTypes) {
  Model model = plain_root();
  model.entries.wrong_types = {{"volumes", S_IFREG | 0644}};
  const auto findings = entry_findings(model);
  EXPECT_EQ(test::slugs(findings), Slugs{"root-entry-wrong-type"});
  EXPECT_EQ(findings[0].args.at("type"), "file");
}

TEST(RootEntriesCheck, DataOfAnotherDriver) {
  Model model = plain_root();
  model.entries.image_drivers = {"aufs", "overlay2"};
  model.entries.driver_dirs = {"aufs", "overlay2", "vfs"};
  const auto findings = entry_findings(model);
  EXPECT_EQ(test::slugs(findings), (Slugs{"root-other-driver", "root-other-driver", "root-several-drivers"}));
  EXPECT_EQ(findings[0].args.at("what"), "aufs/ and image/aufs");
  EXPECT_EQ(findings[1].args.at("what"), "vfs/");
  EXPECT_EQ(findings[2].args.at("drivers"), "aufs, overlay2");  // the daemon does not count vfs
  EXPECT_EQ(findings[2].args.at("used"), "overlay2");
}

Boundary link_to(const RelPath& path, const std::string& problem = "") {
  return {path, Boundary::Kind::Link, "/disk", problem.empty() ? "/disk" : "", "ext4", "", problem};
}

TEST(RootEntriesCheck, LinksInThePlaceOfAreas) {
  Model model = plain_root();
  model.host.boundaries = {link_to("containers"), link_to("overlay2"), link_to("tmp"), link_to("volumes"),
                           link_to("volumes/db/_data")};
  const auto findings = entry_findings(model);
  EXPECT_EQ(test::slugs(findings), (Slugs{"area-linked", "driver-linked", "volumes-linked", "area-linked"}));
}

TEST(RootEntriesCheck, LinksThatLeadNowhere) {
  Model model = plain_root();
  model.host.boundaries = {link_to("aufs", "nowhere"), link_to("image/aufs", "nowhere"), link_to("tmp", "nowhere"),
                           link_to("volumes", "nowhere")};
  const auto findings = entry_findings(model);
  EXPECT_EQ(test::slugs(findings), Slugs{"area-link-broken"}) << "nobody looks at the others";
  EXPECT_NE(findings[0].args.at("effect").find("/volumes: file exists"), std::string::npos);
}

TEST(RootEntriesCheck, NewerData) {
  Model model = plain_root();
  model.entries.newer_files = {"image/identity-cache.db"};
  EXPECT_EQ(entry_findings(model).at(0).args.at("version"), "29");
}

TEST(RootEntriesCheck, EngineIdWithNothingInIt) {
  for (const std::string& bytes : {std::string(), std::string(36, '\0'), std::string("\n")}) {
    Model model = plain_root();
    model.entries.engine_id = test::file_of(bytes);
    EXPECT_EQ(entry_slugs(model), Slugs{"engine-id-empty"});
    const test::TempRoot temp;
    temp.write("engine-id", bytes);
    EXPECT_EQ(test::steps_of(test::plan_for(check_root_entries, model, temp.open())),
              std::vector<std::string>{"move engine-id into quarantine"});
  }
  Model model = plain_root();
  model.entries.engine_id = {};
  EXPECT_EQ(entry_slugs(model), Slugs{});  // before 23.0 there is none
}

TEST(RootEntriesCheck, Swarm) {
  Model model = plain_root();
  model.entries.swarm.has_certificate = false;
  EXPECT_EQ(entry_slugs(model), Slugs{"swarm-certificate-missing"});
  model = plain_root();
  model.entries.swarm.state_problem = "empty";
  EXPECT_EQ(entry_slugs(model), Slugs{"swarm-state-bad"});
  model.entries.swarm.state_problem = "";
  model.entries.swarm.peers_problem = "empty";
  EXPECT_EQ(entry_slugs(model), Slugs{"swarm-managers-bad"});
  model = plain_root();
  model.entries.swarm.log_problems = {{"swarm/raft/wal-v3-encrypted/0.wal", 512, "the sum is wrong"}};
  EXPECT_EQ(entry_slugs(model), Slugs{"swarm-log-bad"});
  model.entries.swarm = {};
  EXPECT_EQ(entry_slugs(model), Slugs{});
}

// The bytes that the state file of the node "own" becomes; "none" where it cannot be rebuilt.
std::string swarm_state(const std::string& role, std::vector<Swarm::Manager> managers,
                        const std::string& remains = "") {
  const test::TempRoot temp;
  temp.write("swarm/docker-state.json", "");
  Model model = plain_root();
  model.entries.swarm.state_problem = "empty";
  model.entries.swarm.state_remains = remains;
  model.entries.swarm.node = {"own", role};
  model.entries.swarm.managers = std::move(managers);
  const Plan plan = test::plan_for(check_root_entries, model, temp.open());
  const auto* write = plan.steps.empty() ? nullptr : std::get_if<WriteFile>(&plan.steps.front().action);
  return write != nullptr ? write->bytes : "none";
}

TEST(RootEntriesCheck, TheStateOfASwarmManagerIsRebuilt) {
  const std::vector<Swarm::Manager> managers = {
      {"a", "10.0.0.1:2377"}, {"own", "[fe80::1]:2400"}, {"b", "10.0.0.3:2377"}};
  EXPECT_EQ(swarm_state("swarm-manager", managers),
            R"({"LocalAddr":"fe80::1","RemoteAddr":"10.0.0.1:2377","ListenAddr":"0.0.0.0:2400",)"
            R"("AdvertiseAddr":"[fe80::1]:2400","DataPathAddr":"","DefaultAddressPool":null,"SubnetSize":24,)"
            R"("DataPathPort":4789,"JoinInProgress":false})");
  EXPECT_EQ(swarm_state("swarm-manager", {{"a", "10.0.0.1:2377"}}), "none");
  EXPECT_EQ(swarm_state("swarm-manager", {}), "none");
}

TEST(RootEntriesCheck, WhatIsLeftOfTheStateOfASwarmIsKept) {
  EXPECT_EQ(swarm_state("swarm-manager", {{"own", "10.0.0.1:2377"}},
                        R"({"LocalAddr":"eth1","RemoteAddr":"","ListenAddr":"10.0.0.1:2377","Adver)"),
            R"({"LocalAddr":"eth1","RemoteAddr":"","ListenAddr":"10.0.0.1:2377",)"
            R"("AdvertiseAddr":"10.0.0.1:2377","DataPathAddr":"","DefaultAddressPool":null,"SubnetSize":24,)"
            R"("DataPathPort":4789,"JoinInProgress":false})");
}

TEST(RootEntriesCheck, TheStateOfASwarmWorkerIsRebuilt) {
  EXPECT_EQ(swarm_state("swarm-worker", {{"a", "10.0.0.1:2377"}}),
            R"({"LocalAddr":"","RemoteAddr":"10.0.0.1:2377","ListenAddr":"0.0.0.0:2377",)"
            R"("AdvertiseAddr":"","DataPathAddr":"","DefaultAddressPool":null,"SubnetSize":24,)"
            R"("DataPathPort":4789,"JoinInProgress":false})");
  EXPECT_EQ(swarm_state("swarm-worker", {}), "none");
  EXPECT_EQ(swarm_state("", {{"a", "10.0.0.1:2377"}}), "none");
}

TEST(RootEntriesCheck, Plugins) {
  Model model = plain_root();
  model.entries.plugins[0].config_problem = "cut off after 10 bytes";
  EXPECT_EQ(entry_slugs(model), Slugs{"plugin-config-bad"});
  model = plain_root();
  model.entries.plugins[0].removing = true;
  EXPECT_EQ(entry_slugs(model), Slugs{"plugin-removing-left"});
}

TEST(RootEntriesCheck, RuntimeStateIsLeftOverOnlyWhenNothingRuns) {
  Model model = plain_root();
  model.entries.runtime_tasks = {"containerd/daemon/io.containerd.runtime.v2.task/moby/abc"};
  EXPECT_EQ(entry_slugs(model), Slugs{"runtime-state-left"});
  model.host.daemons = {{"dockerd", 1, true}};
  EXPECT_EQ(entry_slugs(model), Slugs{});
}

}  // namespace
}  // namespace dfsck
