// Builds the documents of archives as text, and the archives as lists of members.
#include "tests/support/donor_builder.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include "core/codec/digest.h"
#include "tests/support/compress.h"

namespace dfsck::test {
namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    text += (text.empty() ? "" : ",") + item;
  }
  return text;
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string v1_id(const SampleImage& image, size_t layer) {
  return sha256_hex("v1 " + std::to_string(layer) + image.id.hex());
}

std::string repositories(const std::string& name, const std::string& target) {
  const size_t colon = name.rfind(':');
  return "{\"" + name.substr(0, colon) + "\":{\"" + name.substr(colon + 1) + "\":\"" + target + "\"}}\n";
}

void add_file(Members& members, const std::string& name, const std::string& bytes) {
  const bool is_known =
      std::any_of(members.begin(), members.end(), [&](const TarMember& have) { return have.name == name; });
  if (!is_known) {
    members.push_back({.name = name, .data = bytes});
  }
}

std::string descriptor(const std::string& type, const std::string& bytes, const std::string& more = "") {
  return "{\"mediaType\":\"" + type + "\",\"digest\":\"" + digest_of(bytes) +
         "\",\"size\":" + std::to_string(bytes.size()) + more + "}";
}

// The blobs of an image, an index.json that leads to them, and oci-layout.
Members layout(const SampleImage& image, const std::string& annotations, Compression compression) {
  Members members = {{.name = "blobs/", .type = '5'}, {.name = "blobs/sha256/", .type = '5'}};
  std::vector<std::string> layers;
  for (const std::string& layer : image.layers) {
    const std::string blob = compressed(layer, compression);
    add_file(members, blob_name(blob), blob);
    const std::string suffix = compression == Compression::None ? "" : "+" + std::string(compression_name(compression));
    layers.push_back(descriptor("application/vnd.oci.image.layer.v1.tar" + suffix, blob));
  }
  add_file(members, blob_name(image.config), image.config);
  const std::string manifest =
      "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":" +
      descriptor("application/vnd.oci.image.config.v1+json", image.config) + ",\"layers\":[" + joined(layers) + "]}";
  add_file(members, blob_name(manifest), manifest);
  const std::string item =
      descriptor("application/vnd.oci.image.manifest.v1+json", manifest, ",\"annotations\":{" + annotations + "}");
  add_file(members, "index.json", "{\"schemaVersion\":2,\"manifests\":[" + item + "]}");
  add_file(members, "oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}");
  return members;
}

}  // namespace

std::string digest_of(const std::string& bytes) { return "sha256:" + sha256_hex(bytes); }
std::string blob_name(const std::string& bytes) { return "blobs/sha256/" + sha256_hex(bytes); }

std::string config_of(const std::vector<DiffId>& diff_ids) {
  std::vector<std::string> texts;
  for (const DiffId& diff : diff_ids) {
    texts.push_back(quoted(diff.text()));
  }
  return "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" + joined(texts) +
         "]}}";
}

SampleImage sample_image(const std::vector<std::string>& texts) {
  SampleImage image{{}, {}, {}, *ImageId::from_hex(std::string(64, '0'))};
  for (const std::string& text : texts) {
    std::string data;
    for (int i = 0; i < 500; ++i) {
      data += text + " " + std::to_string(i) + "\n";
    }
    image.layers.push_back(make_tar({{.name = "etc/", .type = '5'}, {.name = "etc/" + text, .data = data}}).bytes);
    image.diff_ids.push_back(*DiffId::from_hex(sha256_hex(image.layers.back())));
  }
  image.config = config_of(image.diff_ids);
  image.id = *ImageId::from_hex(sha256_hex(image.config));
  return image;
}

Members v1_archive(const SampleImage& image, const std::string& name) {
  Members members;
  std::map<std::string, std::string> first;  // digest of a layer to the directory that has it
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const std::string id = v1_id(image, i);
    members.push_back({.name = id + "/", .type = '5', .mode = 0755});
    members.push_back({.name = id + "/VERSION", .data = "1.0"});
    members.push_back({.name = id + "/json", .data = "{\"id\":\"" + id + "\"}"});
    const auto [known, is_new] = first.emplace(image.diff_ids[i].hex(), id);
    if (is_new) {
      members.push_back({.name = id + "/layer.tar", .data = image.layers[i]});
    } else {
      members.push_back({.name = id + "/layer.tar", .type = '2', .link = "../" + known->second + "/layer.tar"});
    }
  }
  members.push_back({.name = "repositories", .data = repositories(name, v1_id(image, image.layers.size() - 1))});
  return members;
}

Members legacy_archive(const SampleImage& image, const std::string& name) {
  Members members = v1_archive(image, name);
  std::vector<std::string> layers;
  for (size_t i = 0; i < image.layers.size(); ++i) {
    layers.push_back(quoted(v1_id(image, i) + "/layer.tar"));
  }
  const std::string config = image.id.hex() + ".json";
  members.insert(members.end() - 1, {.name = config, .data = image.config});
  members.insert(members.end() - 1, {.name = "manifest.json",
                                     .mtime = 0,
                                     .data = "[{\"Config\":\"" + config + "\",\"RepoTags\":[\"" + name +
                                             "\"],\"Layers\":[" + joined(layers) + "]}]\n"});
  return members;
}

Members hybrid_archive(const SampleImage& image, const std::string& name) {
  const std::string tag = name.substr(name.rfind(':') + 1);
  Members members = layout(image,
                           "\"io.containerd.image.name\":\"docker.io/library/" + name +
                               "\",\"org.opencontainers.image.ref.name\":\"" + tag + "\"",
                           Compression::None);
  std::vector<std::string> layers;
  for (const std::string& layer : image.layers) {
    layers.push_back(quoted(blob_name(layer)));
  }
  members.push_back({.name = "manifest.json",
                     .data = "[{\"Config\":\"" + blob_name(image.config) + "\",\"RepoTags\":[\"" + name +
                             "\"],\"Layers\":[" + joined(layers) + "]}]\n"});
  members.push_back({.name = "repositories", .data = repositories(name, image.diff_ids.back().hex())});
  return members;
}

Members oci_layout(const SampleImage& image, const std::string& name, Compression compression) {
  return layout(image, "\"org.opencontainers.image.ref.name\":\"" + name + "\"", compression);
}

TarMember& member(Members& members, const std::string& name) {
  for (TarMember& have : members) {
    if (have.name == name) {
      return have;
    }
  }
  std::cerr << "no member " << name << '\n';
  std::abort();
}

void remove_member(Members& members, const std::string& name) {
  const TarMember* gone = &member(members, name);
  members.erase(members.begin() + (gone - members.data()));
}

void unpack(const TempRoot& root, const std::string& directory, const Members& members) {
  root.make_dir(directory);
  for (const TarMember& have : members) {
    const std::string at = directory + "/" + have.name;
    if (have.type == '5') {
      root.make_dir(at);
    } else if (have.type == '2') {
      root.make_symlink(at, have.link);
    } else {
      root.write(at, have.data);
    }
  }
}

}  // namespace dfsck::test
