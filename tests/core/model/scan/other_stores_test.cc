// Recognising stores that are not covered: other storage drivers, and containerd's image store inside and outside of a
// root.
#include <gtest/gtest.h>

#include "core/model/records/host_containerd.h"
#include "core/model/scan/other_stores.h"
#include "tests/support/bolt_builder.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::BoltBuilder;
using test::TempRoot;

const std::string kContainer(64, 'c');
const std::string kSnapshots = "io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs";

// A containerd's database with one image, and a snapshot of the given key.
std::string containerd_database(const std::string& snapshot) {
  BoltBuilder bolt;
  const auto row = bolt.add_leaf({bolt.inline_bucket(snapshot, {})});
  const auto kinds = bolt.add_leaf({bolt.bucket("overlayfs", row)});
  const auto images = bolt.add_leaf({bolt.inline_bucket("docker.io/library/app:1", {})});
  const auto space = bolt.add_leaf({bolt.bucket("images", images), bolt.bucket("snapshots", kinds)});
  const auto foreign = bolt.add_leaf({bolt.bucket("images", bolt.add_leaf({bolt.inline_bucket("pause:3", {})}))});
  const auto version = bolt.add_leaf({bolt.bucket("k8s.io", foreign), bolt.bucket("moby", space)});
  return bolt.build(bolt.add_leaf({bolt.bucket("v1", version)}));
}

void make_store(const TempRoot& temp, const std::string& below, const std::string& snapshot) {
  temp.write(below + kSnapshots + "/file", "12345");
  temp.write(below + "io.containerd.content.v1.content/blobs/sha256/x", "1234567");
  temp.write(below + "io.containerd.metadata.v1.bolt/meta.db", containerd_database(snapshot));
}

Model with_container() {
  Model model;
  Container container;
  container.name_on_disk = kContainer;
  container.in_containerd = true;
  model.containers.containers.push_back(container);
  return model;
}

TEST(ContainerdStoreScan, AGraphDriversContainerdIsNone) {
  const TempRoot temp;
  temp.make_dir("containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots");
  temp.make_dir("containerd/daemon/io.containerd.content.v1.content");
  Model model;
  model.driver = "overlay2";
  scan_containerd_store(temp.open(), {}, false, model);
  EXPECT_FALSE(model.containerd_store.is_used());
}

TEST(ContainerdStoreScan, InsideTheRoot) {
  const TempRoot temp;
  make_store(temp, "containerd/daemon/", kContainer);
  Model model = with_container();
  scan_containerd_store(temp.open(), {}, false, model);
  const ContainerdStore& store = model.containerd_store;
  EXPECT_EQ(store.place, "containerd/daemon");
  EXPECT_EQ(store.images, 1U) << "of daemons' namespaces";
  EXPECT_EQ(store.size.bytes, 12U);
  EXPECT_EQ(store.containers, std::vector<std::string>{kContainer});
}

TEST(ContainerdStoreScan, OutsideItMustKnowAContainerOfTheRoot) {
  const TempRoot temp;
  const TempRoot ours;
  const TempRoot foreign;
  make_store(ours, "", kContainer);
  make_store(foreign, "", std::string(64, 'd'));
  Model model = with_container();
  scan_containerd_store(temp.open(), {"/nothing/there", foreign.path(), ours.path()}, false, model);
  EXPECT_EQ(model.containerd_store.place, ours.path());
  Model none = with_container();
  scan_containerd_store(temp.open(), {foreign.path()}, false, none);
  EXPECT_EQ(none.containerd_store.place, "");
  EXPECT_TRUE(none.containerd_store.is_used()) << "half a Docker";
}

TEST(ContainerdStoreScan, WithoutATraceNobodyLooksOutside) {
  const TempRoot temp;
  const TempRoot outside;
  make_store(outside, "", kContainer);
  Model model;
  scan_containerd_store(temp.open(), {outside.path()}, false, model);
  EXPECT_FALSE(model.containerd_store.is_used());
  temp.make_dir("buildkit/containerd-overlayfs");
  Model traced;
  scan_containerd_store(temp.open(), {outside.path()}, false, traced);
  EXPECT_EQ(traced.containerd_store.place, outside.path());
}

TEST(ContainerdStoreScan, DaemonJsonTurnsItOn) {
  const TempRoot temp;
  const TempRoot outside;
  make_store(outside, "", kContainer);
  Model found;
  scan_containerd_store(temp.open(), {outside.path()}, true, found);
  EXPECT_EQ(found.containerd_store.place, outside.path());
  Model lost;
  scan_containerd_store(temp.open(), {"/nothing/there"}, true, lost);
  EXPECT_EQ(lost.containerd_store.place, "/nothing/there") << "it has images, or had them";
  const TempRoot empty;
  empty.write("io.containerd.metadata.v1.bolt/meta.db", "new");
  Model unused;
  scan_containerd_store(temp.open(), {empty.path()}, true, unused);
  EXPECT_FALSE(unused.containerd_store.is_used()) << "nothing was pulled yet";
}

TEST(HostContainerd, ConfigurationOfTheHost) {
  const TempRoot root;
  const TempRoot top;
  const auto daemon = [&](const std::string& features, const std::string& data_root) {
    top.write("etc/docker/daemon.json", R"({"features":)" + features + R"(,"data-root":")" + data_root + "\"}");
    return read_host_containerd(root.open(), top.path()).serves_root;
  };
  EXPECT_FALSE(read_host_containerd(root.open(), top.path()).serves_root) << "no file";
  EXPECT_TRUE(daemon(R"({"containerd-snapshotter":true})", root.path()));
  EXPECT_FALSE(daemon(R"({"containerd-snapshotter":false})", root.path()));
  EXPECT_FALSE(daemon(R"({"containerd-snapshotter":true})", "/of/another"));
  EXPECT_FALSE(daemon(R"(["containerd-snapshotter"])", root.path()));
  top.write("etc/docker/daemon.json", "{torn");
  top.write("etc/containerd/config.toml", "version = 2\n root = '/data/containerd' # moved\n");
  EXPECT_FALSE(read_host_containerd(root.open(), top.path()).serves_root);
  EXPECT_EQ(read_host_containerd(root.open(), top.path()).root, "/data/containerd");
}

TEST(HostContainerd, RootInToml) {
  EXPECT_EQ(containerd_root_in("root = \"/a b\"\nstate = \"/run\""), "/a b");
  for (const char* none : {"", "# root = \"/a\"", "[plugins]\nroot = \"/a\"", "root = \"/a", "root = relative",
                           "root = \"a\"", "root = \"/a\\u0041\"", "rootless = \"/a\""}) {
    EXPECT_EQ(containerd_root_in(none), "") << none;
  }
}

TEST(UncoveredDriverScan, DirectoriesThatLayerdbNames) {
  test::ModelBuilder build;
  const ChainId kept = build.add_layer("a");
  const ChainId lost = build.add_layer("b", kept);
  Model model = build.model();
  model.driver = "btrfs";
  model.driver_covered = false;
  const TempRoot temp;
  temp.write("btrfs/subvolumes/" + model.layers.find(kept)->cache->text() + "/file", "1234");
  scan_other_stores(temp.open(), model);
  EXPECT_EQ(model.uncovered_driver.layers_path, RelPath("btrfs/subvolumes"));
  EXPECT_EQ(model.uncovered_driver.missing, std::vector<ChainId>{lost});
  EXPECT_EQ(model.uncovered_driver.size.bytes, 4U);
}

}  // namespace
}  // namespace dfsck
