// Donors that lie, lead out of themselves, never end or are cut off: refused in one line, and nothing outside is read.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "core/codec/digest.h"
#include "core/donor/donor.h"
#include "tests/support/compress.h"
#include "tests/support/donor_builder.h"
#include "tests/support/pieces.h"

namespace dfsck {
namespace {

using namespace test;

const Cancel kNotCancelled;

class HostileDonorTest : public ::testing::Test {
 protected:
  std::string path() const { return temp_.path() + "/donor.tar"; }

  // The message of what refuses these bytes, without the path; "accepted" where nothing does.
  std::string refused(const std::string& bytes, const DonorOptions& options = {}) const {
    temp_.write("donor.tar", bytes);
    return refused_path(path(), options);
  }
  std::string refused(const Members& members, const DonorOptions& options = {}) const {
    return refused(make_tar(members).bytes, options);
  }
  std::string refused_path(const std::string& at, const DonorOptions& options = {}) const {
    const Result<Donor> donor = open_donor(at, kNotCancelled, options);
    if (donor && donor->problems().empty()) {
      return "accepted";
    }
    const Error& error = donor ? donor->problems().front() : donor.error();
    EXPECT_TRUE(error.kind == Error::Kind::Format || error.kind == Error::Kind::Limit) << error.message();
    std::string text = error.message();
    EXPECT_LT(text.size(), 600U) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    const size_t begin = text.find(at);
    EXPECT_NE(begin, std::string::npos) << text;
    return (donor ? "problem: " : "") + text.replace(begin, at.size(), "T");
  }
  // What is said when the good archive has been changed like this.
  std::string changed(const std::function<void(Members&)>& change, const DonorOptions& options = {}) const {
    Members members = legacy_archive(image_, "app:1");
    change(members);
    return refused(members, options);
  }
  std::string config() const { return image_.id.hex() + ".json"; }
  // The name of the first layer.
  std::string layer() const {
    for (const TarMember& have : legacy_archive(image_, "app:1")) {
      if (have.name.ends_with("/layer.tar")) {
        return have.name;
      }
    }
    return "";
  }

  const TempRoot temp_;
  const SampleImage image_ = sample_image({"one", "two"});
};

TEST_F(HostileDonorTest, WhatIsNoArchive) {
  EXPECT_EQ(refused(std::string()), "read T: is empty");
  EXPECT_EQ(refused(std::string(1024, '\0')), "read T: is empty");
  EXPECT_EQ(refused(std::string("hello")), "read T: is no tar archive");
  EXPECT_EQ(refused(std::string(4000, 'x')), "read T: is no tar archive");
  EXPECT_EQ(refused(compressed("hello", Compression::Gzip)), "read tar T: entry 1: its header is cut off");
  EXPECT_EQ(refused(Members{{.name = "hello", .data = "world"}}),
            "read T: has no layers: it is neither made by docker save nor an OCI layout");
  temp_.make_dir("empty");
  EXPECT_EQ(refused_path(temp_.path() + "/empty"),
            "read T: has no layers: it is neither made by docker save nor an OCI layout");
  const std::string fifo = temp_.path() + "/fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(refused_path(fifo), "accepted");
  EXPECT_NE(refused_path("/dev/zero"), "accepted");
  const Result<Donor> missing = open_donor(temp_.path() + "/missing", kNotCancelled);
  ASSERT_FALSE(missing);
  EXPECT_TRUE(missing.error().is_io(ENOENT));
}

TEST_F(HostileDonorTest, NamesThatLeadOut) {
  for (const char* name : {"../evil", "a/../../evil", "/etc/passwd", "a/.."}) {
    EXPECT_EQ(changed([&](Members& members) { members.insert(members.begin(), {.name = name, .data = "x"}); }),
              std::string("read T: ") + name + ": has a name that leads out of the archive");
  }
  EXPECT_EQ(changed([](Members& members) { members.push_back({.name = "./", .data = "x"}); }),
            "read T: has a file for its root");
  const std::string long_name(5000, 'n');
  const std::string said = changed([&](Members& members) {
    members.push_back({.name = "n", .data = "x", .records = {{"path", long_name}}});
  });
  EXPECT_NE(said.find("has a name or link target that is too long"), std::string::npos) << said;
  EXPECT_NE(changed([](Members& members) { members.push_back({.name = "\x1b[2J\n", .type = '3'}); }).find("\\x1b"),
            std::string::npos);
}

TEST_F(HostileDonorTest, LinksThatLeadOut) {
  for (const char* target : {"/etc/passwd", "../../etc/passwd", "x/../../../y"}) {
    for (const char type : {'1', '2'}) {
      EXPECT_EQ(changed([&](Members& members) { members.push_back({.name = "d/l", .type = type, .link = target}); }),
                "read T: d/l: is a link that leads out of the archive");
    }
  }
}

TEST_F(HostileDonorTest, LinksThatLeadNowhere) {
  const auto link_layer = [&](const std::string& target) {
    return changed([&](Members& members) {
      TarMember& have = member(members, layer());
      have = {.name = layer(), .type = '2', .link = target};
    });
  };
  EXPECT_EQ(link_layer("layer.tar"), "problem: read T: " + layer() + ": is a link that leads in a circle");
  EXPECT_EQ(link_layer("gone"), "problem: read T: " + layer() + ": is a link to " +
                                    layer().substr(0, layer().find('/')) + "/gone, which is missing");
  EXPECT_EQ(link_layer(".."), "problem: read T: " + layer() + ": is a directory");
  const std::string circle = changed([&](Members& members) {
    member(members, "manifest.json") = {.name = "manifest.json", .type = '2', .link = "other"};
    members.push_back({.name = "other", .type = '2', .link = "manifest.json"});
  });
  EXPECT_EQ(circle, "read T: manifest.json: is a link that leads in a circle");
}

TEST_F(HostileDonorTest, MembersThatAreNoFiles) {
  const auto of_type = [&](char type) {
    return changed([&](Members& members) { members.push_back({.name = "d", .type = type}); });
  };
  EXPECT_EQ(of_type('3'), "read T: d: is a character device");
  EXPECT_EQ(of_type('4'), "read T: d: is a block device");
  EXPECT_EQ(of_type('6'), "read T: d: is a FIFO");
  EXPECT_EQ(of_type('V'), "read T: d: is of an unknown type");
  EXPECT_EQ(changed([](Members& members) {
              members.push_back({.name = "d", .data = "x", .records = {{"GNU.sparse.major", "1"}}});
            }),
            "read T: d: is a sparse file");
}

TEST_F(HostileDonorTest, MembersThatAreThereTwice) {
  EXPECT_EQ(changed([](Members& members) { members.push_back({.name = "./manifest.json", .data = "[]"}); }),
            "read T: manifest.json: is there twice");
  EXPECT_EQ(changed([](Members& members) { members.push_back({.name = "manifest.json/", .type = '5'}); }),
            "read T: manifest.json: is there twice");
  EXPECT_EQ(changed([](Members& members) {
              members.push_back({.name = "d/", .type = '5'});
              members.push_back({.name = "d/", .type = '5'});
            }),
            "accepted");
}

TEST_F(HostileDonorTest, SizesThatLie) {
  std::string bytes = make_tar(legacy_archive(image_, "app:1"), "", TarEnd::Missing).bytes;
  const std::string lie = tar_block({.name = "lie"}, 1ULL << 32) + "short";
  EXPECT_EQ(refused(bytes + lie), "read T: lie: is cut off: it has 4.3 GB, and the archive ends before");
  EXPECT_EQ(refused(compressed(bytes + lie, Compression::Gzip)), "read tar T: lie: is cut off in the middle of a file");
}

TEST_F(HostileDonorTest, ArchivesThatAreCutOff) {
  const Members members = legacy_archive(image_, "app:1");
  const size_t last = make_tar(members, "", TarEnd::Missing).bytes.size();
  for (const Compression compression : {Compression::None, Compression::Gzip, Compression::Xz, Compression::Zstd}) {
    const std::string whole = compressed(make_tar(members).bytes, compression);
    const size_t step = compression == Compression::None ? 1493 : whole.size() / 23;
    for (size_t length = 0; length < whole.size() - 16; length += step) {
      const std::string said = refused(whole.substr(0, length));
      const bool lost_only_the_end = compression == Compression::None && length + 2048 > last;
      EXPECT_TRUE(said != "accepted" || lost_only_the_end) << compression_name(compression) << " of " << length;
    }
  }
}

TEST_F(HostileDonorTest, DamageAnywhereIsSeenOrDoesNotMatter) {
  const std::string good = make_tar(legacy_archive(image_, "app:1")).bytes;
  for (size_t at = 0; at < good.size(); at += 151) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x21);
    temp_.write("donor.tar", bad);
    const Result<Donor> donor = open_donor(path(), kNotCancelled);
    for (size_t i = 0; donor && i < image_.layers.size(); ++i) {
      const auto source = donor->open_layer(image_.diff_ids[i], LayerHashing::Verified);
      const std::string bytes = source ? drained(**source) : "";
      EXPECT_TRUE(!source || !(*source)->verified() || bytes == image_.layers[i]) << at;
    }
  }
}

TEST_F(HostileDonorTest, ManifestsThatMakeNoSense) {
  const auto manifest = [&](const std::string& text, const DonorOptions& options = {}) {
    return changed([&](Members& members) { member(members, "manifest.json").data = text; }, options);
  };
  EXPECT_EQ(manifest("null"), "read manifest T: manifest.json: is no list of images");
  EXPECT_NE(manifest("[{"), "accepted");
  EXPECT_NE(manifest(""), "accepted");
  EXPECT_NE(manifest(std::string(100'000, '[')), "accepted");
  EXPECT_EQ(manifest("[{}]"), "read manifest T: manifest.json: a name of a member is no text");
  EXPECT_EQ(manifest("[3]"), "read manifest T: manifest.json: a name of a member is no text");
  EXPECT_EQ(manifest(R"([{"Config":"../../etc/passwd","Layers":[]}])"),
            "read manifest T: manifest.json: \"../../etc/passwd\" is no name of a member");
  EXPECT_EQ(manifest(R"([{"Config":"/etc/passwd","Layers":[]}])"),
            "read manifest T: manifest.json: \"/etc/passwd\" is no name of a member");
  EXPECT_EQ(manifest(R"([{"Config":"gone.json","Layers":[]}])"), "read T: gone.json: is missing");
  EXPECT_EQ(manifest(R"([{"Config":")" + config() + R"(","Layers":[]}])"),
            "read config T: " + config() + ": has 2 layers, its manifest 0");
  EXPECT_EQ(manifest(R"([{"Config":")" + config() + R"(","Layers":["a","b"]}])"), "problem: read T: a: is missing");
  EXPECT_EQ(manifest(R"([{"Config":")" + config() + R"(","Layers":7}])"),
            "read manifest T: manifest.json: Layers are no list");
  EXPECT_EQ(manifest("[{},{},{}]", {.limits = {.max_images = 2}}),
            "read manifest T: manifest.json: has too many images");
  const std::string large = manifest("[" + std::string(3000, ' ') + "]", {.limits = {.max_document_bytes = 2000}});
  EXPECT_EQ(large, "read T: manifest.json: larger than 2.0 KB");
}

TEST_F(HostileDonorTest, ConfigsThatMakeNoSense) {
  const auto with_config = [&](const std::string& text, const DonorOptions& options = {}) {
    return changed(
        [&](Members& members) {
          member(members, config()) = {.name = "config.json", .data = text};
          std::string& manifest = member(members, "manifest.json").data;
          manifest.replace(manifest.find(config()), config().size(), "config.json");
        },
        options);
  };
  EXPECT_EQ(with_config(image_.config), "accepted");
  EXPECT_EQ(with_config("{}"), "read config T: config.json: is no image config: it has no rootfs");
  EXPECT_NE(with_config("{"), "accepted");
  EXPECT_EQ(with_config(R"({"rootfs":{"diff_ids":7}})"), "read config T: config.json: its diff_ids are no list");
  EXPECT_EQ(with_config(R"({"rootfs":{"diff_ids":["sha256:12","x"]}})"),
            "read config T: config.json: its diff_ids hold \"sha256:12\", which is no digest");
  EXPECT_EQ(with_config(image_.config, {.limits = {.max_layers_per_image = 1}}),
            "read config T: config.json: has more than 1 layer");
  EXPECT_EQ(with_config(image_.config, {.limits = {.max_layers = 1}}),
            "read T: config.json: and the images before have more than 1 layer");
  EXPECT_EQ(changed([&](Members& members) { member(members, config()).data += " "; }),
            "read config T: " + config() + ": has the digest " + digest_of(image_.config + " ") +
                ", not the one that it goes by");
}

TEST_F(HostileDonorTest, ManyMembersAndLayers) {
  EXPECT_EQ(changed([](Members&) {}, {.limits = {.max_members = 3}}), "read tar T: has more than 3 entries");
  // Ten thousand times the same layer: slow in a careless program, else nothing to speak of.
  const std::vector<DiffId> diff_ids(10'000, image_.diff_ids[0]);
  const std::string deep = config_of(diff_ids);
  std::string layers;
  for (size_t i = 0; i < diff_ids.size(); ++i) {
    layers += (i > 0 ? ",\"" : "\"") + layer() + "\"";
  }
  const std::string manifest = R"([{"Config":"c","Layers":[)" + layers + "]}]";
  const auto with_many = [&](const std::string& config) {
    return changed([&](Members& members) {
      member(members, "manifest.json").data = manifest;
      members.push_back({.name = "c", .data = config});
    });
  };
  EXPECT_EQ(with_many(deep), "accepted");
}

TEST_F(HostileDonorTest, LayersThatAreBombs) {
  Members members = legacy_archive(image_, "app:1");
  for (const Compression compression : {Compression::Gzip, Compression::Zstd, Compression::Xz, Compression::Bzip2}) {
    member(members, layer()).data = compressed(std::string(4U << 20, '\0'), compression);
    temp_.write("donor.tar", make_tar(members).bytes);
    const Result<Donor> donor =
        open_donor(path(), kNotCancelled, {.limits = {.decompress = {.free_bytes = 1U << 20, .max_ratio = 10}}});
    ASSERT_TRUE(donor);
    const auto source = donor->open_layer(image_.diff_ids[0], LayerHashing::Verified);
    ASSERT_TRUE(source);
    EXPECT_NE(drained(**source).find(layer() + ": is a decompression bomb"), std::string::npos);
  }
  const std::string bomb =
      compressed(make_tar({{.name = "zeros", .data = std::string(4U << 20, '\0')}}).bytes, Compression::Gzip);
  EXPECT_NE(refused(bomb, {.limits = {.decompress = {.free_bytes = 1U << 20, .max_ratio = 10}}}).find("bomb"),
            std::string::npos);
}

class HostileLayoutTest : public HostileDonorTest {
 protected:
  std::string changed_layout(const std::function<void(Members&)>& change, const DonorOptions& options = {}) const {
    Members members = oci_layout(image_, "app:1", Compression::Gzip);
    change(members);
    return refused(members, options);
  }
};

TEST_F(HostileLayoutTest, DocumentsThatMakeNoSense) {
  const auto index = [&](const std::string& text) {
    return changed_layout([&](Members& members) { member(members, "index.json").data = text; });
  };
  const std::string blob(64, 'a');
  EXPECT_EQ(index("{}"), "read manifest T: index.json: is no index of images");
  EXPECT_NE(index("["), "accepted");
  EXPECT_EQ(index(R"({"manifests":[{"digest":"sha256:../../../etc/passwd"}]})"),
            "read manifest T: index.json: \"sha256:../../../etc/passwd\" is no sha256 digest");
  EXPECT_EQ(index(R"({"manifests":[{"digest":"sha512:00"}]})"),
            "read manifest T: index.json: \"sha512:00\" is no sha256 digest");
  EXPECT_EQ(index(R"({"manifests":[{"digest":"sha256:)" + blob + "\"}]}"),
            "read T: blobs/sha256/" + blob + ": is missing");
  EXPECT_EQ(changed_layout([&](Members& members) {
              members.push_back({.name = "blobs/sha256/" + blob, .data = "{}"});
              member(members, "index.json").data = R"({"manifests":[{"digest":"sha256:)" + blob + "\"}]}";
            }),
            "read manifest T: blobs/sha256/" + blob + ": does not have the digest that it goes by");
  EXPECT_EQ(changed_layout([&](Members& members) {
              members.push_back({.name = blob_name("{}"), .data = "{}"});
              member(members, "index.json").data = R"({"manifests":[{"digest":")" + digest_of("{}") + "\"}]}";
            }),
            "read manifest T: " + blob_name("{}") + ": is neither a manifest nor an index");
  EXPECT_EQ(changed_layout([&](Members& members) { member(members, blob_name(image_.config)).data += " "; }),
            "read config T: " + blob_name(image_.config) + ": has the digest " + digest_of(image_.config + " ") +
                ", not the one that it goes by");
}

TEST_F(HostileLayoutTest, IndexesInIndexes) {
  const std::string said = changed_layout([&](Members& members) {
    std::string inner = member(members, "index.json").data;
    for (int i = 0; i < 10; ++i) {
      members.push_back({.name = blob_name(inner), .data = inner});
      inner = R"({"manifests":[{"digest":")" + digest_of(inner) + "\"}]}";
    }
    member(members, "index.json").data = inner;
  });
  EXPECT_NE(said.find("indexes lie too deep in one another"), std::string::npos) << said;
  // Each index names the next one a thousand times: nothing that anybody waits for.
  const auto nested = [&](Members& members) {
    std::string inner = member(members, "index.json").data;
    for (int i = 0; i < 3; ++i) {
      members.push_back({.name = blob_name(inner), .data = inner});
      std::string items;
      for (int k = 0; k < 1000; ++k) {
        items += std::string(k > 0 ? "," : "") + R"({"digest":")" + digest_of(inner) + "\"}";
      }
      inner = R"({"manifests":[)" + items + "]}";
    }
    member(members, "index.json").data = inner;
  };
  const std::string many = changed_layout(nested, {.limits = {.max_all_documents_bytes = 1'000'000}});
  EXPECT_NE(many.find("and the documents before are larger than 1.0 MB"), std::string::npos) << many;
}

TEST_F(HostileLayoutTest, DirectoriesThatLeadOut) {
  const Members members = oci_layout(image_, "app:1", Compression::None);
  const std::string blob = blob_name(image_.layers[0]);
  const auto layout = [&](const std::string& name, const std::function<void(Members&)>& change) {
    Members changed_members = members;
    change(changed_members);
    unpack(temp_, name, changed_members);
    return refused_path(temp_.path() + "/" + name);
  };
  temp_.write("outside", image_.layers[0]);
  EXPECT_EQ(
      layout("a",
             [&](Members& own) { member(own, blob) = {.name = blob, .type = '2', .link = temp_.path() + "/outside"}; }),
      "problem: read T: " + blob + ": is a link that leads out of the donor");
  EXPECT_EQ(
      layout("b", [&](Members& own) { member(own, blob) = {.name = blob, .type = '2', .link = "../../../outside"}; }),
      "problem: read T: " + blob + ": is a link that leads out of the donor");
  // A directory of blobs that is a link is not followed either, wherever it leads.
  unpack(temp_, "c", {{.name = "index.json", .data = members[members.size() - 2].data}});
  temp_.make_symlink("c/blobs", temp_.path() + "/a/blobs");
  EXPECT_NE(refused_path(temp_.path() + "/c").find("lies behind a symbolic link"), std::string::npos);
  unpack(temp_, "d", {{.name = "index.json", .data = ""}});
  ASSERT_EQ(::mkfifo((temp_.path() + "/d/manifest.json").c_str(), 0600), 0);
  EXPECT_EQ(refused_path(temp_.path() + "/d"), "read T: manifest.json: is a FIFO");
}

}  // namespace
}  // namespace dfsck
