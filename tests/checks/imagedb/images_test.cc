// Image configs, their layers and metadata: each row of area 04, and nothing on a healthy root.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "checks/checks.h"
#include "checks/problems.h"
#include "core/codec/digest.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

using Slugs = std::vector<std::string>;

class Images : public ::testing::Test {
 protected:
  Images() : base(build.add_layer("base")), top(build.add_layer("top", base)), id(build.add_image("app", top)) {
    build.add_tag("app:1", id);
  }

  ModelBuilder build;
  ChainId base, top;
  ImageId id;
};

void add_metadata(Model& model, const ImageId& id) {
  ImageMetadata metadata;
  metadata.name = id.hex();
  metadata.path = model.image_path / "imagedb/metadata/sha256" / id.hex();
  metadata.id = id;
  model.images.metadata.push_back(metadata);
}

TEST_F(Images, HealthyOnesGiveNothing) {
  add_metadata(build.model(), id);
  EXPECT_TRUE(run_check(check_image_configs, build.model()).empty());
  EXPECT_TRUE(run_check(check_image_layers, build.model()).empty());
  EXPECT_TRUE(run_check(check_image_metadata, build.model()).empty());
}

TEST_F(Images, ADamagedConfigIsLostWithItsTags) {
  build.image(id).problem = "empty";
  add_metadata(build.model(), id);
  const auto findings = run_check(check_image_configs, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"image-config-bad"});
  EXPECT_EQ(findings[0].subject.id, id.text());
  EXPECT_EQ(steps_of(plan_for(check_image_configs, build.model())),
            (Slugs{"move image/overlay2/imagedb/content/sha256/" + id.hex() + " into quarantine",
                   "move image/overlay2/imagedb/metadata/sha256/" + id.hex() + " into quarantine",
                   "write image/overlay2/repositories.json: \"{\"Repositories\":{}}\" (19 bytes)"}));
  EXPECT_TRUE(run_check(check_image_layers, build.model()).empty());
}

TEST_F(Images, ACopyBringsTheConfigBackAndMovesNothing) {
  const TempRoot temp;
  const ImageId proven = *ImageId::from_hex(sha256_hex("the bytes"));
  Image lost(proven);
  lost.path = RelPath("image/overlay2/imagedb/content/sha256") / proven.hex();
  lost.state = FileState::Kind::Present;
  lost.problem = "empty";
  lost.copy = ConfigCopy{"copy", "the bytes"};
  build.model().images.images = {lost};
  EXPECT_EQ(slugs(run_check(check_image_configs, build.model())), Slugs{"image-config-restorable"});
  EXPECT_EQ(steps_of(plan_for(check_image_configs, build.model(), temp.open())),
            Slugs{"write " + lost.path.text() + ": \"the bytes\" (9 bytes)"});
}

TEST_F(Images, WhatCannotBeReadIsNotMoved) {
  Image& image = build.image(id);
  image.state = FileState::Kind::Unreadable;
  image.problem = "unreadable (Input/output error)";
  image.error_code = EIO;
  EXPECT_EQ(slugs(run_check(check_image_configs, build.model())), Slugs{"image-config-bad"});
  EXPECT_TRUE(plan_for(check_image_configs, build.model()).steps.empty());
  image.error_code = EACCES;  // we may not look: no finding, but a failure of the check
  EXPECT_TRUE(run_check(check_image_configs, build.model()).empty());
}

TEST_F(Images, UnusableForeignAndOddOnesAreTold) {
  build.image(id).unusable = "it has no RootFS key";
  build.image(build.add_image("odd")).repeated_empty_layers = 3;
  build.model().images.foreign.push_back("image/overlay2/imagedb/content/sha256/README");
  Slugs found = slugs(run_check(check_image_configs, build.model()));
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (Slugs{"image-config-foreign", "image-config-unusable", "image-repeats-empty-layer"}));
  EXPECT_TRUE(plan_for(check_image_configs, build.model()).steps.empty());
}

TEST_F(Images, ALayerThatIsNotThereTakesTheImageAlong) {
  build.remove_layer(base);
  const auto findings = run_check(check_image_layers, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"image-layer-missing"});
  EXPECT_EQ(findings[0].args.at("layer"), base.text());
  EXPECT_EQ(plan_for(check_image_layers, build.model()).steps.size(), 2u);
  build.model().layers.layers_complete = false;  // it may be there, unseen
  EXPECT_TRUE(run_check(check_image_layers, build.model()).empty());
}

TEST_F(Images, ALayerThatDoesNotLoadIsTheCause) {
  build.layer(base).size_value.reset();
  const auto findings = run_check(check_image_layers, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"image-layer-unloadable"});
  EXPECT_EQ(findings[0].cause, (Subject{SubjectKind::Layer, base.text()}));
  EXPECT_TRUE(plan_for(check_image_layers, build.model()).steps.empty());
}

TEST_F(Images, AParentThatLeadsNowhereIsTheCauseToo) {
  build.layer(top).parent_id = ChainId::from_hex(hex_of("gone"));
  const auto findings = run_check(check_image_layers, build.model());
  ASSERT_EQ(slugs(findings), Slugs{"image-layer-unloadable"});
  EXPECT_EQ(findings[0].args.at("layer"), top.text());
  build.layer(base).parent_id = base;  // a circle ends, and is not the daemon's way to an image either
  build.layer(top).parent_id = base;
  EXPECT_EQ(run_check(check_image_layers, build.model())[0].args.at("layer"), base.text());
}

TEST_F(Images, MetadataWithoutAnImageIsGarbage) {
  add_metadata(build.model(), *ImageId::from_hex(hex_of("gone")));
  EXPECT_EQ(slugs(run_check(check_image_metadata, build.model())), Slugs{"image-metadata-orphan"});
  build.model().images.complete = false;
  EXPECT_TRUE(run_check(check_image_metadata, build.model()).empty());
}

TEST_F(Images, MetadataOfADamagedImageIsKept) {
  build.image(id).problem = "empty";
  add_metadata(build.model(), id);
  EXPECT_TRUE(run_check(check_image_metadata, build.model()).empty());
}

TEST_F(Images, MetadataThatTheDaemonStumblesOver) {
  add_metadata(build.model(), id);
  ImageMetadata& metadata = build.model().images.metadata[0];
  metadata.parent = file_of("junk");
  metadata.last_updated = file_of("yesterday");
  metadata.last_updated_bad = true;
  EXPECT_EQ(slugs(run_check(check_image_metadata, build.model())), (Slugs{"image-metadata-bad", "image-metadata-bad"}));
  metadata.is_directory = false;
  EXPECT_EQ(slugs(run_check(check_image_metadata, build.model())), Slugs{"image-metadata-bad"});
}

TEST_F(Images, AParentImageThatIsGoneIsNoDamage) {
  add_metadata(build.model(), id);
  ImageMetadata& metadata = build.model().images.metadata[0];
  metadata.parent_id = ImageId::from_hex(hex_of("gone"));
  metadata.parent = file_of(metadata.parent_id->text());
  EXPECT_EQ(slugs(run_check(check_image_metadata, build.model())), Slugs{"image-metadata-parent-gone"});
}

}  // namespace
}  // namespace dfsck::test
