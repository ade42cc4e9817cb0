// Findings about the filesystem, mounts and daemons of a root.
#include <gtest/gtest.h>

#include <cerrno>

#include "checks/checks.h"
#include "checks/liveness.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck {
namespace {

using test::ModelBuilder;
using Slugs = std::vector<std::string>;

Model healthy_host() {
  Model model = ModelBuilder().model();
  model.host.filesystem = "ext4";
  model.host.total_bytes = 100ULL << 30;
  model.host.free_bytes = 50ULL << 30;
  model.host.total_inodes = 1'000'000;
  model.host.free_inodes = 900'000;
  return model;
}

Slugs environment_slugs(const Model& model) { return test::slugs(test::run_check(check_root_environment, model)); }

TEST(RootEnvironment, NothingToSay) {
  EXPECT_EQ(environment_slugs(healthy_host()), Slugs{});
  EXPECT_TRUE(live_evidence(healthy_host()).empty());
}

TEST(RootEnvironment, ADaemonRuns) {
  Model model = healthy_host();
  model.host.daemons = {{"dockerd", 12, true}, {"containerd", 13, false}};
  model.volumes.database.locked = true;
  model.volumes.database.path = "volumes/metadata.db";
  const auto findings = test::run_check(check_root_environment, model);
  EXPECT_EQ(test::slugs(findings), Slugs{"root-live"});  // that its database is locked goes without saying
  EXPECT_EQ(findings[0].args.at("evidence"),
            "dockerd (pid 12) runs on this root; containerd (pid 13) has a database of this root open");
  EXPECT_EQ(live_evidence(model).size(), 3U);
}

TEST(RootEnvironment, ContainersThatOutliveTheirDaemon) {
  Model model = healthy_host();
  model.host.container_mounts = {"overlay2/abc/merged"};
  EXPECT_EQ(environment_slugs(model), Slugs{"root-live"});
  EXPECT_EQ(live_evidence(model), std::vector<std::string>{"1 mount of containers, first overlay2/abc/merged"});
}

TEST(RootEnvironment, ALockWithoutAHolder) {
  Model model = healthy_host();
  model.build_cache.snapshots_db.path = "buildkit/snapshots.db";
  model.build_cache.snapshots_db.locked = true;
  EXPECT_EQ(environment_slugs(model), Slugs{"root-database-locked"});
  EXPECT_EQ(live_evidence(model), std::vector<std::string>{"buildkit/snapshots.db is locked by another process"});
}

TEST(RootEnvironment, TwoDaemons) {
  Model model = healthy_host();
  model.host.daemons = {{"dockerd", 12, true}, {"dockerd", 14, false}};
  const auto findings = test::run_check(check_root_environment, model);
  EXPECT_EQ(test::slugs(findings), (Slugs{"root-live", "root-several-daemons"}));
  EXPECT_EQ(findings[1].args.at("evidence"), "pid 12, pid 14");
}

TEST(RootEnvironment, ErrorsOfTheDiskAreDamageButMissingRightsAreNot) {
  Model model = healthy_host();
  model.failures = {{"containers/a", "open", EIO},
                    {"containers/a", "read", EIO},
                    {"overlay2/b", "open directory", EUCLEAN},
                    {"secret", "open", EACCES},
                    {"x", "open", ENOMEM}};
  const auto findings = test::run_check(check_root_environment, model);
  EXPECT_EQ(test::slugs(findings), (Slugs{"root-io-error", "root-io-error"}));
  EXPECT_EQ(findings[0].args.at("reason"), "Input/output error");
}

TEST(RootEnvironment, TheFilesystem) {
  const auto with = [](const auto& change) {
    Model model = healthy_host();
    change(model.host);
    return environment_slugs(model);
  };
  EXPECT_EQ(with([](HostFacts& host) {
              host.missing_mounts = {{"/var/lib/docker", "/etc/fstab"}};
            }),
            Slugs{"root-not-mounted"});
  EXPECT_EQ(with([](HostFacts& host) { host.read_only = true; }), Slugs{"root-read-only"});
  EXPECT_EQ(with([](HostFacts& host) { host.free_bytes = 1 << 20; }), Slugs{"root-disk-full"});
  EXPECT_EQ(with([](HostFacts& host) { host.free_inodes = 3; }), Slugs{"root-disk-full"});
  EXPECT_EQ(with([](HostFacts& host) { host.free_inodes = host.total_inodes = 0, host.limits_inodes = false; }),
            Slugs{});
  // A small disk may well have little space left.
  EXPECT_EQ(with([](HostFacts& host) { host.total_bytes = 100 << 20, host.free_bytes = 20 << 20; }), Slugs{});
  EXPECT_EQ(with([](HostFacts& host) { host.reports_types = false; }), Slugs{"root-no-dtype"});
  EXPECT_EQ(with([](HostFacts& host) { host.suitable = false; }), Slugs{"root-unsuitable-filesystem"});
}

TEST(RootEnvironment, LabelsMatterOnlyWhereSelinuxIsOn) {
  Model model = healthy_host();
  model.host.overlay_label = "unconfined_u:object_r:default_t:s0";
  EXPECT_EQ(environment_slugs(model), Slugs{});
  model.host.selinux_enabled = true;
  EXPECT_EQ(environment_slugs(model), Slugs{"root-wrong-label"});
  model.host.overlay_label = "system_u:object_r:container_ro_file_t:s0";
  EXPECT_EQ(environment_slugs(model), Slugs{});
}

}  // namespace
}  // namespace dfsck
