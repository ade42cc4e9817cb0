// Findings about the network database, and what is written to repair it.
#include <gtest/gtest.h>

#include "checks/checks.h"
#include "checks/databases/listed.h"
#include "checks/databases/network_rebuild.h"
#include "core/codec/bolt/check.h"
#include "core/model/records/network_records.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
using Slugs = std::vector<std::string>;

const RelPath kPath = "network/files/local-kv.db";
const std::string kWeb(64, 'a');
const std::string kDb(64, 'b');
const std::string kOld(64, 'c');
const std::string kHost(64, 'd');

std::string key_of(const std::string& key) { return "docker/network/v1.0/" + key + "/"; }
std::string value_of(const std::string& json) { return std::string("\x20\0\0\0\0\0\0\0", 8) + json; }

std::string network_json(const std::string& name, const std::string& id, const std::string& driver = "bridge") {
  return R"({"name":")" + name + R"(","id":")" + id + R"(","networkType":")" + driver + R"(","enableIPv6":false})";
}

using Values = std::map<std::string, std::string, std::less<>>;

void put_network(Values& values, const std::string& name, const std::string& id, const std::string& subnet) {
  values[key_of("network/" + id)] = value_of(network_json(name, id, subnet.empty() ? "host" : "bridge"));
  values[key_of("endpoint_count/" + id)] = value_of(R"({"Count":2})");
  if (!subnet.empty()) {
    values[key_of("bridge/" + id)] = value_of(R"({"AddressIPv4":")" + subnet + R"(","ID":")" + id + R"("})");
  }
}

// Networks "web", "db" and "host", and an endpoint on "web" in a sandbox.
Values healthy_values() {
  Values values;
  put_network(values, "web", kWeb, "172.18.0.1/16");
  put_network(values, "db", kDb, "172.19.0.1/16");
  put_network(values, "host", kHost, "");
  values[key_of("endpoint/" + kWeb + "/e1")] = value_of(R"({"name":"shop","id":"e1","sandbox":"s1"})");
  values[key_of("bridge-endpoint/e1")] = value_of("{}");
  values[key_of("sandbox/s1")] = value_of(R"({"ID":"s1","Cid":""})");
  return values;
}

std::string database_of(const Values& values) {
  BoltContent content;
  content.buckets["libnetwork"].values = values;
  return *write_bolt(content);
}

// A root with this database and a container "shop" that uses the network.
class Networks : public testing::Test {
 protected:
  void write(const std::string& bytes) { root_.write(kPath.text(), bytes); }
  void use(const std::string& name, const std::string& id) {
    Container container;
    container.name = "shop";
    container.networks.push_back({name, id});
    containers_.push_back(container);
  }

  Model scanned() {
    Model model;
    scan_networks(root_.open(), model);
    model.containers.containers = containers_;
    return model;
  }
  Slugs found() { return test::slugs(test::run_check(check_databases, scanned())); }
  Finding only_finding() {
    const auto findings = test::run_check(check_databases, scanned());
    EXPECT_EQ(findings.size(), 1U);
    return findings.at(0);
  }
  // What the database holds once the plan has been carried out; must be sound.
  Values repaired() {
    const Plan plan = test::plan_for(check_databases, scanned(), root_.open());
    EXPECT_EQ(plan.steps.size(), 1U);
    const auto& write = std::get<WriteFile>(plan.steps.at(0).action);
    EXPECT_EQ(write.path, kPath);
    const Result<BoltFile> file = BoltFile::open(write.bytes);
    EXPECT_TRUE(check_bolt(*file).empty());
    return content_of(salvage_bolt(*file, std::nullopt).root).buckets.at("libnetwork").values;
  }

  TempRoot root_;
  std::vector<Container> containers_;
};

// Without its meta pages the tree is found, but may be that of an earlier write.
std::string without_metas(std::string bytes) { return bytes.replace(0, 8192, 8192, '\0'); }

TEST_F(Networks, NothingToSay) {
  write(database_of(healthy_values()));
  Values values = healthy_values();
  EXPECT_EQ(found(), Slugs{"network-record-stale"});  // counts that are too high, which the daemon corrects
  for (const std::string& id : {kWeb, kDb, kHost}) {
    values[key_of("endpoint_count/" + id)] = value_of(id == kWeb ? R"({"Count":1})" : R"({"Count":0})");
  }
  write(database_of(values));
  EXPECT_EQ(found(), Slugs{});
}

TEST_F(Networks, ADamagedFreelistIsSafeToMend) {
  std::string bytes = database_of(healthy_values());
  bytes[2 * 4096 + 8] = '\x77';
  write(bytes);
  EXPECT_EQ(found(), Slugs{"network-database-rewritable"});
  EXPECT_EQ(repaired(), healthy_values());
}

TEST_F(Networks, NetworksAreKeptAndEndpointsAreNot) {
  write(without_metas(database_of(healthy_values())));
  use("web", kWeb);
  const Finding finding = only_finding();
  EXPECT_EQ(problem_of(finding.problem).slug(), "network-database-bad");
  EXPECT_EQ(finding.args.at("recovered"), "2 networks (db and web), perhaps out of date");
  const Values values = repaired();
  Values expected = healthy_values();
  std::erase_if(expected, [](const auto& item) {
    const auto kind = parse_network_record(item.first, item.second)->kind;
    return kind == "endpoint" || kind == "bridge-endpoint" || kind == "sandbox";
  });
  for (const std::string& id : {kWeb, kDb, kHost}) {
    expected[key_of("endpoint_count/" + id)] = value_of(R"({"Count":0})");
  }
  EXPECT_EQ(values, expected);
}

TEST_F(Networks, ANetworkThatAContainerUsesIsLost) {
  write(without_metas(database_of(healthy_values())));
  use("gone", kOld);
  use("bridge", std::string(64, 'e'));  // the daemon makes it anew
  const Finding finding = only_finding();
  EXPECT_EQ(problem_of(finding.problem).slug(), "network-database-lost");
  EXPECT_EQ(finding.args.at("networks"), "network gone (used by shop)");
  EXPECT_EQ(repaired().count(key_of("network/" + kWeb)), 1U);
}

TEST_F(Networks, NothingLeft) {
  write(std::string(32768, '\0'));
  EXPECT_EQ(found(), Slugs{"network-database-unreadable"});
  use("web", kWeb);
  EXPECT_EQ(found(), Slugs{"network-database-lost"});
  const Plan plan = test::plan_for(check_databases, scanned(), root_.open());
  EXPECT_EQ(test::steps_of(plan), std::vector<std::string>{"move network/files/local-kv.db into quarantine"});
}

// Without the bridge driver's record the network would be listed, but nothing could be connected to it.
TEST_F(Networks, ANetworkWithoutItsDriversRecordIsNotKept) {
  Values values = healthy_values();
  values.erase(key_of("bridge/" + kWeb));
  write(without_metas(database_of(values)));
  use("web", kWeb);
  EXPECT_EQ(found(), Slugs{"network-database-lost"});
  EXPECT_EQ(repaired().count(key_of("network/" + kWeb)), 0U);
}

TEST_F(Networks, OldCopiesThatAreInTheWayAreNotKept) {
  Values values = healthy_values();
  put_network(values, "web", kOld, "10.0.0.1/24");                       // another network of that name
  put_network(values, "inside", std::string(64, 'e'), "172.19.5.1/24");  // in the subnet of "db"
  put_network(values, "leaving", std::string(64, 'f'), "10.1.0.1/24");
  std::string& leaving = values[key_of("network/" + std::string(64, 'f'))];
  leaving.insert(leaving.size() - 1, R"(,"inDelete":true)");
  write(without_metas(database_of(values)));
  use("web", kOld);
  const Model model = scanned();
  const NetworkRebuild rebuild = rebuild_networks(model);
  EXPECT_TRUE(rebuild.doubtful);
  EXPECT_TRUE(rebuild.keeps(kOld));  // a container names it, so the other one goes
  EXPECT_FALSE(rebuild.keeps(kWeb));
  EXPECT_TRUE(rebuild.keeps(kDb));
  EXPECT_FALSE(rebuild.keeps(std::string(64, 'e')));
  EXPECT_FALSE(rebuild.keeps(std::string(64, 'f')));
  EXPECT_TRUE(rebuild.lost.empty());
}

TEST_F(Networks, ARecordThatCannotBeReadGoesWithItsNetwork) {
  Values values = healthy_values();
  values[key_of("network/" + kWeb)] = value_of(R"({"id":"x"})");
  values[key_of("sandbox/s1")] = value_of("{");
  write(database_of(values));
  EXPECT_EQ(found(), (Slugs{"network-record-bad", "network-leftover-bad", "network-record-stale"}));
  Values expected;
  put_network(expected, "db", kDb, "172.19.0.1/16");
  put_network(expected, "host", kHost, "");
  expected[key_of("bridge-endpoint/e1")] = value_of("{}");
  EXPECT_EQ(repaired(), expected);
}

TEST_F(Networks, RecordsThatTheDaemonMakesAnew) {
  Values values = healthy_values();
  values[key_of("endpoint_count/" + kWeb)] = value_of("{");
  values[key_of("endpoint/" + kWeb + "/e1")] = value_of(R"({"name":"shop"})");
  values.erase(key_of("endpoint_count/" + kDb));
  write(database_of(values));
  EXPECT_EQ(found(),
            (Slugs{"network-leftover-bad", "network-leftover-bad", "network-count-missing", "network-record-stale"}));
  Values expected = healthy_values();
  expected.erase(key_of("endpoint/" + kWeb + "/e1"));
  expected[key_of("endpoint_count/" + kWeb)] = value_of(R"({"Count":0})");
  expected[key_of("endpoint_count/" + kDb)] = std::string("\x01\0\0\0\0\0\0\0", 8) + R"({"Count":0})";
  EXPECT_EQ(repaired(), expected);
}

TEST_F(Networks, DaemonsThatKeepNoCounts) {
  Values values;
  values[key_of("network/" + kWeb)] = value_of(network_json("web", kWeb));
  write(database_of(values));
  EXPECT_EQ(found(), Slugs{});
}

TEST_F(Networks, StaleRecords) {
  Values values;
  put_network(values, "web", kWeb, "172.18.0.1/16");
  values[key_of("endpoint_count/" + kWeb)] = value_of(R"({"Count":1})");
  values[key_of("endpoint/" + kWeb + "/e1")] = value_of(R"({"name":"a","id":"e1","sandbox":"s2"})");
  values[key_of("sandbox/s1")] = value_of(R"({"ID":"s1","Cid":")" + std::string(64, 'f') + R"("})");
  values[key_of("sandbox/ingress_sbox")] = value_of(R"({"ID":"ingress_sbox","Cid":"ingress-sbox"})");
  write(database_of(values));
  const Finding finding = only_finding();
  EXPECT_EQ(problem_of(finding.problem).slug(), "network-record-stale");
  EXPECT_EQ(finding.args.at("what"), "1 sandbox record and 1 endpoint record");
}

TEST(Listed, Names) {
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"a", "b"}), "a and b");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(listed({"1", "2", "3", "4", "5", "6"}), "1, 2, 3, 4, 5 and 6");
  EXPECT_EQ(listed({"1", "2", "3", "4", "5", "6", "7"}), "1, 2, 3, 4, 5 and 2 more");
}

}  // namespace
}  // namespace dfsck
