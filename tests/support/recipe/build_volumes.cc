// Volumes, networks, and single records of any database.
#include "core/base/text.h"
#include "tests/support/recipe/build.h"
#include "tests/support/recipe/tar.h"

namespace dfsck {
namespace {

// {"a":"b"} of "a:b,c:d"; null if there is none.
std::string json_map(const std::string& pairs) {
  std::string text;
  for (const std::string_view pair : split(pairs, ',')) {
    const size_t colon = pair.find(':');
    if (colon != std::string_view::npos) {
      text += (text.empty() ? "" : ",") + quoted(std::string(pair.substr(0, colon))) + ":" +
              quoted(std::string(pair.substr(colon + 1)));
    }
  }
  return text.empty() ? "null" : "{" + text + "}";
}

std::string pair_value(const std::string& pairs, std::string_view key) {
  for (const std::string_view pair : split(pairs, ',')) {
    if (pair.starts_with(key) && pair.size() > key.size() && pair[key.size()] == ':') {
      return std::string(pair.substr(key.size() + 1));
    }
  }
  return "";
}

// Values of local-kv.db stand behind an 8-byte modification index (libkv store/boltdb).
std::string indexed(const std::string& json) { return std::string("\x05\0\0\0\0\0\0\0", 8) + json; }

std::map<std::string, std::string>& network_values(RootBuild& build) {
  return build.databases["network/files/local-kv.db"].buckets["libnetwork"].values;
}

std::string bridge_json(const std::string& id) {
  return R"({"AddressIPv4":"10.99.0.1/24","BridgeIfaceCreator":1,"BridgeName":"br-)" + id.substr(0, 12) +
         R"(","ContainerIfacePrefix":"","DefaultBindingIP":"","DefaultBridge":false,"EnableICC":true,)"
         R"("EnableIPMasquerade":true,"EnableIPv6":false,"ID":)" +
         quoted(id) + R"(,"InhibitIPv4":false,"Internal":false,"Mtu":0})";
}

std::string network_json(const std::string& name, const std::string& id, const std::string& driver) {
  return R"({"addrSpace":"LocalDefault","attachable":false,"configFrom":"","configOnly":false,"created":")" +
         go_time(kRecipeTime) + R"(","enableIPv6":false,"generic":{"com.docker.network.generic":{}},"id":)" +
         quoted(id) +
         R"(,"inDelete":false,"ingress":false,"internal":false,"ipamOptions":{},"ipamType":"default","labels":null,)"
         R"("loadBalancerIP":"","loadBalancerMode":"NAT","name":)" +
         quoted(name) + R"(,"networkType":)" + quoted(driver) + R"(,"persist":true,"postIPv6":false,"scope":"local"})";
}

}  // namespace

void make_volume(RootBuild& build, const RecipeItem& item) {
  RecipeDisk& disk = build.disk;
  const std::string& name = item.words[0];
  const std::string dir = "volumes/" + name;
  disk.directory(dir, 0701);
  disk.directory(dir + "/_data", 0755);
  disk.owner(dir + "/_data", disk.container_id(0), disk.container_id(0));
  write_tree(disk, dir + "/_data", completed(item.tree), TreeStyle::Upper);
  const std::string options = item.option("opts");
  if (!options.empty()) {
    disk.file(dir + "/opts.json",
              R"({"MountType":)" + quoted(pair_value(options, "type")) + R"(,"MountOpts":)" +
                  quoted(pair_value(options, "o")) + R"(,"MountDevice":)" + quoted(pair_value(options, "device")) +
                  R"(,"Quota":{"Size":0}})",
              0600);
  }
  if (!item.has("unrecorded")) {
    build.databases["volumes/metadata.db"].buckets["volumes"].values[name] =
        R"({"Name":)" + quoted(name) + R"(,"Driver":"local","Labels":)" + json_map(item.option("labels")) +
        R"(,"Options":)" + json_map(options) + "}";
  }
  build.name(name, dir);
}

void make_network(RootBuild& build, const RecipeItem& item) {
  const std::string& name = item.words[0];
  const std::string id = long_hex(item.option("id", "network " + name));
  const std::string driver = item.option("driver", "bridge");
  auto& values = network_values(build);
  const std::string prefix = "docker/network/v1.0/";
  values[prefix + "endpoint_count/"] = indexed("");
  values[prefix + "endpoint_count/" + id + "/"] = indexed(R"({"Count":0})");
  values[prefix + "network/" + id + "/"] = indexed(network_json(name, id, driver));
  if (driver == "bridge" && name != "bridge") {
    values[prefix + "bridge/" + id + "/"] = indexed(bridge_json(id));
  }
  build.networks[name] = id;
  build.say("net." + name + ".id", id);
}

// record DATABASE BUCKET[/BUCKET...] KEY "VALUE": one more value, or an empty bucket without KEY.
// record DATABASE leaked=PAGES
void make_record(RootBuild& build, const RecipeItem& item) {
  static const std::map<std::string, std::string> kFiles = {
      {"volumes", "volumes/metadata.db"},       {"network", "network/files/local-kv.db"},
      {"snapshots", "buildkit/snapshots.db"},   {"records", "buildkit/metadata_v2.db"},
      {"leases", "buildkit/containerdmeta.db"}, {"cache", "buildkit/cache.db"},
      {"history", "buildkit/history.db"}};
  const auto file = kFiles.find(item.word(0));
  if (file != kFiles.end() && item.has("leaked")) {
    build.leaks[file->second] = parse_uint64(item.option("leaked")).value_or(0);
    return;
  }
  if (file == kFiles.end() || item.words.size() < 2) {
    return build.disk.fail("record DATABASE BUCKET KEY VALUE, in line " + std::to_string(item.line));
  }
  RecipeBucket* bucket = &build.databases[file->second];
  const std::string path = item.word(1);
  for (const std::string_view name : split(path, '/')) {
    bucket = &bucket->buckets[std::string(name)];
  }
  if (item.words.size() > 2) {
    bucket->values[item.word(2)] = file->first == "network" ? indexed(item.word(3)) : item.word(3);
  }
}

}  // namespace dfsck
