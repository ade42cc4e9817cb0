// Volumes, networks and the build cache, as scanned from a root with databases of our own making.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/model/model.h"
#include "core/model/records/network_records.h"
#include "core/model/records/volume_records.h"
#include "tests/support/bolt_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::BoltBuilder;
using test::TempRoot;

Model scanned_databases(const TempRoot& temp) {
  Model model;
  const Root root = temp.open();
  scan_volumes(root, model);
  scan_networks(root, model);
  scan_build_cache(root, model);
  return model;
}

std::string record_of(const std::string& name, const std::string& driver = "local") {
  return "{\"Name\":\"" + name + "\",\"Driver\":\"" + driver + "\",\"Labels\":{\"who\":\"me\"},\"Options\":null}";
}

std::string volume_database(const std::vector<std::string>& names) {
  BoltBuilder builder;
  std::vector<BoltBuilder::Item> items;
  for (const std::string& name : names) {
    items.push_back({name, record_of(name)});
  }
  const uint64_t leaf = builder.add_leaf(items);
  return builder.build(builder.add_leaf({builder.bucket("volumes", leaf)}));
}

TEST(ScanVolumes, NothingThere) {
  const TempRoot temp;
  const Model model = scanned_databases(temp);
  EXPECT_FALSE(model.volumes.exists);
  EXPECT_TRUE(model.volumes.complete);
  EXPECT_EQ(model.volumes.database.state, Database::State::Absent);
  EXPECT_EQ(model.networks.database.state, Database::State::Absent);
  EXPECT_FALSE(model.build_cache.exists);
  EXPECT_TRUE(model.failures.empty());
}

TEST(ScanVolumes, DirectoriesOptionsAndRecords) {
  const TempRoot temp;
  temp.make_dir("volumes/data/_data");
  temp.make_dir("disk");
  temp.make_symlink("volumes/linked/_data", "../../disk");
  temp.make_symlink("volumes/lost/_data", "/nothing/there");
  temp.make_dir("volumes/gone");
  temp.write("volumes/file/_data", "");
  temp.make_dir("volumes/nfs/_data");
  temp.write("volumes/nfs/opts.json",
             "{\"MountType\":\"nfs\",\"MountOpts\":\"addr=x\",\"MountDevice\":\":/y\",\"Quota\":{\"Size\":0}}");
  temp.make_symlink("volumes/stray", "nothing");
  temp.make_dir("volumes/lost+found");
  temp.write("volumes/metadata.db", volume_database({"data", "nfs"}));
  const VolumeStore store = scanned_databases(temp).volumes;
  ASSERT_EQ(store.volumes.size(), 6U);
  EXPECT_TRUE(store.find("data")->has_data);
  EXPECT_TRUE(store.find("linked")->has_data);
  EXPECT_EQ(store.find("lost")->data_problem, "a link that leads nowhere");
  EXPECT_EQ(store.find("gone")->data_problem, "missing");
  EXPECT_EQ(store.find("file")->data_problem, "a file");
  EXPECT_TRUE(store.find("nfs")->options.present());
  EXPECT_EQ(store.find("nfs")->options_problem, "");
  EXPECT_EQ(store.foreign, std::vector<RelPath>{"volumes/stray"});
  EXPECT_EQ(store.database.state, Database::State::Good);
  ASSERT_EQ(store.records.size(), 2U);
  EXPECT_EQ(store.records[0].labels.at("who"), "me");
}

TEST(ScanVolumes, OptionsThatKeepTheDaemonFromStarting) {
  const auto problem = [](const std::string& bytes) {
    const TempRoot temp;
    temp.write("volumes/v/opts.json", bytes);
    return scanned_databases(temp).volumes.volumes.at(0).options_problem;
  };
  EXPECT_EQ(problem("{}"), "");
  EXPECT_EQ(problem("null"), "");
  EXPECT_EQ(problem("{\"mounttype\":\"nfs\",\"Other\":[1]}"), "");
  EXPECT_EQ(problem(""), "empty");
  EXPECT_EQ(problem(std::string(5, '\0')), "filled with 5 zero bytes");
  EXPECT_EQ(problem("{\"MountType\":"), "cut off after 13 bytes");
  EXPECT_EQ(problem("[]"), "no JSON object");
  EXPECT_NE(problem("{\"MountType\":1}"), "");
  EXPECT_NE(problem("{\"Quota\":{\"Size\":-1}}"), "");
  EXPECT_NE(problem("{} {}"), "");
}

TEST(ScanVolumes, StatesOfTheDatabase) {
  const auto state = [](const std::string& bytes) {
    const TempRoot temp;
    temp.write("volumes/metadata.db", bytes);
    return scanned_databases(temp).volumes.database;
  };
  EXPECT_EQ(state("").state, Database::State::Empty);
  EXPECT_EQ(state(std::string(32768, '\0')).problem, "it is filled with zero bytes");
  EXPECT_EQ(state("garbage").state, Database::State::Bad);
  std::string torn = volume_database({"a"});
  torn[4096 + 60] = static_cast<char>(torn[4096 + 60] ^ 1);  // what a crash during the last write leaves
  EXPECT_EQ(state(torn).state, Database::State::Good);
  EXPECT_EQ(state(volume_database({"a"}).substr(0, 3 * 4096)).state, Database::State::Bad);

  const TempRoot temp;
  temp.make_dir("volumes/metadata.db");
  EXPECT_EQ(scanned_databases(temp).volumes.database.state, Database::State::Bad);
}

TEST(ScanVolumes, LeakedPagesAreNoDamage) {
  BoltBuilder builder;
  const uint64_t leaf = builder.add_leaf({{"a", record_of("a")}});
  builder.add_leaked();
  const uint64_t root = builder.add_leaf({builder.bucket("volumes", leaf)});
  const TempRoot temp;
  temp.write("volumes/metadata.db", builder.build(root));
  const Database database = scanned_databases(temp).volumes.database;
  EXPECT_EQ(database.state, Database::State::Good);
  EXPECT_EQ(database.leaked_runs, 1U);
}

TEST(ScanVolumes, RecordsOfADamagedDatabaseAreSalvaged) {
  BoltBuilder builder;
  const uint64_t leaf = builder.add_leaf({{"a", record_of("a")}, {"p", record_of("p", "plugin")}});
  builder.add_leaf({builder.inline_bucket("volumes", {{"deleted", record_of("deleted")}})});
  std::string bytes = builder.build(builder.add_leaf({builder.bucket("volumes", leaf)}));
  bytes.replace(0, 8192, std::string(8192, '\0'));  // both meta pages
  const TempRoot temp;
  temp.write("volumes/metadata.db", bytes);
  const VolumeStore store = scanned_databases(temp).volumes;
  EXPECT_EQ(store.database.state, Database::State::Bad);
  EXPECT_FALSE(store.database.rewritten);
  EXPECT_FALSE(store.database.readable());
  ASSERT_EQ(store.records.size(), 2U);
  EXPECT_EQ(store.records[0].name, "a");
  EXPECT_EQ(store.records[0].origin, BoltOrigin::Older);
  EXPECT_EQ(store.records[1].driver, "plugin");
}

TEST(ScanVolumes, ADatabaseThatIsOnlyDamagedBesideItsRecordsIsWrittenAgain) {
  const std::string sound = volume_database({"a", "b"});
  std::string bytes = sound;
  bytes[4 * 4096 + 8] = '\x77';  // the freelist's type
  const TempRoot temp;
  temp.write("volumes/metadata.db", bytes);
  const VolumeStore store = scanned_databases(temp).volumes;
  EXPECT_EQ(store.database.state, Database::State::Bad);
  EXPECT_TRUE(store.database.readable());
  ASSERT_TRUE(store.database.rewritten);
  temp.write("volumes/metadata.db", *store.database.rewritten);
  const VolumeStore again = scanned_databases(temp).volumes;
  EXPECT_EQ(again.database.state, Database::State::Good);
  ASSERT_EQ(again.records.size(), 2U);
  EXPECT_EQ(again.records[1].labels.at("who"), "me");
}

TEST(ScanVolumes, AValueWhereTheBucketShouldBe) {
  BoltBuilder builder;
  BoltBuilder::Item item = builder.bucket("volumes", builder.add_leaf({{"a", record_of("a")}}));
  item.flags = 0;
  const TempRoot temp;
  temp.write("volumes/metadata.db", builder.build(builder.add_leaf({item})));
  const VolumeStore store = scanned_databases(temp).volumes;
  EXPECT_EQ(store.database.state, Database::State::Bad);
  ASSERT_EQ(store.records.size(), 1U);
  EXPECT_EQ(store.records[0].origin, BoltOrigin::InUse);
}

TEST(ScanVolumes, ALockedDatabase) {
  const TempRoot temp;
  temp.write("volumes/metadata.db", volume_database({"a"}));
  EXPECT_FALSE(scanned_databases(temp).volumes.database.locked);
  const int fd = ::open((temp.path() + "/volumes/metadata.db").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(scanned_databases(temp).volumes.database.locked);
  ::close(fd);
  EXPECT_FALSE(scanned_databases(temp).volumes.database.locked);
}

TEST(VolumeRecords, WhatTheDaemonWouldSkip) {
  EXPECT_TRUE(parse_volume_record("v", "{\"Name\":\"v\",\"Driver\":\"local\"}"));
  EXPECT_FALSE(parse_volume_record("v", "{\"Name\":\"w\",\"Driver\":\"local\"}"));
  EXPECT_FALSE(parse_volume_record("v", "{\"Name\":\"v\"}"));
  EXPECT_FALSE(parse_volume_record("v", "{\"Name\":\"v\",\"Driver\":\"local\",\"Labels\":[]}"));
  EXPECT_FALSE(parse_volume_record("v", "garbage"));
}

std::string network_value(const std::string& json) { return std::string("\x20\0\0\0\0\0\0\0", 8) + json; }

constexpr std::string_view kNetwork =
    R"({"name":"neta","id":"n1","networkType":"bridge","enableIPv6":false,"ipamType":"default"})";

TEST(NetworkRecords, KindsAndIds) {
  const auto network = parse_network_record("docker/network/v1.0/network/n1/", network_value(std::string(kNetwork)));
  ASSERT_TRUE(network);
  EXPECT_EQ(network->key, "network/n1");
  EXPECT_EQ(network->kind, "network");
  EXPECT_EQ(network->id, "n1");
  EXPECT_EQ(network->name, "neta");
  EXPECT_EQ(network->driver, "bridge");
  EXPECT_FALSE(network->in_delete);
  EXPECT_EQ(network->problem, "");
  const auto endpoint = parse_network_record("docker/network/v1.0/endpoint/n1/e1/",
                                             network_value(R"({"name":"ep","id":"e1","sandbox":"s1"})"));
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->second, "e1");
  EXPECT_EQ(endpoint->sandbox, "s1");
  const auto sandbox =
      parse_network_record("docker/network/v1.0/sandbox/s1/", network_value(R"({"ID":"s1","Cid":"c1"})"));
  EXPECT_EQ(sandbox->container, "c1");
  const auto bridge = parse_network_record("docker/network/v1.0/bridge/n1/",
                                           network_value(R"({"AddressIPv4":"172.18.0.1/16","ID":"n1"})"));
  EXPECT_EQ(bridge->subnet, "172.18.0.1/16");
  EXPECT_EQ(parse_network_record("docker/network/v1.0/bridge/n1/", "x")->subnet, "");
  // A marker of a kind, and keys that are not the controller's.
  EXPECT_FALSE(parse_network_record("docker/network/v1.0/endpoint_count/", network_value("")));
  EXPECT_FALSE(parse_network_record("something/else", ""));
}

TEST(NetworkRecords, WhatMakesTheDaemonPanic) {
  const auto problem = [](const std::string& kind, const std::string& value) {
    return parse_network_record("docker/network/v1.0/" + kind + "/x/", value)->problem;
  };
  EXPECT_NE(problem("network", "short"), "");
  EXPECT_NE(problem("network", network_value("")), "");
  EXPECT_NE(problem("network", network_value("{\"name\"")), "");
  EXPECT_EQ(problem("network", network_value(R"({"name":"a","id":"b","networkType":"c"})")),
            "it has no \"enableIPv6\"");
  EXPECT_EQ(problem("endpoint", network_value(R"({"name":"a"})")), "it has no \"id\"");
  EXPECT_EQ(problem("endpoint_count", network_value(R"({"Count":0})")), "");
  // Records of drivers and of daemons of long ago are never looked into.
  EXPECT_EQ(problem("bridge", "x"), "");
  EXPECT_EQ(problem("idm", "x"), "");
}

TEST(ScanBuildCache, SnapshotsAndLeftovers) {
  const std::string chain = "sha256:" + std::string(64, 'c');
  BoltBuilder builder;
  const uint64_t root =
      builder.add_leaf({builder.inline_bucket("a123456789012345678901234", {{"parent", ""}}),
                        builder.inline_bucket("b123456789012345678901234",
                                              {{"chainid", chain}, {"committed", "a123456789012345678901234"}}),
                        builder.inline_bucket(chain, {})});
  const TempRoot temp;
  temp.write("buildkit/snapshots.db", builder.build(root));
  temp.write("buildkit/metadata.db", volume_database({}));
  temp.write("buildkit/cache.db", "garbage");
  temp.make_dir("buildkit/executor/c123456789012345678901234");
  temp.write("buildkit/executor/resolv.conf", "");
  temp.make_dir("buildkit/content/ingest/0123");
  const BuildCache cache = scanned_databases(temp).build_cache;
  EXPECT_TRUE(cache.exists);
  EXPECT_EQ(cache.snapshots_db.state, Database::State::Good);
  EXPECT_EQ(cache.metadata_db.state, Database::State::Good);
  EXPECT_EQ(cache.metadata_db.path, RelPath("buildkit/metadata.db"));
  EXPECT_EQ(cache.cache_db.state, Database::State::Bad);
  EXPECT_EQ(cache.content_db.state, Database::State::Absent);
  ASSERT_EQ(cache.snapshots.size(), 3U);
  EXPECT_EQ(cache.snapshots[0].parent, "");
  EXPECT_FALSE(cache.snapshots[1].parent);
  EXPECT_EQ(cache.snapshots[1].committed, "a123456789012345678901234");
  EXPECT_EQ(cache.snapshots[1].chain->text(), chain);
  EXPECT_EQ(cache.snapshots[2].chain->text(), chain);
  EXPECT_EQ(cache.executor_leftovers.size(), 1U);
  EXPECT_EQ(cache.ingest_leftovers.size(), 1U);
}

}  // namespace
}  // namespace dfsck
