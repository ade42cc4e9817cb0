// Containers: writable and init layers, layerdb/mounts, and the two configuration files as Docker 20.10 writes them.
#include <algorithm>

#include "core/base/text.h"
#include "core/codec/digest.h"
#include "tests/support/recipe/build.h"
#include "tests/support/recipe/tar.h"

namespace dfsck {
namespace {

struct ContainerRecipe {
  std::string id;
  std::string name;
  std::string mount;  // its directory in overlay2
  std::string image_reference;
  const BuiltImage* image = nullptr;
  const BuiltLayer* layer = nullptr;  // null for an image without layers
  int64_t created = kRecipeTime;
};

TreeEntry made(TreeEntry::Kind kind, const std::string& path, const std::string& target = "") {
  TreeEntry entry;
  entry.kind = kind;
  entry.path = path;
  entry.mode = 0755;
  entry.target = target;
  return entry;
}

// What the daemon puts over every image (daemon/initlayer/setup_unix.go:Setup): files always, directories where the
// image has none.
RecipeTree init_tree(const RecipeTree& image) {
  using Kind = TreeEntry::Kind;
  RecipeTree tree;
  for (const char* path : {".dockerenv", "dev/console", "etc/hostname", "etc/hosts", "etc/resolv.conf"}) {
    tree.push_back(made(Kind::File, path));
  }
  tree.push_back(made(Kind::Symlink, "etc/mtab", "/proc/mounts"));
  for (const char* path : {"dev/pts", "dev/shm", "proc", "sys"}) {
    const auto has = [&](const TreeEntry& entry) { return entry.path == path && entry.kind == Kind::Directory; };
    if (std::none_of(image.begin(), image.end(), has)) {
      tree.push_back(made(Kind::Directory, path));
    }
  }
  return completed(tree);
}

std::string zeroed_times(int64_t created, bool started) {
  return started ? R"("StartedAt":")" + go_time(created + 1, 5'000'000) + R"(","FinishedAt":")" +
                       go_time(created + 2, 7'000'000) + '"'
                 : R"("StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z")";
}

// volume=NAME:/DEST[,NAME:/DEST]; `each` gets the name and the destination.
template <typename Each>
void for_each_volume(const RecipeItem& item, Each each) {
  const std::string volumes = item.option("volume");
  for (const std::string_view pair : split(volumes, ',')) {
    const auto parts = split(pair, ':');
    if (parts.size() == 2) {
      each(std::string(parts[0]), std::string(parts[1]));
    }
  }
}

std::string mount_points(const RecipeItem& item) {
  std::string points;
  for_each_volume(item, [&](const std::string& name, const std::string& destination) {
    points += std::string(points.empty() ? "" : ",") + quoted(destination) + R"(:{"Source":"/var/lib/docker/volumes/)" +
              name + R"(/_data","Destination":)" + quoted(destination) + R"(,"RW":true,"Name":)" + quoted(name) +
              R"(,"Driver":"local","Type":"volume","Relabel":"z","Spec":{"Type":"volume","Source":)" + quoted(name) +
              R"(,"Target":)" + quoted(destination) + R"(},"SkipMountpointCreation":false})";
  });
  return points;
}

std::string network_settings(const RootBuild& build, const RecipeItem& item, const std::string& id) {
  const std::string network = item.option("network", "bridge");
  const auto found = build.networks.find(network);
  const std::string network_id = item.option("network_id", found != build.networks.end() ? found->second : "");
  return R"({"Bridge":"","SandboxID":"","HairpinMode":false,"LinkLocalIPv6Address":"","LinkLocalIPv6PrefixLen":0,)"
         R"("Networks":{)" +
         quoted(network) + R"(:{"IPAMConfig":null,"Links":null,"Aliases":[)" + quoted(id.substr(0, 12)) +
         R"(],"NetworkID":)" + quoted(network_id) +
         R"(,"EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,)"
         R"("IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"MacAddress":"","DriverOpts":null,)"
         R"("IPAMOperational":false}},"Service":null,"Ports":null,"SandboxKey":"","SecondaryIPAddresses":null,)"
         R"("SecondaryIPv6Addresses":null,"IsAnonymousEndpoint":false,"HasSwarmEndpoint":false})";
}

std::string config_text(const RootBuild& build, const RecipeItem& item, const ContainerRecipe& container) {
  const bool started = !item.has("created_only");
  const std::string dir = "/var/lib/docker/containers/" + container.id;
  const std::string dead = item.has("dead") ? "true" : "false";
  return R"({"StreamConfig":{},"State":{"Running":false,"Paused":false,"Restarting":false,"OOMKilled":false,)"
         R"("RemovalInProgress":)" +
         dead + R"(,"Dead":)" + dead + R"(,"Pid":0,"ExitCode":0,"Error":"",)" +
         zeroed_times(container.created, started) + R"(,"Health":null},"ID":)" + quoted(container.id) +
         R"(,"Created":")" + go_time(container.created, 3'000'000) +
         R"(","Managed":false,"Path":"sleep","Args":["1000"],"Config":{"Hostname":)" +
         quoted(container.id.substr(0, 12)) +
         R"(,"Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
         R"("AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":["PATH=/bin"],"Cmd":["sleep","1000"],)"
         R"("Image":)" +
         quoted(container.image_reference) +
         R"(,"Volumes":null,"WorkingDir":"","Entrypoint":null,)"
         R"("OnBuild":null,"Labels":{}},"Image":)" +
         quoted(container.image->id) + R"(,"NetworkSettings":)" + network_settings(build, item, container.id) +
         R"(,"LogPath":)" + quoted(dir + "/" + container.id + "-json.log") + R"(,"Name":)" +
         quoted("/" + container.name) + R"(,"Driver":)" + quoted(item.option("driver", build.driver)) +
         R"(,"OS":"linux","MountLabel":"","ProcessLabel":"","RestartCount":0,"HasBeenStartedBefore":)" +
         (started ? "true" : "false") + R"(,"HasBeenManuallyStopped":false,"MountPoints":{)" + mount_points(item) +
         R"(},"SecretReferences":null,"ConfigReferences":null,"AppArmorProfile":"","HostnamePath":)" +
         quoted(dir + "/hostname") + R"(,"HostsPath":)" + quoted(dir + "/hosts") +
         R"(,"ShmPath":"","ResolvConfPath":)" + quoted(dir + "/resolv.conf") +
         R"(,"SeccompProfile":"","NoNewPrivileges":false,)"
         R"("LocalLogCacheMeta":{"HaveNotifyEnabled":false}})"
         "\n";
}

std::string hostconfig_text(const RecipeItem& item) {
  std::string binds;
  for_each_volume(item, [&](const std::string& name, const std::string& destination) {
    binds += (binds.empty() ? "" : ",") + quoted(name + ":" + destination);
  });
  const std::string storage = item.has("size") ? R"({"size":)" + quoted(item.option("size")) + "}" : "null";
  return R"({"Binds":)" + (binds.empty() ? "null" : "[" + binds + "]") +
         R"(,"ContainerIDFile":"","LogConfig":{"Type":"json-file","Config":{}},"NetworkMode":)" +
         quoted(item.option("network", "default")) +
         R"(,"PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"",)"
         R"("VolumesFrom":null,"CapAdd":null,"CapDrop":null,"CgroupnsMode":"host","Dns":[],"DnsOptions":[],"DnsSearch":[],)"
         R"("ExtraHosts":null,"GroupAdd":null,"IpcMode":"private","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"",)"
         R"("Privileged":false,"PublishAllPorts":false,"ReadonlyRootfs":false,"SecurityOpt":null,"StorageOpt":)" +
         storage +
         R"(,"UTSMode":"","UsernsMode":"","ShmSize":67108864,"Runtime":"runc","ConsoleSize":[0,0],"Isolation":"",)"
         R"("CpuShares":0,"Memory":0,"NanoCpus":0,"MaskedPaths":null,"ReadonlyPaths":null})"
         "\n";
}

void make_files(RootBuild& build, const RecipeItem& item, const ContainerRecipe& container) {
  RecipeDisk& disk = build.disk;
  const std::string dir = "containers/" + container.id;
  disk.directory(dir, 0710);
  disk.owner(dir, disk.daemon_id(), disk.container_id(0));
  disk.directory(dir + "/checkpoints", 0700);
  disk.file(dir + "/config.v2.json", config_text(build, item, container), 0600);
  disk.file(dir + "/hostconfig.json", hostconfig_text(item), build.version < 23 ? 0644 : 0600);
  if (!item.has("created_only")) {
    disk.file(dir + "/" + container.id + "-json.log", "{\"log\":\"hello\\n\",\"stream\":\"stdout\"}\n", 0640);
    disk.file(dir + "/hostname", container.id.substr(0, 12) + "\n", 0644);
    disk.file(dir + "/hosts", "127.0.0.1\tlocalhost\n", 0644);
    disk.file(dir + "/resolv.conf", "nameserver 127.0.0.11\n", 0644);
    disk.file(dir + "/resolv.conf.hash", "sha256:" + sha256_hex("nameserver 127.0.0.11\n"), 0644);
    disk.directory(dir + "/mounts", 0710);
  }
}

void name_layers(RootBuild& build, const std::string& name, const std::string& mount, const RecipeDir& init,
                 const RecipeDir& own) {
  const std::string home = build.driver + "/";
  build.name(name + ".dir", home + mount);
  build.name(name + ".diff", home + mount + "/diff");
  build.name(name + ".link", home + "l/" + own.link);
  build.name(name + ".init", home + init.id);
  build.name(name + ".initlink", home + "l/" + init.link);
  build.say(name + ".mountid", mount);
  build.say(name + ".linkid", own.link);
  build.say(name + ".lower", own.lower);
}

void make_writable_layer(RootBuild& build, const RecipeItem& item, const ContainerRecipe& container) {
  const std::string& name = item.words[0];
  const RecipeDir init{container.mount + "-init", link_id(item.option("initlink", "init link of " + name)),
                       container.layer != nullptr ? lower_above(*container.layer) : ""};
  BuiltLayer init_layer;
  init_layer.link = init.link;
  init_layer.lower = init.lower;
  const RecipeDir own{container.mount, link_id(item.option("link", "link of " + name)), lower_above(init_layer)};
  name_layers(build, name, container.mount, init, own);
  if (build.driver == "vfs") {
    build.disk.directory("vfs/dir/" + init.id, 0755);
    build.disk.directory("vfs/dir/" + own.id, 0755);
    return;
  }
  if (container.layer != nullptr) {
    build.mark_committed(container.layer->cache_id);
  }
  make_overlay_dir(build, init, init_tree(container.layer != nullptr ? container.layer->whole_tree() : RecipeTree()),
                   TreeStyle::Upper);
  build.mark_committed(init.id);
  make_overlay_dir(build, own, completed(item.tree), TreeStyle::Upper);
  build.disk.directory(build.driver + "/" + own.id + "/work/work", 0);
}

void make_mount(RootBuild& build, const std::string& name, const std::string& mount, const BuiltLayer* layer,
                bool init) {
  RecipeDisk& disk = build.disk;
  const std::string dir = build.image_dir() + "/layerdb/mounts/" + name;
  disk.directory(dir, 0755);
  disk.file(dir + "/mount-id", mount, 0644);
  if (init) {
    disk.file(dir + "/init-id", mount + "-init", 0644);
  }
  if (layer != nullptr) {
    disk.file(dir + "/parent", layer->chain, 0644);
  }
}

}  // namespace

void make_container(RootBuild& build, const RecipeItem& item) {
  const auto image = build.images.find(item.word(2));
  if (item.word(1) != "=" || image == build.images.end()) {
    return build.disk.fail("container NAME = IMAGE, in line " + std::to_string(item.line));
  }
  const std::string& name = item.words[0];
  ContainerRecipe container;
  container.id = long_hex(item.option("id", "container " + name));
  container.name = item.option("name", name);
  container.mount = long_hex(item.option("dir", "mount of " + name));
  container.image_reference = item.word(2);
  container.image = &image->second;
  const auto layer = build.layers.find(image->second.layer);
  container.layer = layer != build.layers.end() ? &layer->second : nullptr;
  container.created = build.clock + 60;  // of the init layer, some milliseconds earlier
  make_writable_layer(build, item, container);
  make_mount(build, container.id, container.mount, container.layer, true);
  make_files(build, item, container);
  build.name(name, "containers/" + container.id);
  build.name(name + ".mount", build.image_dir() + "/layerdb/mounts/" + container.id);
  build.say(name + ".id", container.id);
}

void make_build_mount(RootBuild& build, const RecipeItem& item) {
  const auto layer = build.layers.find(item.word(2));
  if (item.word(1) != "=" || layer == build.layers.end()) {
    return build.disk.fail("mount NAME = LAYER, in line " + std::to_string(item.line));
  }
  const std::string& name = item.words[0];
  const std::string id = build_id(item.option("id", name));
  const RecipeDir own{long_hex(item.option("dir", "mount of " + name)), link_id(item.option("link", "link of " + name)),
                      lower_above(layer->second)};
  build.mark_committed(layer->second.cache_id);
  make_overlay_dir(build, own, completed(item.tree), TreeStyle::Upper);
  make_mount(build, id, own.id, &layer->second, false);
  build.name(name, build.image_dir() + "/layerdb/mounts/" + id);
  build.name(name + ".mount", build.image_dir() + "/layerdb/mounts/" + id);
  build.name(name + ".dir", build.driver + "/" + own.id);
}

}  // namespace dfsck
