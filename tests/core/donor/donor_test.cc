// Donors of every kind: their images are found, and their layers hash to what they are called.
#include "core/donor/donor.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "core/codec/digest.h"
#include "core/donor/member_name.h"
#include "tests/support/compress.h"
#include "tests/support/donor_builder.h"
#include "tests/support/pieces.h"

namespace dfsck {
namespace {

using namespace test;

const Cancel kNeverCancelled;
constexpr Compression kEvery[] = {Compression::None, Compression::Gzip, Compression::Bzip2, Compression::Xz,
                                  Compression::Zstd};

Donor open(const std::string& path, const DonorOptions& options = {}) {
  Result<Donor> donor = open_donor(path, kNeverCancelled, options);
  if (!donor) {
    std::cerr << donor.error().message() << '\n';
    std::abort();
  }
  return std::move(*donor);
}

std::string layer_bytes(const Donor& donor, const DiffId& diff) {
  const Result<std::unique_ptr<LayerSource>> source = donor.open_layer(diff, LayerHashing::Verified);
  if (!source) {
    return source.error().message();
  }
  std::string bytes = drained(**source);
  EXPECT_TRUE((*source)->verified());
  return bytes;
}

void expect_holds(const Donor& donor, const SampleImage& image, const std::vector<std::string>& names) {
  ASSERT_EQ(donor.images().size(), 1U);
  EXPECT_TRUE(donor.problems().empty()) << donor.problems().front().message();
  const DonorImage* found = donor.find_image(image.id);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->config, image.config);
  EXPECT_EQ(found->diff_ids, image.diff_ids);
  EXPECT_EQ(found->names, names);
  for (size_t i = 0; i < image.layers.size(); ++i) {
    EXPECT_TRUE(layer_bytes(donor, image.diff_ids[i]) == image.layers[i]) << i;
  }
}

class DonorTest : public ::testing::Test {
 protected:
  // A tar of these members, compressed as a whole.
  std::string archive(const Members& members, Compression compression = Compression::None) const {
    temp_.write("donor.tar", compressed(make_tar(members).bytes, compression));
    return temp_.path() + "/donor.tar";
  }
  std::string directory(const Members& members) const {
    const std::string name = "donor" + std::to_string(++directories_);
    unpack(temp_, name, members);
    return temp_.path() + "/" + name;
  }

  const TempRoot temp_;
  const SampleImage image_ = sample_image({"one", "two", "one", "three"});  // a layer that comes twice

 private:
  mutable int directories_ = 0;
};

TEST_F(DonorTest, ReadsArchivesOfDockerSave) {
  for (const Compression compression : kEvery) {
    const Donor legacy = open(archive(legacy_archive(image_, "app:1"), compression));
    EXPECT_EQ(legacy.kind(), DonorKind::DockerArchive);
    expect_holds(legacy, image_, {"app:1"});
    const Donor hybrid = open(archive(hybrid_archive(image_, "app:1"), compression));
    EXPECT_EQ(hybrid.kind(), DonorKind::DockerArchive);
    expect_holds(hybrid, image_, {"app:1"});
  }
}

TEST_F(DonorTest, BelievesManifestJsonRatherThanTheIndex) {
  Members members = hybrid_archive(image_, "app:1");
  for (TarMember& have : members) {
    if (have.name.starts_with("blobs/") && have.data.find("\"layers\":[") != std::string::npos) {
      std::string data = have.data;
      const std::string first = image_.diff_ids[0].text();
      const std::string last = image_.diff_ids[3].text();
      data.replace(data.rfind(last), last.size(), first);
      data.replace(data.find(first), first.size(), last);
      member(members, "index.json").data = R"({"manifests":[{"digest":")" + digest_of(data) + "\"}]}";
      have = {.name = blob_name(data), .data = data};
    }
  }
  const Donor donor = open(archive(members));
  expect_holds(donor, image_, {"app:1"});
  EXPECT_EQ(donor.places(image_.diff_ids[0]).size(), 1U);
  EXPECT_EQ(donor.places(image_.diff_ids[3]).size(), 1U);
}

TEST_F(DonorTest, ReadsLayoutsWithLayersOfEveryCompression) {
  for (const Compression compression : kEvery) {
    const Members members = oci_layout(image_, "app:1", compression);
    const Donor tar = open(archive(members));
    EXPECT_EQ(tar.kind(), DonorKind::OciLayout);
    expect_holds(tar, image_, {"app:1"});
    expect_holds(open(directory(members)), image_, {"app:1"});
  }
}

TEST_F(DonorTest, ReadsDirectoriesThatWereArchives) {
  expect_holds(open(directory(legacy_archive(image_, "app:1"))), image_, {"app:1"});
  expect_holds(open(directory(hybrid_archive(image_, "app:1"))), image_, {"app:1"});
}

TEST_F(DonorTest, ReadsMembersWithDotsInTheirNames) {
  Members members = legacy_archive(image_, "app:1");
  for (TarMember& have : members) {
    have.name.insert(0, "./");
  }
  members.insert(members.begin(), {.name = "./", .type = '5'});
  expect_holds(open(archive(members)), image_, {"app:1"});
}

TEST_F(DonorTest, FollowsHardLinksInsideTheArchive) {
  Members members = legacy_archive(image_, "app:1");
  for (TarMember& have : members) {
    if (have.type == '2') {
      have.type = '1';
      have.link.erase(0, 3);
    }
  }
  expect_holds(open(archive(members)), image_, {"app:1"});
}

TEST_F(DonorTest, KnowsLayersOfTheOldestArchivesByTheirHashes) {
  const Donor donor = open(archive(v1_archive(image_, "app:1")), {.jobs = 2});
  EXPECT_EQ(donor.kind(), DonorKind::V1Archive);
  EXPECT_TRUE(donor.images().empty());
  EXPECT_EQ(donor.layers().size(), 3U);
  for (size_t i = 0; i < image_.layers.size(); ++i) {
    EXPECT_TRUE(layer_bytes(donor, image_.diff_ids[i]) == image_.layers[i]);
  }
  EXPECT_EQ(open(directory(v1_archive(image_, "app:1"))).layers().size(), 3U);
}

TEST_F(DonorTest, ReadsSkopeosDirectories) {
  Members members;
  for (const TarMember& have : oci_layout(image_, "app:1", Compression::Gzip)) {
    const size_t slash = have.name.rfind('/');
    const bool is_manifest = have.data.find("\"layers\":[") != std::string::npos && have.data.starts_with("{\"schema");
    if (have.name.starts_with("blobs/sha256/") && have.type == '0') {
      members.push_back({.name = is_manifest ? "manifest.json" : have.name.substr(slash + 1), .data = have.data});
    }
  }
  expect_holds(open(directory(members)), image_, {});
}

TEST_F(DonorTest, TakesNamesOfAllTags) {
  Members members = oci_layout(image_, "app:1", Compression::None);
  std::string& index = member(members, "index.json").data;
  const size_t begin = index.find("[") + 1;
  std::string second = index.substr(begin, index.rfind(']') - begin);
  second.replace(second.find("app:1"), 5, "app:2");
  index.insert(begin, second + ",");
  expect_holds(open(archive(members)), image_, {"app:1", "app:2"});
}

TEST_F(DonorTest, LooksIntoIndexesAndPassesOverWhatIsNoImage) {
  Members members = oci_layout(image_, "app:1", Compression::None);
  std::string inner = member(members, "index.json").data;
  const std::string absent =
      R"({"digest":"sha256:)" + std::string(64, 'a') + R"(","platform":{"architecture":"arm64"}},)";
  inner.insert(inner.find('[') + 1, absent);
  const std::string chart = R"({"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:)" +
                            std::string(64, 'b') + R"("},"layers":[]})";
  members.push_back({.name = blob_name(inner), .data = inner});
  members.push_back({.name = blob_name(chart), .data = chart});
  member(members, "index.json").data =
      R"({"manifests":[{"digest":")" + digest_of(inner) +
      R"(","annotations":{"io.containerd.image.name":"docker.io/library/app:7"}},{"digest":")" + digest_of(chart) +
      R"("},{"digest":"sha256:)" + std::string(64, 'c') +
      R"(","annotations":{"vnd.docker.reference.type":"attestation-manifest"}}]})";
  expect_holds(open(archive(members)), image_, {"app:1"});
}

TEST_F(DonorTest, TellsAWrongLayerAtItsEnd) {
  Members members = legacy_archive(image_, "app:1");
  for (TarMember& have : members) {
    if (have.name.ends_with("layer.tar") && have.data == image_.layers[1]) {
      have.data = image_.layers[3];
    }
  }
  const Donor donor = open(archive(members));
  const Result<std::unique_ptr<LayerSource>> source = donor.open_layer(image_.diff_ids[1], LayerHashing::Verified);
  ASSERT_TRUE(source);
  const std::string read = drained(**source);
  EXPECT_NE(read.find("is not the layer " + image_.diff_ids[1].text() + " but " + image_.diff_ids[3].text()),
            std::string::npos);
  EXPECT_NE(read.find(temp_.path() + "/donor.tar: "), std::string::npos) << "names the archive";
  EXPECT_NE(read.find("/layer.tar: "), std::string::npos) << "and the member";
  EXPECT_FALSE((*source)->verified());
  // Who does not want to know is not told.
  const Result<std::unique_ptr<LayerSource>> unverified =
      donor.open_layer(image_.diff_ids[1], LayerHashing::Unverified);
  EXPECT_TRUE(drained(**unverified) == image_.layers[3]);
  EXPECT_FALSE((*unverified)->verified());
}

TEST_F(DonorTest, HasSeveralPlacesForALayer) {
  Members members = legacy_archive(image_, "app:1");
  const SampleImage other = sample_image({"liar", "two"});
  for (const TarMember& have : legacy_archive(other, "app:2")) {
    if (have.name.ends_with("layer.tar") || have.name == other.id.hex() + ".json" || have.type == '5') {
      members.push_back(have);
    }
  }
  std::string& manifest = member(members, "manifest.json").data;
  const Members second = legacy_archive(other, "app:2");
  const std::string item = std::find_if(second.begin(), second.end(), [](const TarMember& have) {
                             return have.name == "manifest.json";
                           })->data;
  manifest.replace(manifest.rfind(']'), 1, "," + item.substr(1));
  const Donor donor = open(archive(members));
  EXPECT_EQ(donor.images().size(), 2U);
  EXPECT_EQ(donor.places(image_.diff_ids[0]).size(), 1U);
  EXPECT_EQ(donor.places(image_.diff_ids[1]).size(), 2U);
  for (size_t place = 0; place < 2; ++place) {
    const auto source = donor.open_layer(image_.diff_ids[1], LayerHashing::Verified, place);
    ASSERT_TRUE(source);
    EXPECT_TRUE(drained(**source) == image_.layers[1]);
  }
  EXPECT_FALSE(donor.open_layer(image_.diff_ids[1], LayerHashing::Verified, 2));
}

TEST_F(DonorTest, IsReadByManyThreads) {
  std::vector<std::string> texts;
  for (int i = 0; i < 24; ++i) {
    texts.push_back("layer " + std::to_string(i));
  }
  const SampleImage many = sample_image(texts);
  for (const Compression compression : {Compression::None, Compression::Gzip}) {
    // Nothing is kept in memory, so that threads fight for the streams.
    DonorOptions options;
    options.limits.max_kept_bytes = many.config.size() + 4096;
    const Donor donor = open(archive(legacy_archive(many, "app:1"), compression), options);
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (size_t i = 0; i < many.layers.size(); ++i) {
          const size_t layer = (i * (t + 1) + t * 5) % many.layers.size();
          wrong += layer_bytes(donor, many.diff_ids[layer]) == many.layers[layer] ? 0 : 1;
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    EXPECT_EQ(wrong, 0);
  }
}

TEST_F(DonorTest, SourcesOutliveTheDonor) {
  std::unique_ptr<LayerSource> source;
  {
    DonorOptions options;
    options.limits.max_kept_bytes = 4096;
    const Donor donor = open(archive(legacy_archive(image_, "app:1"), Compression::Gzip), options);
    source = std::move(*donor.open_layer(image_.diff_ids[3], LayerHashing::Verified));
  }
  EXPECT_TRUE(drained(*source) == image_.layers[3]);
}

TEST_F(DonorTest, StopsWhenCancelled) {
  Cancel cancel;
  const std::string path = archive(legacy_archive(image_, "app:1"));
  const Result<Donor> donor = open_donor(path, cancel);
  ASSERT_TRUE(donor);
  const auto source = donor->open_layer(image_.diff_ids[0], LayerHashing::Verified);
  cancel.request();
  const Result<std::string_view> piece = (*source)->next();
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().kind, Error::Kind::Cancelled);
  const Result<Donor> late = open_donor(path, cancel);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, Error::Kind::Cancelled);
}

TEST_F(DonorTest, OpensThroughALinkToTheArchive) {
  const std::string path = archive(legacy_archive(image_, "app:1"));
  temp_.make_symlink("link", path);
  expect_holds(open(temp_.path() + "/link"), image_, {"app:1"});
}

TEST(MemberName, StaysInside) {
  EXPECT_EQ(member_name("./a//b/./c/")->bytes(), "a/b/c");
  EXPECT_TRUE(member_name("./")->is_root());
  for (const char* bad : {"", "/", "/a", "..", "a/../b", "a/..", "../a"}) {
    EXPECT_FALSE(member_name(bad)) << bad;
  }
  EXPECT_EQ(link_target("a/b", "../c/d")->bytes(), "c/d");
  EXPECT_EQ(link_target("a/b", "c")->bytes(), "a/c");
  EXPECT_TRUE(link_target("a/b", "..")->is_root());
  for (const char* bad : {"", "/a", "../../c", "../x/../../y"}) {
    EXPECT_FALSE(link_target("a/b", bad)) << bad;
  }
}

}  // namespace
}  // namespace dfsck
