// What a layer's tar-split says of a path, and what a layer on top does to it.
#include <gtest/gtest.h>

#include "core/content/find_entry.h"
#include "core/content/shadow.h"
#include "tests/support/layer_on_disk.h"

namespace dfsck {
namespace {

using test::LayerOnDisk;
using test::TarMember;

class OnePath : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = test::why_no_layers(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
  }

  static std::vector<TarMember> members() {
    return {
        {.name = "bin/", .type = '5', .mode = 0755},
        {.name = "bin/tool", .mode = 04755, .uid = 3, .data = "four"},
        {.name = "bin/hard", .type = '1', .mode = 04755, .link = "bin/tool"},
        {.name = "bin/sh", .type = '2', .mode = 0777, .link = "tool"},
        {.name = "lib64", .type = '2', .mode = 0777, .link = "bin"},
        {.name = "lib64/through", .mode = 0640, .data = "through a link"},
        {.name = "etc/.wh.gone", .mode = 0},
        {.name = "var/", .type = '5', .mode = 0755},
        {.name = "var/.wh..wh..opq", .mode = 0},
        {.name = "var/lib/new", .data = "x"},
    };
  }

  static PathInTar look(const LayerOnDisk& layer, const std::string& path) {
    const Cancel cancel;
    const Root root = layer.root.open();
    const Result<PathInTar> found = find_in_tar(root, layer.input, path, cancel);
    EXPECT_TRUE(found) << (found ? "" : found.error().message());
    return found ? *found : PathInTar{};
  }
};

TEST_F(OnePath, IsDescribedAsTheTarHasIt) {
  const LayerOnDisk layer(members());
  const PathInTar tool = look(layer, "bin/tool");
  ASSERT_TRUE(tool.entry);
  EXPECT_EQ(tool.entry->mode, S_IFREG | 04755U);
  EXPECT_EQ(tool.entry->uid, 3U);
  EXPECT_EQ(tool.entry->size, 4U);
  EXPECT_EQ(tool.other_names, std::vector<std::string>{"bin/hard"});
  const PathInTar hard = look(layer, "bin/hard");
  ASSERT_TRUE(hard.entry);
  EXPECT_TRUE(hard.entry->is_hard_link);
  EXPECT_EQ(hard.entry->link_target, "bin/tool");
  EXPECT_EQ(look(layer, "bin/sh").entry->link_target, "tool");
  EXPECT_FALSE(look(layer, "bin/none").is_known());
}

TEST_F(OnePath, IsFoundThroughALinkOfTheLayer) {
  const LayerOnDisk layer(members());
  ASSERT_TRUE(look(layer, "bin/through").entry);
  EXPECT_EQ(look(layer, "bin/through").entry->size, 14U);
}

TEST_F(OnePath, MayBeAWhiteoutOpaqueOrImplied) {
  const LayerOnDisk layer(members());
  EXPECT_TRUE(look(layer, "etc/gone").is_whiteout);
  EXPECT_FALSE(look(layer, "etc/gone").entry);
  EXPECT_TRUE(look(layer, "var").is_opaque);
  EXPECT_TRUE(look(layer, "var").entry);
  EXPECT_TRUE(look(layer, "var/lib").is_implied);
  EXPECT_FALSE(look(layer, "var/lib").entry);
}

TEST_F(OnePath, IsHiddenByWhatALayerOnTopHas) {
  const LayerOnDisk layer(members());
  const Root root = layer.root.open();
  const auto shadow = [&](const std::string& path) {
    const Result<Shadow> found = shadow_of(root, layer.input.diff_dir, path);
    EXPECT_TRUE(found) << path;
    return found ? *found : Shadow{};
  };
  EXPECT_EQ(shadow("usr/bin/x").kind, Shadow::Kind::None);
  EXPECT_EQ(shadow("etc/passwd").kind, Shadow::Kind::None);
  EXPECT_EQ(shadow("bin/tool").kind, Shadow::Kind::Replaced);
  EXPECT_EQ(shadow("bin").kind, Shadow::Kind::Merged);
  EXPECT_EQ(shadow("etc/gone").kind, Shadow::Kind::Whiteout);
  EXPECT_EQ(shadow("etc/gone/deep/file").kind, Shadow::Kind::Whiteout);
  EXPECT_EQ(shadow("etc/gone/deep/file").at, "etc/gone");
  EXPECT_EQ(shadow("var/lib/old").kind, Shadow::Kind::Opaque);
  EXPECT_EQ(shadow("var/lib/old").at, "var");
  EXPECT_EQ(shadow("var/lib/new").kind, Shadow::Kind::Replaced);
  EXPECT_EQ(shadow("var").kind, Shadow::Kind::Opaque);
  EXPECT_EQ(shadow("lib64/x").kind, Shadow::Kind::Blocked);
  EXPECT_EQ(shadow("lib64/x").at, "lib64");
}

}  // namespace
}  // namespace dfsck
