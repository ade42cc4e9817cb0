// Plugins and the state of a swarm node.
#include "core/codec/digest.h"
#include "tests/support/recipe/build.h"
#include "tests/support/recipe/parse.h"
#include "tests/support/recipe/tar.h"
#include "tests/support/swarm_certificate.h"

namespace dfsck {
namespace {

// CRC-32C, carried on from record to record as etcd's write-ahead log does.
uint32_t crc32c(uint32_t crc, std::string_view bytes) {
  crc = ~crc;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0x82F63B78U : 0U);
    }
  }
  return ~crc;
}

std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes += static_cast<char>(value | 0x80);
  }
  return bytes + static_cast<char>(value);
}

// One frame of the log (etcd wal/encoder.go:encode): length with the padding in its top byte, record, padding to 8.
std::string log_frame(unsigned type, uint32_t crc, const std::string& data) {
  std::string record = "\x08" + varint(type) + "\x10" + varint(crc);
  if (!data.empty()) {
    record += "\x1a" + varint(data.size()) + data;
  }
  const size_t padding = (8 - record.size() % 8) % 8;
  uint64_t length = record.size();
  if (padding != 0) {
    length |= (0x80 | padding) << 56;
  }
  std::string frame;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    frame += static_cast<char>((length >> shift) & 0xFF);
  }
  return frame + record + std::string(padding, '\0');
}

std::string raft_log() {
  constexpr unsigned kMetadata = 1;
  constexpr unsigned kEntry = 2;
  constexpr unsigned kState = 3;
  constexpr unsigned kCrc = 4;
  constexpr unsigned kSnapshot = 5;
  std::string log = log_frame(kCrc, 0, "");
  uint32_t crc = 0;
  const auto add = [&](unsigned type, const std::string& data) {
    crc = crc32c(crc, data);
    log += log_frame(type, crc, data);
  };
  add(kMetadata, filler(40, "node"));
  add(kSnapshot, std::string("\x08\x00\x10\x00", 4));
  for (unsigned i = 0; i < 6; ++i) {
    add(kEntry, filler(40, "entry " + std::to_string(i)));
  }
  add(kState, std::string("\x08\x01\x10\x00\x18\x01", 6));
  log.resize(64 * 1024, '\0');
  return log;
}

}  // namespace

void make_plugin(RootBuild& build, const RecipeItem& item) {
  RecipeDisk& disk = build.disk;
  const std::string& name = item.words[0];
  const std::string id = long_hex(item.option("id", "plugin " + name));
  const std::string dir = "plugins/" + id + (item.has("removing") ? "-removing" : "");
  const std::string digest = "\"sha256:" + sha256_hex("blob of " + name) + '"';
  disk.directory(dir, 0700);
  disk.directory(dir + "/rootfs", 0700);
  write_tree(disk, dir + "/rootfs", completed(item.tree), TreeStyle::Upper);
  disk.file(
      dir + "/config.json",
      R"({"plugin":{"Config":{"Args":{"Description":"","Name":"","Settable":null,"Value":null},"Description":"none",)"
      R"("Documentation":"none","Entrypoint":["/bin/plugin"],"Interface":{"Socket":"p.sock","Types":)"
      R"(["docker.volumedriver/1.0"]},"Linux":{"AllowAllDevices":false,"Capabilities":[],"Devices":null},)"
      R"("Network":{"Type":"none"},"PropagatedMount":""},"Enabled":false,"Id":)" +
          quoted(id) + R"(,"Name":)" + quoted(name + ":latest") +
          R"(,"Settings":{"Args":[],"Devices":[],"Env":[],"Mounts":[]}},"Rootfs":"","Config":)" + digest +
          R"(,"Blobsums":[)" + digest + R"(],"Manifest":)" + digest + R"(,"SwarmServiceID":""})",
      0600);
  build.name(name, dir);
  build.say(name + ".id", id);
}

void make_swarm(RootBuild& build, const RecipeItem&) {
  RecipeDisk& disk = build.disk;
  disk.file(
      "swarm/docker-state.json",
      R"({"LocalAddr":"127.0.0.1","RemoteAddr":"","ListenAddr":"127.0.0.1:2377","AdvertiseAddr":"127.0.0.1:2377",)"
      R"("DataPathAddr":"","DefaultAddressPool":null,"SubnetSize":24,"DataPathPort":4789,"JoinInProgress":false})",
      0600);
  disk.file("swarm/state.json", R"([{"node_id":"lqzt0mqsv1t9ysdnnjxhpqnw8","addr":"127.0.0.1:2377"}])", 0600);
  disk.directory("swarm/certificates", 0755);
  disk.file("swarm/certificates/swarm-root-ca.crt", kSwarmCertificate, 0644);
  disk.file("swarm/certificates/swarm-node.crt", std::string(kSwarmCertificate) + kSwarmCertificate, 0644);
  disk.file("swarm/certificates/swarm-node.key",
            "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEINfx\n-----END EC PRIVATE KEY-----\n", 0600);
  disk.directory("swarm/worker", 0755);
  build.databases["swarm/worker/tasks.db"].buckets["tasks"];
  disk.directory("swarm/raft", 0700);
  disk.directory("swarm/raft/snap-v3-encrypted", 0700);
  disk.directory("swarm/raft/wal-v3-encrypted", 0700);
  const std::string log = "swarm/raft/wal-v3-encrypted/0000000000000000-0000000000000000.wal";
  disk.file(log, raft_log(), 0600);
  build.name("wal", log);
}

}  // namespace dfsck
