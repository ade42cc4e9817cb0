// The states of swarm/, plugins/ and temporary files that checks speak of.
#include <gtest/gtest.h>

#include "core/model/model.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

RootEntries scanned_swarm(const TempRoot& temp) {
  Model model;
  model.image_path = "image/overlay2";
  const Root root = temp.open();
  scan_swarm_and_plugins(root, model);
  scan_leftovers(root, model);
  EXPECT_TRUE(model.failures.empty());
  return model.entries;
}

TEST(ScanSwarm, AnEmptyDirectoryIsNoSwarm) {
  const TempRoot temp;
  temp.make_dir("swarm");
  const Swarm swarm = scanned_swarm(temp).swarm;
  EXPECT_FALSE(swarm.exists);
  EXPECT_EQ(swarm.state_problem, "");
}

TEST(ScanSwarm, StateAndCertificate) {
  const TempRoot temp;
  temp.write("swarm/docker-state.json", "{\"LocalAddr\":\"\"}");
  EXPECT_TRUE(scanned_swarm(temp).swarm.exists);
  EXPECT_FALSE(scanned_swarm(temp).swarm.has_certificate);
  temp.write("swarm/certificates/swarm-node.crt", "x");
  temp.write("swarm/state.json", R"([{"node_id":"a"},{"node_id":"b","addr":"10.0.0.1:2377"}])");
  const Swarm swarm = scanned_swarm(temp).swarm;
  EXPECT_TRUE(swarm.has_certificate);
  EXPECT_EQ(swarm.node, CertificateSubject());
  ASSERT_EQ(swarm.managers.size(), 1U);
  EXPECT_EQ(swarm.managers[0].node_id, "b");
  EXPECT_EQ(swarm.managers[0].address, "10.0.0.1:2377");
  EXPECT_EQ(swarm.state_remains, "");
  EXPECT_EQ(swarm.state_problem, "");
  EXPECT_EQ(swarm.peers_problem, "");
  temp.write("swarm/docker-state.json", "{");
  temp.write("swarm/state.json", "[{");
  EXPECT_EQ(scanned_swarm(temp).swarm.state_problem, "cut off after 1 byte");
  EXPECT_EQ(scanned_swarm(temp).swarm.state_remains, "{");
  EXPECT_EQ(scanned_swarm(temp).swarm.peers_problem, "cut off after 2 bytes");
}

TEST(ScanPlugins, ConfigurationsAndRemovals) {
  const std::string good(64, 'a');
  const std::string bad(64, 'b');
  const std::string bare(64, 'c');
  const TempRoot temp;
  temp.write("plugins/" + good + "/config.json", "{\"plugin\":{}}");
  temp.write("plugins/" + bad + "/config.json", "");
  temp.make_dir("plugins/" + bare);
  temp.make_dir("plugins/" + good + "-removing");
  temp.make_dir("plugins/storage/blobs");
  const std::vector<Plugin> plugins = scanned_swarm(temp).plugins;
  ASSERT_EQ(plugins.size(), 4U);
  EXPECT_EQ(plugins[0].config_problem, "");
  EXPECT_TRUE(plugins[1].removing);
  EXPECT_EQ(plugins[1].id, good);
  EXPECT_EQ(plugins[2].config_problem, "empty");
  EXPECT_EQ(plugins[3].config_problem, "missing");
}

TEST(ScanRuntimeTasks, ByNamespace) {
  const TempRoot temp;
  temp.make_dir("containerd/daemon/io.containerd.runtime.v2.task/moby/abc");
  temp.make_dir("containerd/daemon/io.containerd.content.v1.content/ingest/x");
  EXPECT_EQ(scanned_swarm(temp).runtime_tasks,
            std::vector<RelPath>{"containerd/daemon/io.containerd.runtime.v2.task/moby/abc"});
}

TEST(ScanLeftovers, TemporaryFilesBesideTheirTargets) {
  const TempRoot temp;
  for (const char* path : {"image/overlay2/.tmp-repositories.json1", "image/overlay2/imagedb/content/sha256/.tmp-abc2",
                           "image/overlay2/imagedb/metadata/sha256/abc/.tmp-parent3",
                           "image/overlay2/distribution/v2metadata-by-diffid/sha256/.tmp-abc4",
                           "plugins/abc/.tmp-config.json5", "volumes/v/.tmp-opts.json6"}) {
    temp.write(path, "x");
  }
  temp.write("volumes/v/_data/.tmp-opts.json", "a user's own");
  temp.write("volumes/v/.tmp-mine", "a user's own");
  temp.write("image/overlay2/repositories.json", "{}");
  temp.write("tmp/GetImageBlob1", "x");
  temp.make_dir("tmp/docker-import-2");
  temp.make_dir("tmp-old");
  const RootEntries entries = scanned_swarm(temp);
  EXPECT_EQ(entries.temporary_files.size(), 6U);
  EXPECT_EQ(entries.temporary_files.front(), RelPath("image/overlay2/.tmp-repositories.json1"));
  ASSERT_EQ(entries.temporary_dirs.size(), 1U);
  EXPECT_EQ(entries.temporary_dirs[0].path, RelPath("tmp"));
  EXPECT_EQ(entries.temporary_dirs[0].count, 2U);
}

}  // namespace
}  // namespace dfsck
