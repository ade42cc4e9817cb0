// Containers on a disk: what the daemon would load, why not, and where newer copies lie.
#include <gtest/gtest.h>

#include "core/model/model.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

const std::string kId(64, 'c');
const std::string kDir = "containers/" + kId + "/";
const std::string kHost = "{\"Binds\":null,\"NetworkMode\":\"neta\",\"StorageOpt\":{\"size\":\"10G\"}}\n";

// Members as a daemon of 20.10 writes them, cut down to what matters; `more` goes in front.
std::string config_with(const std::string& more) {
  return "{" + more + R"("StreamConfig":{},"State":{"Running":false,"RemovalInProgress":false,"Dead":false},"ID":")" +
         kId +
         R"(","Created":"2026-11-24T16:35:39.275455114Z","Path":"sleep","Config":{"Image":"app:2"},"Image":"sha256:)" +
         std::string(64, 'e') +
         R"(","NetworkSettings":{"Networks":{"neta":{"NetworkID":"n1"},"host":null},"Ports":{"80/tcp":[)"
         R"({"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}],"81/tcp":null}},)"
         R"("LogPath":"/x","Name":"/service","Driver":"overlay2","MountPoints":{"/b":{"Source":"","Destination":"/b",)"
         R"("RW":true,"Name":"vol","Driver":"local","Type":"volume","Relabel":"z"},"/a":{"Source":"/host",)"
         R"("Destination":"/a","RW":false,"Type":"bind","Propagation":"rprivate"}}})";
}

ContainerStore scanned_containers(const test::TempRoot& temp) {
  Model model;
  scan_containers(temp.open(), 2, Cancel(), model);
  EXPECT_TRUE(model.failures.empty());
  return model.containers;
}

Container container_with(const std::string& config, const std::string& host_config) {
  const test::TempRoot temp;
  temp.write(kDir + "config.v2.json", config);
  temp.write(kDir + "hostconfig.json", host_config);
  return scanned_containers(temp).containers.at(0);
}

std::string problem_of_config(const std::string& config) { return container_with(config, kHost).config_problem; }

TEST(ScanContainers, ReadsWhatChecksNeed) {
  const Container container = container_with(config_with("") + "\nleftover of a longer file", kHost);
  EXPECT_TRUE(container.loads()) << container.config_problem << container.hostconfig_problem;
  EXPECT_EQ(container.name, "service");
  EXPECT_EQ(container.driver, "overlay2");
  EXPECT_EQ(container.image->hex(), std::string(64, 'e'));
  EXPECT_EQ(container.image_name, "app:2");
  EXPECT_EQ(container.size_limit, "10G");
  ASSERT_EQ(container.mount_points.size(), 2u);
  EXPECT_EQ(container.mount_points[0].type, "bind");
  EXPECT_FALSE(container.mount_points[0].writable);
  EXPECT_EQ(container.mount_points[1].name, "vol");
  ASSERT_EQ(container.networks.size(), 2u);
  EXPECT_EQ(container.networks[1].id, "n1");
}

TEST(ScanContainers, KeepsPublishedPortsAsTheUserGaveThem) {
  const Container container = container_with(config_with(""), kHost);
  EXPECT_EQ(container.ports_json, R"({"80/tcp":[{"HostIp":"","HostPort":"8080"}]})");
  EXPECT_EQ(container.published_ports, 1u);
}

TEST(ScanContainers, NamesWhyTheDaemonWouldNotLoadIt) {
  EXPECT_EQ(problem_of_config(""), "empty");
  EXPECT_EQ(problem_of_config("{}"), "an empty object");
  EXPECT_EQ(problem_of_config("null"), "null");
  EXPECT_EQ(problem_of_config(config_with("").substr(0, 100)), "cut off after 100 bytes");
  EXPECT_EQ(problem_of_config(std::string(4096, '\0')), "filled with 4096 zero bytes");
  EXPECT_EQ(problem_of_config(config_with("\"LOGPATH\":1,")), "");  // Go lets the last one win
  EXPECT_EQ(problem_of_config(R"({"ID":1})"), "malformed (its member ID has a wrong type)");
  EXPECT_EQ(problem_of_config(R"({"State":{"Dead":"no"},"Config":{}})"),
            "malformed (its member State.Dead has a wrong type)");
  EXPECT_EQ(problem_of_config(R"({"Created":"now","Config":{}})"), "malformed (its member Created is no time)");
  EXPECT_EQ(problem_of_config(R"({"ID":"x"})"), "without its member Config");
}

TEST(ScanContainers, JudgesHostconfig) {
  EXPECT_EQ(container_with(config_with(""), "").hostconfig_problem, "empty");
  EXPECT_EQ(container_with(config_with(""), "{}").hostconfig_problem, "an empty object");
  EXPECT_EQ(container_with(config_with(""), R"({"NetworkMode":1})").hostconfig_problem,
            "malformed (its member NetworkMode has a wrong type)");
  const test::TempRoot temp;
  temp.write(kDir + "config.v2.json", config_with(""));
  EXPECT_EQ(scanned_containers(temp).containers[0].hostconfig_problem, "missing");
}

TEST(ScanContainers, SeesRemovalsThatWereCutOff) {
  const std::string dead = R"({"State":{"Dead":true},"ID":")" + kId + R"(","Config":{}})";
  const std::string removing = R"({"State":{"RemovalInProgress":true},"ID":")" + kId + R"(","Config":{}})";
  EXPECT_TRUE(container_with(dead, kHost).dead);
  EXPECT_TRUE(container_with(removing, kHost).dead);
  EXPECT_FALSE(container_with(config_with(""), kHost).dead);
}

TEST(ScanContainers, FindsTheNewestCompleteCopy) {
  const test::TempRoot temp;
  temp.write(kDir + "config.v2.json", "");
  temp.write(kDir + "hostconfig.json", kHost);
  temp.write(kDir + ".tmp-config.v2.json1", config_with(""));
  temp.write(kDir + ".tmp-config.v2.json2", config_with(""));
  temp.write(kDir + ".tmp-config.v2.json3", config_with("").substr(0, 50));
  temp.write(kDir + ".tmp-hostconfig.json4", kHost);
  for (int i = 1; i <= 3; ++i) {
    temp.set_mtime(kDir + ".tmp-config.v2.json" + std::to_string(i), 1000 * i);
  }
  const ContainerStore store = scanned_containers(temp);
  const Container& container = store.containers.at(0);
  EXPECT_EQ(container.temporaries.size(), 4u);
  EXPECT_EQ(container.config_copy->name(), ".tmp-config.v2.json2");
  EXPECT_FALSE(container.hostconfig_copy);  // the file itself is good
}

TEST(ScanContainers, ACopyOfAnotherContainerIsNone) {
  const test::TempRoot temp;
  temp.write("containers/" + std::string(64, 'd') + "/.tmp-config.v2.json1", config_with(""));
  EXPECT_FALSE(scanned_containers(temp).containers.at(0).config_copy);
}

TEST(ScanContainers, ListsWhatIsNoContainer) {
  const test::TempRoot temp;
  temp.write("containers/file", "x");
  temp.make_symlink("containers/other", "/etc");
  const ContainerStore store = scanned_containers(temp);
  EXPECT_TRUE(store.containers.empty());
  EXPECT_EQ(store.foreign.size(), 2u);
  EXPECT_TRUE(store.complete);
}

// A daemon opens it by its path.
TEST(ScanContainers, FollowsALinkInPlaceOfAContainer) {
  const test::TempRoot temp;
  temp.write("elsewhere/hostconfig.json", "{}");
  temp.make_symlink("containers/" + kId, "../elsewhere");
  const ContainerStore store = scanned_containers(temp);
  ASSERT_EQ(store.containers.size(), 1u);
  EXPECT_EQ(store.containers.front().path.name(), kId);
  EXPECT_TRUE(store.foreign.empty());
}

}  // namespace
}  // namespace dfsck
