// imagedb on a disk: which configs are images, and where lost ones are found again.
#include <gtest/gtest.h>

#include "core/codec/digest.h"
#include "core/model/model.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

const std::string kDiffA = "sha256:" + std::string(64, 'a');
const std::string kDiffB = "sha256:" + std::string(64, 'b');
const std::string kConfig =
    R"({"architecture":"amd64","os":"linux","history":[{"created_by":"x"},{"empty_layer":true}],)"
    R"("rootfs":{"type":"layers","diff_ids":[")" +
    kDiffA + R"(",")" + kDiffB + R"("]}})";
const std::string kContent = "image/overlay2/imagedb/content/sha256/";
const std::string kMetadata = "image/overlay2/imagedb/metadata/sha256/";

ImageStore scanned_images(const test::TempRoot& temp) {
  Model model;
  model.image_path = "image/overlay2";
  scan_images(temp.open(), 2, Cancel(), model);
  EXPECT_TRUE(model.failures.empty());
  return model.images;
}

// The one image of a root whose only config has these bytes, under the right name.
Image image_with(const std::string& config) {
  const test::TempRoot temp;
  temp.write(kContent + sha256_hex(config), config);
  const ImageStore store = scanned_images(temp);
  EXPECT_EQ(store.images.size(), 1u);
  return store.images.front();
}

TEST(ScanImages, WorksOutTheChain) {
  const Image image = image_with(kConfig);
  EXPECT_TRUE(image.usable());
  ASSERT_EQ(image.chain.size(), 2u);
  EXPECT_EQ(image.chain[0].text(), kDiffA);
  EXPECT_EQ(image.chain[1], chain_id(image.chain[0], image.diff_ids[1]));
  EXPECT_EQ(image.history.size(), 2u);
}

TEST(ScanImages, ReadsKeysAsGoDoes) {
  const Image image = image_with(R"({"RootFS":{"Diff_IDs":[")" + kDiffA + R"("]},"OS":"linux"})");
  EXPECT_TRUE(image.usable()) << image.unusable;
  EXPECT_EQ(image.chain.size(), 1u);
}

TEST(ScanImages, AnImageMayHaveNoLayers) { EXPECT_TRUE(image_with(R"({"rootfs":{"type":"layers"}})").usable()); }

TEST(ScanImages, RefusesWhatTheDaemonRefuses) {
  EXPECT_EQ(image_with(R"({"os":"linux"})").unusable, "it has no RootFS key");
  EXPECT_EQ(image_with(R"({"os":"windows","rootfs":{}})").unusable, "it is for the operating system \"windows\"");
  EXPECT_EQ(image_with(R"({"rootfs":{"diff_ids":["SHA256:x"]}})").unusable,
            "its diff_ids hold \"SHA256:x\", which is no digest");
  EXPECT_EQ(image_with(R"({"rootfs":{},"history":[{}]})").unusable, "its history has more layers than it has");
  EXPECT_TRUE(image_with("{\"rootfs\"").unusable.starts_with("it is malformed"));
}

TEST(ScanImages, JudgesByTheDigestFirst) {
  const test::TempRoot temp;
  const std::string hex = sha256_hex(kConfig);
  temp.write(kContent + hex, kConfig + " ");
  const ImageStore store = scanned_images(temp);
  EXPECT_TRUE(store.images[0].problem.starts_with("altered (its digest is sha256:"));
  EXPECT_TRUE(store.images[0].chain.empty());
  EXPECT_FALSE(store.images[0].copy);
  temp.write(kContent + hex, "");
  EXPECT_EQ(scanned_images(temp).images[0].problem, "empty");
}

TEST(ScanImages, FindsTheExactBytesAgain) {
  const test::TempRoot temp;
  const std::string hex = sha256_hex(kConfig);
  temp.write(kContent + hex, "");
  temp.write(kContent + ".tmp-" + hex + "1", "something else");
  temp.write(kContent + ".tmp-" + hex + "22", kConfig);
  EXPECT_EQ(scanned_images(temp).images[0].copy->place, kContent + ".tmp-" + hex + "22");
}

TEST(ScanImages, ListsALostConfigThatIsElsewhere) {
  const test::TempRoot temp;
  const std::string hex = sha256_hex(kConfig);
  temp.make_dir(kContent);
  temp.write("image/overlay2/repositories.json", R"({"Repositories":{"a":{"a:1":"sha256:)" + hex + R"("}}})");
  EXPECT_TRUE(scanned_images(temp).images.empty());
  temp.write("buildkit/content/blobs/sha256/" + hex, kConfig);
  const ImageStore store = scanned_images(temp);
  ASSERT_EQ(store.images.size(), 1u);
  EXPECT_EQ(store.images[0].problem, "missing");
  EXPECT_EQ(store.images[0].copy->place, "buildkit/content/blobs/sha256/" + hex);
}

TEST(ScanImages, CountsRepeatedEmptyLayers) {
  const std::string empty = "sha256:" + sha256_hex(std::string(1024, '\0'));
  const auto config = [](const std::string& list) { return R"({"rootfs":{"diff_ids":[)" + list + "]}}"; };
  EXPECT_EQ(image_with(config("\"" + empty + "\"")).repeated_empty_layers, 0u);
  EXPECT_EQ(image_with(config("\"" + empty + "\",\"" + empty + "\"")).repeated_empty_layers, 2u);
}

TEST(ScanImages, TellsForeignThingsFromCutOffWrites) {
  const test::TempRoot temp;
  temp.write(kContent + "README", "x");
  temp.write(kContent + ".tmp-abc", "x");
  const ImageStore store = scanned_images(temp);
  ASSERT_EQ(store.foreign.size(), 1u);
  EXPECT_EQ(store.foreign[0].name(), "README");
}

TEST(ScanImages, ReadsMetadata) {
  const test::TempRoot temp;
  const std::string good = kMetadata + std::string(64, '1');
  const std::string bad = kMetadata + std::string(64, '2');
  temp.write(good + "/parent", "sha256:" + std::string(64, '3'));
  temp.write(good + "/lastUpdated", "2026-11-23T19:57:07.085374397Z");
  temp.write(bad + "/parent", "sha256:3");
  temp.write(bad + "/lastUpdated", "yesterday");
  const ImageStore store = scanned_images(temp);
  ASSERT_EQ(store.metadata.size(), 2u);
  EXPECT_TRUE(store.metadata[0].parent_id);
  EXPECT_FALSE(store.metadata[0].last_updated_bad);
  EXPECT_FALSE(store.metadata[1].parent_id);
  EXPECT_TRUE(store.metadata[1].last_updated_bad);
}

TEST(ScanImages, ReadsTheRegistryCache) {
  const test::TempRoot temp;
  const std::string base = "image/overlay2/distribution/";
  const std::string by_digest = base + "diffid-by-digest/sha256/";
  const std::string by_diff = base + "v2metadata-by-diffid/sha256/";
  temp.write(by_digest + std::string(64, '1'), kDiffA);
  temp.write(by_digest + std::string(64, '2'), "sha256:12");
  temp.write(by_diff + std::string(64, 'a'), R"([{"Digest":"sha256:)" + std::string(64, '1') +
                                                 R"(","SourceRepository":"docker.io/library/a","HMAC":""}])");
  temp.write(by_diff + std::string(64, 'b'), "{}");
  const ImageStore store = scanned_images(temp);
  ASSERT_EQ(store.diffid_by_digest.size(), 2u);
  EXPECT_EQ(store.diffid_by_digest[0].diff->text(), kDiffA);
  EXPECT_EQ(store.diffid_by_digest[1].problem, "malformed: \"sha256:12\"");
  ASSERT_EQ(store.v2metadata_by_diffid.size(), 2u);
  EXPECT_EQ(store.v2metadata_by_diffid[0].sources[0].repository, "docker.io/library/a");
  EXPECT_EQ(store.v2metadata_by_diffid[1].problem, "no JSON array");
}

TEST(ScanImages, ALinkInPlaceOfTheStoreIsFollowed) {
  const test::TempRoot temp;
  temp.write("elsewhere/" + sha256_hex(kConfig), kConfig);
  temp.make_symlink("image/overlay2/imagedb/content/sha256", "../../../../elsewhere");
  const ImageStore store = scanned_images(temp);
  EXPECT_EQ(store.images.size(), 1u);
  EXPECT_TRUE(store.complete);
}

}  // namespace
}  // namespace dfsck
