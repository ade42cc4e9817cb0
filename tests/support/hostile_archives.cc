// Builds the corpus.
#include "tests/support/hostile_archives.h"

#include <functional>

#include "core/codec/digest.h"
#include "tests/support/compress.h"
#include "tests/support/donor_builder.h"

namespace dfsck::test {
namespace {

const std::string kTag = "evil:1";

SampleImage image_of(std::vector<std::string> layers) {
  SampleImage image{std::move(layers), {}, {}, *ImageId::from_hex(std::string(64, '0'))};
  for (const std::string& layer : image.layers) {
    image.diff_ids.push_back(*DiffId::from_hex(sha256_hex(layer)));
  }
  image.config = config_of(image.diff_ids);
  image.id = *ImageId::from_hex(sha256_hex(image.config));
  return image;
}

std::string archive_of(const SampleImage& image, const std::string& tag = kTag) {
  return make_tar(legacy_archive(image, tag)).bytes;
}

std::string config_name_of(const SampleImage& image) { return image.id.hex() + ".json"; }

// A layer that begins well and then has these entries.
HostileArchive layer(const std::string& name, const Members& members, const std::string& said) {
  Members all{{.name = "etc/", .type = '5', .mode = 0755}, {.name = "etc/good", .data = "good\n"}};
  all.insert(all.end(), members.begin(), members.end());
  return {name, archive_of(image_of({make_tar(all).bytes})), said};
}

// The same where the bytes of the tar are changed by hand.
HostileArchive raw_layer(const std::string& name, const std::string& tar, const std::string& said) {
  return {name, archive_of(image_of({tar})), said};
}

HostileArchive with_config(const std::string& name, const std::string& config, const std::string& said) {
  SampleImage image = sample_image({"one"});
  image.config = config;
  image.id = *ImageId::from_hex(sha256_hex(config));
  return {name, archive_of(image), said};
}

HostileArchive changed(const std::string& name, const std::function<void(Members&)>& change, const std::string& said) {
  Members members = legacy_archive(sample_image({"one", "two"}), kTag);
  change(members);
  return {name, make_tar(members).bytes, said};
}

HostileArchive with_manifest(const std::string& name, const std::string& manifest, const std::string& said) {
  return changed(
      name, [&](Members& members) { member(members, "manifest.json").data = manifest; }, said);
}

TarMember& layer_member(Members& members) {
  for (TarMember& have : members) {
    if (have.name.ends_with("/layer.tar")) {
      return have;
    }
  }
  return members.front();
}

const std::string kBehind = "leads through something that is no directory";

std::vector<HostileArchive> names_that_lead_out() {
  const std::string no_name = "is no name of something in a layer";
  return {
      layer("a name that leads up", {{.name = "../evil", .data = "x"}}, no_name),
      layer("a name that leads up and down again", {{.name = "etc/../../evil", .data = "x"}}, no_name),
      layer("dots inside a name", {{.name = "etc/../evil", .data = "x"}}, no_name),
      layer("an absolute name", {{.name = "/etc/passwd", .data = "x"}}, no_name),
      layer("an absolute name of a directory", {{.name = "/evil/", .type = '5'}}, no_name),
      layer("a name with two slashes in front", {{.name = "//evil", .data = "x"}}, no_name),
      layer("an empty name", {{.name = "", .data = "x"}}, ""),
      layer("a file for the layer's own directory", {{.name = "./", .data = "x"}}, "is no directory"),
      layer("a link for the layer's own directory", {{.name = ".", .type = '2', .link = "/etc"}}, "is no directory"),
  };
}

std::vector<HostileArchive> names_behind_links() {
  return {
      layer("a file through a link out", {{.name = "out", .type = '2', .link = "/"}, {.name = "out/evil", .data = "x"}},
            kBehind),
      layer("a file through a link upwards",
            {{.name = "out", .type = '2', .link = "../../../.."}, {.name = "out/evil", .data = "x"}}, kBehind),
      layer("a file through a link within",
            {{.name = "in", .type = '2', .link = "etc"}, {.name = "in/evil", .data = "x"}}, kBehind),
      layer("a directory through a link", {{.name = "in", .type = '2', .link = "/etc"}, {.name = "in/d/", .type = '5'}},
            kBehind),
      layer("a file behind a file", {{.name = "etc/good/evil", .data = "x"}}, kBehind),
      layer("a directory deep behind a link",
            {{.name = "in", .type = '2', .link = "/var"}, {.name = "in/a/b/c/", .type = '5'}}, kBehind),
  };
}

std::vector<HostileArchive> links_to_nothing() {
  return {
      layer("a hard link to outside", {{.name = "etc/l", .type = '1', .link = "/etc/shadow"}}, "outside of the layer"),
      layer("a hard link upwards", {{.name = "etc/l", .type = '1', .link = "../../etc/shadow"}},
            "outside of the layer"),
      layer("a hard link through a link",
            {{.name = "out", .type = '2', .link = "/etc"}, {.name = "l", .type = '1', .link = "out/shadow"}},
            "which is no file before it"),
      layer("a hard link to nothing", {{.name = "etc/l", .type = '1', .link = "etc/gone"}},
            "which is no file before it"),
      layer("a hard link to itself", {{.name = "etc/l", .type = '1', .link = "etc/l"}}, "which is no file before it"),
      layer("a hard link to what comes later",
            {{.name = "l", .type = '1', .link = "later"}, {.name = "later", .data = "x"}},
            "which is no file before it"),
      layer("a hard link to a directory", {{.name = "l", .type = '1', .link = "etc"}}, "which is no file before it"),
      layer("a hard link to the layer itself", {{.name = "l", .type = '1', .link = "./"}}, "outside of the layer"),
      layer("a symbolic link to nothing", {{.name = "l", .type = '2', .link = ""}}, "is a symbolic link to nowhere"),
  };
}

std::vector<HostileArchive> names_that_come_twice() {
  return {
      layer("a file twice", {{.name = "etc/good", .data = "evil"}}, "comes a second time"),
      layer("a file twice under two spellings", {{.name = "./etc//good", .data = "evil"}}, "comes a second time"),
      layer("a file in place of a directory", {{.name = "etc", .data = "evil"}}, "comes a second time"),
      layer("a directory in place of a file", {{.name = "etc/good/", .type = '5'}}, "comes a second time"),
      layer("a link in place of a file", {{.name = "etc/good", .type = '2', .link = "/etc/shadow"}},
            "comes a second time"),
      layer("a link in place of a directory", {{.name = "etc", .type = '2', .link = "/etc"}}, "comes a second time"),
      layer("a whiteout of a file of its own", {{.name = "etc/.wh.good"}}, "comes a second time"),
      layer("a directory on its own whiteout", {{.name = ".wh.d"}, {.name = "d/", .type = '5'}}, "comes a second time"),
      layer("a file behind its own whiteout", {{.name = ".wh.d"}, {.name = "d/evil", .data = "x"}}, kBehind),
  };
}

std::vector<HostileArchive> whiteouts_of_nothing() {
  const std::string nothing = "is a whiteout of nothing";
  return {
      layer("a whiteout without a name", {{.name = ".wh."}}, nothing),
      layer("a whiteout of .", {{.name = "etc/.wh.."}}, nothing),
      layer("a whiteout of ..", {{.name = "etc/.wh..."}}, nothing),
      layer("a whiteout directory without a name", {{.name = ".wh./", .type = '5'}}, nothing),
      layer("an opaque mark on a file", {{.name = "etc/good/.wh..wh..opq"}}, kBehind),
      layer("an opaque mark through a link",
            {{.name = "out", .type = '2', .link = "/etc"}, {.name = "out/.wh..wh..opq"}}, kBehind),
  };
}

std::vector<HostileArchive> impossible_headers() {
  return {
      layer("an attribute of overlay", {{.name = "d/", .type = '5', .xattrs = {{"trusted.overlay.redirect", "/etc"}}}},
            "has an attribute of overlay itself"),
      layer("an opaque mark as an attribute",
            {{.name = "d/", .type = '5', .xattrs = {{"trusted.overlay.opaque", "y"}}}},
            "has an attribute of overlay itself"),
      layer("a name of 300 letters", {{.name = std::string(300, 'n'), .data = "x", .gnu_long_name = true}}, "too long"),
      layer("a name of 5,000 letters",
            {{.name = "n", .data = "x", .records = {{"path", std::string(200, 'd') + "/" + std::string(4800, 'n')}}}},
            "too long"),
      layer("a link target of 5,000 letters",
            {{.name = "l", .type = '2', .records = {{"linkpath", std::string(5000, 't')}}}},
            "is a symbolic link to nowhere"),
      layer("an impossible owner", {{.name = "o", .data = "x", .records = {{"uid", "4294967295"}}}}, "impossible user"),
      layer("an enormous owner", {{.name = "o", .data = "x", .records = {{"gid", "99999999999"}}}}, "impossible user"),
      layer("a sparse file",
            {{.name = "s",
              .data = "x",
              .records = {{"GNU.sparse.major", "1"},
                          {"GNU.sparse.minor", "0"},
                          {"GNU.sparse.realsize", "1099511627776"}}}},
            "sparse"),
      layer("an old sparse file", {{.name = "s", .type = 'S', .data = "x"}}, "sparse"),
      layer("a type that nobody knows", {{.name = "q", .type = 'Q'}}, "is of a type that no daemon unpacks"),
      layer("a PAX record that lies about its length", {{.name = "p", .data = "x", .records = {{"size", "-5"}}}}, ""),
      layer("a size that is not there", {{.name = "p", .data = "x", .records = {{"size", "4611686018427387904"}}}}, ""),
  };
}

HostileArchive flood_of_fifos() {
  Members flood;
  for (int i = 0; i < 100'001; ++i) {
    flood.push_back({.name = "d" + std::to_string(i), .type = '6'});
  }
  return layer("a flood of FIFOs", flood, "devices and FIFOs");
}

// Tars that are broken as such.
std::vector<HostileArchive> broken_layers() {
  const std::string good = make_tar({{.name = "etc/", .type = '5'}, {.name = "etc/f", .data = "text"}}).bytes;
  return {
      raw_layer("a layer that is cut off", good.substr(0, 700), ""),
      raw_layer("a layer that ends in the middle of a file", good.substr(0, 1026), ""),
      raw_layer("a layer that is no tar", std::string(2048, 'x'), ""),
      raw_layer("a header with a wrong checksum", std::string(good).replace(10, 1, "X"), ""),
      raw_layer(
          "a size below zero",
          [&] {
            std::string tar = good;
            tar.replace(512 + 124, 12, std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 12));
            return tar;
          }(),
          ""),
      raw_layer("a PAX header of 3 MB", special_header('x', pax_record("comment", std::string(3U << 20, 'c'))) + good,
                ""),
      raw_layer(
          "long names without an end",
          [] {
            std::string tar;
            for (int i = 0; i < 8; ++i) {
              tar += special_header('L', std::string((1U << 20) + 900'000, 'n'));
            }
            return tar;
          }(),
          ""),
  };
}

std::vector<HostileArchive> no_archives() {
  const std::string whole = archive_of(sample_image({"one", "two"}));
  return {
      {"nothing", "", "is empty"},
      {"no tar", std::string(4000, 'x'), "is no tar archive"},
      {"an archive that is cut off", whole.substr(0, whole.size() / 2), ""},
      {"a compressed archive that is cut off",
       [&] {
         const std::string small = compressed(whole, Compression::Gzip);
         return small.substr(0, small.size() / 2);
       }(),
       ""},
  };
}

std::vector<HostileArchive> wrong_members() {
  const std::string config = config_name_of(sample_image({"one", "two"}));
  return {
      changed(
          "another layer than the config says",
          [](Members& members) { layer_member(members).data = sample_image({"three"}).layers[0]; }, "is not the layer"),
      changed(
          "a layer with one byte more", [](Members& members) { layer_member(members).data += 'x'; },
          "is not the layer"),
      changed(
          "a layer that is missing", [](Members& members) { remove_member(members, layer_member(members).name); }, ""),
      changed(
          "a config that is missing", [&](Members& members) { remove_member(members, config); }, ""),
      changed(
          "a config with another digest", [&](Members& members) { member(members, config).data += ' '; },
          "not the one that it goes by"),
      changed(
          "two manifests", [](Members& members) { members.push_back({.name = "manifest.json", .data = "[]"}); }, ""),
      changed(
          "a member twice", [](Members& members) { members.push_back(layer_member(members)); }, ""),
      changed(
          "a member that leads up", [](Members& members) { members.push_back({.name = "../evil", .data = "x"}); },
          "leads out of the archive"),
      changed(
          "a member with an absolute name",
          [](Members& members) { members.push_back({.name = "/etc/evil", .data = "x"}); }, "leads out of the archive"),
      changed(
          "a link out of the archive",
          [](Members& members) { members.push_back({.name = "l", .type = '2', .link = "/etc/shadow"}); },
          "leads out of the archive"),
      changed(
          "a layer that is a link to itself",
          [](Members& members) {
            TarMember& have = layer_member(members);
            have = {.name = have.name, .type = '2', .link = "layer.tar"};
          },
          "leads in a circle"),
      changed(
          "a device in the archive",
          [](Members& members) { members.push_back({.name = "dev", .type = '3', .major = 1, .minor = 3}); }, ""),
  };
}

std::vector<HostileArchive> wrong_manifests() {
  const std::string config = config_name_of(sample_image({"one", "two"}));
  return {
      with_manifest("a manifest that is no JSON", "[{", ""),
      with_manifest("a manifest that is no list", "\"evil\"", "is no list"),
      with_manifest("an empty list of images", "[]", ""),
      with_manifest("images that are numbers", "[1,2,3]", ""),
      with_manifest("a config that is a number", "[{\"Config\":5,\"Layers\":[]}]", "is no text"),
      with_manifest("a config that leads up", "[{\"Config\":\"../x.json\",\"Layers\":[]}]", "is no name of a member"),
      with_manifest("layers that are a text", "[{\"Config\":\"" + config + "\",\"Layers\":\"all\"}]", "are no list"),
      with_manifest("fewer layers than the config has", "[{\"Config\":\"" + config + "\",\"Layers\":[]}]",
                    "has 2 layers, its manifest 0"),
      with_manifest("brackets without an end", std::string(100'000, '['), ""),
  };
}

std::vector<HostileArchive> wrong_configs() {
  return {
      with_config("a config that is no object", "[]", ""),
      with_config("a config without layers", "{\"os\":\"linux\"}", "rootfs"),
      with_config("diff IDs that are numbers", R"({"os":"linux","rootfs":{"diff_ids":[1]}})", "which is no digest"),
      with_config("a diff ID that leads up", R"({"os":"linux","rootfs":{"diff_ids":["sha256:../../../etc"]}})",
                  "which is no digest"),
      with_config("diff IDs in capitals", "{\"rootfs\":{\"diff_ids\":[\"sha256:" + std::string(64, 'A') + "\"]}}",
                  "which is no digest"),
      with_config(
          "another operating system",
          "{\"os\":\"windows\",\"rootfs\":{\"diff_ids\":[\"" + sample_image({"one"}).diff_ids[0].text() + "\"]}}",
          "operating system"),
      with_config("more history than layers",
                  "{\"os\":\"linux\",\"history\":[{},{},{}],\"rootfs\":{\"diff_ids\":[\"" +
                      sample_image({"one"}).diff_ids[0].text() + "\"]}}",
                  "history"),
  };
}

std::vector<HostileArchive> wrong_names() {
  const SampleImage good = sample_image({"one", "two"});
  std::vector<HostileArchive> all{{"a name without a tag", archive_of(good, "evil"), ""}};
  for (const char* name : {"Evil:1", "evil:1 2", "../evil:1", "evil:../x", "ev\\u001b[2Jil:1", "evil:\xff", "a//b:1"}) {
    all.push_back({std::string("the name ") + name, archive_of(good, name), "which is none with a tag"});
  }
  return all;
}

std::vector<HostileArchive> too_many_layers() {
  const std::vector<std::string> many(126, make_tar({{.name = "f", .data = "x"}}).bytes);
  const std::vector<std::string> more(500, many[0]);
  return {{"126 layers", archive_of(image_of(many)), "a daemon takes at most 125"},
          {"500 layers", archive_of(image_of(more)), "a daemon takes at most 125"}};
}

HostileArchive name_of_two_images() {
  std::string duplicates = "[";
  for (const char* config_name : {"a.json", "b.json"}) {
    duplicates +=
        std::string(duplicates.size() > 1 ? "," : "") + "{\"Config\":\"" + config_name + "\",\"RepoTags\":[\"x:1\"]}";
  }
  return changed(
      "a name of two images",
      [&](Members& members) {
        members.push_back({.name = "a.json", .data = R"({"rootfs":{},"author":"a"})"});
        members.push_back({.name = "b.json", .data = R"({"rootfs":{},"author":"b"})"});
        member(members, "manifest.json").data = duplicates + "]";
      },
      "have the name x:1");
}

}  // namespace

std::vector<HostileArchive> hostile_layers() {
  std::vector<HostileArchive> all{flood_of_fifos()};
  for (const auto& some : {names_that_lead_out(), names_behind_links(), links_to_nothing(), names_that_come_twice(),
                           whiteouts_of_nothing(), impossible_headers(), broken_layers()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::vector<HostileArchive> hostile_manifests() {
  std::vector<HostileArchive> all{name_of_two_images()};
  for (const auto& some :
       {no_archives(), wrong_members(), wrong_manifests(), wrong_configs(), wrong_names(), too_many_layers()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace dfsck::test
