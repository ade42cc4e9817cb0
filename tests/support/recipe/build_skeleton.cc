// The directories that every daemon makes at its first start, with their modes.
#include "tests/support/recipe/build.h"

#include <sys/stat.h>

namespace dfsck {
namespace {

void make_image_store(RootBuild& build) {
  RecipeDisk& disk = build.disk;
  const std::string image = build.image_dir();
  disk.directory("image", 0700);
  disk.directory(image, 0700);
  for (const char* path : {"/distribution", "/imagedb", "/imagedb/content", "/imagedb/content/sha256",
                           "/imagedb/metadata", "/imagedb/metadata/sha256", "/layerdb"}) {
    disk.directory(image + path, 0700);
  }
  for (const char* path : {"/layerdb/sha256", "/layerdb/tmp", "/layerdb/mounts"}) {
    disk.directory(image + path, 0755);
  }
  build.name("image", image);
  build.name("layerdb", image + "/layerdb");
  build.name("mounts", image + "/layerdb/mounts");
  build.name("imagedb", image + "/imagedb");
  build.name("repositories", image + "/repositories.json");
  build.name("distribution", image + "/distribution");
}

void make_driver_home(RootBuild& build) {
  RecipeDisk& disk = build.disk;
  disk.directory(build.driver, 0710);
  disk.owner(build.driver, disk.daemon_id(), disk.container_id(0));
  if (build.driver == "vfs") {
    disk.directory("vfs/dir", 0710);
  } else {
    disk.directory(build.driver + "/l", 0700);
  }
}

void make_daemon_dirs(RootBuild& build) {
  RecipeDisk& disk = build.disk;
  disk.directory("containers", 0710);
  disk.owner("containers", disk.daemon_id(), disk.container_id(0));
  disk.directory("volumes", 0701);
  disk.node("volumes/backingFsBlockDev", S_IFBLK | 0600, 254, 0);
  disk.directory("network", 0750);
  disk.directory("network/files", 0750);
  disk.directory("buildkit", 0711);
  disk.directory("buildkit/content", 0755);
  disk.directory("buildkit/content/ingest", 0755);
  disk.directory("buildkit/executor", 0711);
  disk.directory("containerd", 0700);
  disk.directory("containerd/daemon", 0700);
  disk.directory("plugins", 0700);
  disk.directory("plugins/storage", 0755);
  disk.directory("plugins/storage/ingest", 0755);
  disk.directory("plugins/tmp", 0700);
  disk.directory("runtimes", 0700);
  disk.directory("swarm", 0700);
  disk.directory("tmp", 0700);
  if (build.version < 23) {
    disk.directory("trust", 0700);
  } else {
    disk.file("engine-id", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", 0600);
  }
}

void start_databases(RootBuild& build) {
  build.databases["volumes/metadata.db"].buckets["volumes"];
  build.databases["network/files/local-kv.db"].buckets["libnetwork"];
  build.databases["buildkit/snapshots.db"];
  for (const char* bucket : {"_main", "_index", "_external"}) {
    build.databases["buildkit/metadata_v2.db"].buckets[bucket];
  }
  for (const char* bucket : {"_result", "_links", "_byresult", "_backlinks"}) {
    build.databases["buildkit/cache.db"].buckets[bucket];
  }
  build.databases["buildkit/containerdmeta.db"].buckets["v1"].buckets["buildkit"].buckets["leases"];
  if (build.version >= 23) {
    build.databases["buildkit/history.db"].buckets["_records"];
  }
}

}  // namespace

void make_skeleton(RootBuild& build) {
  build.disk.mode(".", 0710);
  build.disk.owner(".", build.disk.daemon_id(), build.disk.container_id(0));
  make_image_store(build);
  make_driver_home(build);
  make_daemon_dirs(build);
  start_databases(build);
  for (const char* name : {"bridge", "host", "none"}) {
    RecipeItem item;
    item.words = {name};
    item.options["driver"] = std::string(name) == "none" ? "null" : name;
    make_network(build, item);
  }
}

void finish_databases(RootBuild& build) {
  for (const auto& [path, content] : build.databases) {
    const bool open_to_all = path == "network/files/local-kv.db" || path == "buildkit/containerdmeta.db";
    build.disk.file(path, bolt_file(content, build.leaks[path]), open_to_all ? 0644 : 0600);
    const std::string file = path.substr(path.rfind('/') + 1);
    build.name(file, path);
  }
}

}  // namespace dfsck
