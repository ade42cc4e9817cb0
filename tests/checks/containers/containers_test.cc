// Container files and what containers refer to: the rows 601 to 623, and the files that are written again.
#include <gtest/gtest.h>

#include <algorithm>

#include "checks/checks.h"
#include "checks/containers/host_config.h"
#include "checks/problems.h"
#include "core/codec/json/json.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

using Slugs = std::vector<std::string>;

class Containers : public ::testing::Test {
 protected:
  Containers() : image(build.add_image("app", build.add_layer("base"))), id(build.add_container("web", image)) {}

  Container& container() { return build.container(id); }
  std::vector<Finding> files() { return run_check(check_container_configs, build.model()); }
  std::vector<Finding> links() { return run_check(check_container_links, build.model()); }
  void break_config(FileState::Kind state, const std::string& problem) {
    Container broken;
    broken.name_on_disk = id;
    broken.path = container().path;
    broken.dir_id = ContainerId::parse(id);
    broken.config_state = state;
    broken.config_problem = problem;
    container() = broken;
  }

  ModelBuilder build;
  ImageId image;
  std::string id;
};

TEST_F(Containers, HealthyOnesGiveNothing) {
  container().networks = {{"bridge", hex_of("made anew at each start")}, {"web", hex_of("net")}, {"swarm", "x1y2"}};
  container().mount_points.resize(2);
  container().mount_points[0].type = "volume";
  container().mount_points[0].name = "data";
  container().mount_points[1].type = "bind";
  build.add_network("web", hex_of("net"));
  build.add_volume("data");
  build.add_container("other", image);
  EXPECT_TRUE(files().empty());
  EXPECT_TRUE(links().empty());
}

TEST_F(Containers, ABadConfigNamesWhereTheDataIs) {
  const std::string data = "overlay2/" + build.mount(id).dir->text() + "/diff";
  break_config(FileState::Kind::Present, "empty");
  const auto findings = files();
  ASSERT_EQ(slugs(findings), Slugs{"container-config-bad"});
  EXPECT_EQ(findings[0].args.at("data"), data);
}

TEST_F(Containers, ACompleteCopyOfAConfigIsPutBack) {
  const TempRoot temp;
  temp.write("containers/" + id + "/.tmp-config.v2.json1", "{...}");
  break_config(FileState::Kind::Present, "empty");
  container().config_copy = container().path / ".tmp-config.v2.json1";
  EXPECT_EQ(slugs(files()), Slugs{"container-config-restorable"});
  EXPECT_EQ(steps_of(plan_for(check_container_configs, build.model(), temp.open())),
            Slugs{"write containers/" + id + "/config.v2.json: \"{...}\" (5 bytes)"});
}

TEST_F(Containers, WithoutConfigAndWithoutMountItIsLeftOver) {
  break_config(FileState::Kind::Absent, "missing");
  EXPECT_EQ(slugs(files()), Slugs{"container-config-bad"});  // its writable layer is still there
  build.remove_mount(id);
  EXPECT_EQ(slugs(files()), Slugs{"container-dir-left"});
  build.model().layers.mounts_complete = false;
  EXPECT_EQ(slugs(files()), Slugs{"container-config-bad"});
}

TEST_F(Containers, AMisnamedDirectoryGetsItsNameBack) {
  Container& misnamed = container();
  misnamed.name_on_disk = "copy";
  misnamed.path = "containers/copy";
  misnamed.dir_id.reset();
  const auto findings = files();
  ASSERT_EQ(slugs(findings), Slugs{"container-id-mismatch"});
  EXPECT_EQ(findings[0].args.at("found"), id);
  const TempRoot temp;
  temp.make_dir("containers/copy");
  EXPECT_EQ(steps_of(plan_for(check_container_configs, build.model(), temp.open())),
            Slugs{"rename containers/copy to containers/" + id});
  temp.make_dir("containers/" + id);
  EXPECT_TRUE(plan_for(check_container_configs, build.model(), temp.open()).steps.empty());
}

TEST_F(Containers, HostconfigIsWrittenFromWhatTheConfigProves) {
  container().hostconfig_state = FileState::Kind::Absent;
  container().hostconfig_problem = "missing";
  const auto missing = files();
  ASSERT_EQ(slugs(missing), Slugs{"hostconfig-missing"});
  EXPECT_EQ(missing[0].args.at("recovered"), "network default");
  EXPECT_EQ(plan_for(check_container_configs, build.model()).steps.size(), 1u);
  container().hostconfig_state = FileState::Kind::Present;
  container().hostconfig_problem = "empty";
  EXPECT_EQ(slugs(files()), Slugs{"hostconfig-bad"});
  container().hostconfig_copy = container().path / ".tmp-hostconfig.json1";
  EXPECT_EQ(slugs(files()), Slugs{"hostconfig-restorable"});
  container().dead = true;  // a removal needs none
  EXPECT_EQ(slugs(files()), Slugs{"container-half-removed"});
}

TEST_F(Containers, OnlyOneContainerCanHaveAName) {
  const std::string other = build.add_container("other", image);
  build.container(other).name = "web";
  const auto findings = files();
  ASSERT_EQ(slugs(findings), Slugs{"container-name-taken"});
  EXPECT_EQ(findings[0].hits.size(), 2u);
  build.container(other).driver = "vfs";  // not loaded by this daemon
  EXPECT_TRUE(files().empty());
}

TEST_F(Containers, ForeignThingsAreTold) {
  build.model().containers.foreign.push_back("containers/README");
  EXPECT_EQ(slugs(files()), Slugs{"container-entry-foreign"});
}

TEST_F(Containers, LinksThatLeadNowhere) {
  container().networks = {{"web", hex_of("gone")}};
  container().mount_points.resize(1);
  container().mount_points[0].type = "volume";
  container().mount_points[0].name = "data";
  build.remove_image(image);
  EXPECT_EQ(slugs(links()),
            (Slugs{"container-image-missing", "container-network-missing", "container-volume-missing"}));
  build.model().images.complete = false;
  build.model().networks.database.state = Database::State::Bad;
  build.model().volumes.complete = false;
  EXPECT_TRUE(links().empty());
}

TEST_F(Containers, VolumesOfPluginsAreNotOurs) {
  container().mount_points.resize(1);
  container().mount_points[0].type = "volume";
  container().mount_points[0].name = "data";
  container().mount_points[0].driver = "nfs-plugin";
  EXPECT_TRUE(links().empty());
}

TEST_F(Containers, AnotherDriverIsAllThatIsSaid) {
  container().driver = "vfs";
  container().networks = {{"web", hex_of("gone")}};
  build.remove_image(image);
  EXPECT_EQ(slugs(links()), Slugs{"container-other-driver"});
  EXPECT_TRUE(files().empty());
}

TEST(HostConfig, HoldsBindsVolumesPortsAndNetwork) {
  Container container;
  container.mount_points.resize(5);
  container.mount_points[0] = {"/a", "/host/a", "", "", "bind", "", "rprivate", false};
  container.mount_points[1] = {"/b", "/host/b", "", "", "bind", "ro,Z", "rslave", false};
  container.mount_points[2] = {"/c", "", "data", "local", "volume", "z", "", true};
  container.mount_points[3] = {"/d", "", hex_of("made for it"), "local", "volume", "", "", true};
  container.mount_points[4] = {"/e", "", "", "", "tmpfs", "", "", true};
  container.networks = {{"web", "id"}};
  container.published_ports = 1;
  container.ports_json = R"({"80/tcp":[{"HostIp":"","HostPort":"8080"}]})";
  container.log_path = "/var/lib/docker/containers/x/local-logs/container.log";
  const RebuiltHostConfig rebuilt = rebuild_host_config(container);
  EXPECT_EQ(rebuilt.recovered, "2 binds, 1 volume, 1 tmpfs mount, 1 published port, network web");
  const Result<JsonValue> value = parse_json(rebuilt.bytes);
  ASSERT_TRUE(value) << value.error().message();
  EXPECT_EQ(to_go_json(value->get("Binds")), R"(["/host/a:/a:ro","/host/b:/b:ro,Z","data:/c"])");
  EXPECT_EQ(to_go_json(value->get("PortBindings")), container.ports_json);
  EXPECT_EQ(to_go_json(value->get("Mounts")), R"([{"Type":"tmpfs","Target":"/e"}])");
  EXPECT_EQ(*value->get("NetworkMode").as_string(), "web");
  EXPECT_EQ(*value->get("LogConfig").get("Type").as_string(), "local");
  EXPECT_TRUE(rebuilt.bytes.ends_with("}\n"));
}

TEST(HostConfig, NothingKnownGivesDefaults) {
  const RebuiltHostConfig rebuilt = rebuild_host_config(Container());
  const Result<JsonValue> value = parse_json(rebuilt.bytes);
  ASSERT_TRUE(value);
  EXPECT_TRUE(value->get("Binds").is_null());
  EXPECT_EQ(to_go_json(value->get("PortBindings")), "{}");
  EXPECT_EQ(value->find("Mounts"), nullptr);
}

}  // namespace
}  // namespace dfsck::test
