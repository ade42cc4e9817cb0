// What `docker save` writes since Docker 25, in the form that it has had since 28: an OCI layout of uncompressed layers
// in which manifest.json and repositories point to the same blobs.
#include <map>

#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/save/layout.h"
#include "core/save/v1_image.h"

namespace dfsck {
namespace {

using MemberKind = ArchiveMember::Kind;

// What manifest.json says of each layer, by DiffID as Go sorts it.
JsonValue layer_sources(const SaveCatalogue& catalogue, const SavedImage& image) {
  std::map<std::string, JsonValue> sources;
  for (const size_t index : image.layers) {
    const SavedLayer& layer = catalogue.layers()[index];
    sources[layer.diff.text()] = JsonValue::object({{"mediaType", JsonValue::string(std::string(kOciLayerType))},
                                                    {"size", JsonValue::number(static_cast<int64_t>(layer.size))},
                                                    {"digest", JsonValue::string(layer.diff.text())}});
  }
  JsonValue::Object members;
  for (auto& [diff, source] : sources) {
    members.push_back({diff, std::move(source)});
  }
  return JsonValue::object(std::move(members));
}

}  // namespace

// One set of blobs with three tables of contents over it: index.json for readers of OCI, manifest.json for `docker
// load` since 1.10, repositories for what came before. The V1 JSON of each layer is written as the daemon does,
// though nothing refers to it.
void add_docker_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                        std::vector<ArchiveMember>& members) {
  JsonValue::Array items;
  JsonValue::Array descriptors;
  JsonValue::Array untagged;
  std::vector<std::pair<ImageName, std::string>> tops;
  for (const size_t index : images) {
    const SavedImage& image = catalogue.images()[index];
    JsonValue::Array paths;
    for (const size_t layer : image.layers) {
      const std::string path = blob_path(catalogue.layers()[layer].diff.hex());
      members.push_back({MemberKind::File, path, "", layer, "", image.created});
      paths.push_back(JsonValue::string(path));
    }
    for (const V1Layer& layer : v1_layers(image.parsed, image.chain, V1Style::Docker25)) {
      members.push_back({MemberKind::File, blob_path(sha256_hex(layer.json)), layer.json, {}, "", image.created});
    }
    members.push_back({MemberKind::File, blob_path(image.id.hex()), image.config, {}, "", image.created});
    const std::string manifest = oci_manifest(catalogue, image);
    members.push_back({MemberKind::File, blob_path(sha256_hex(manifest)), manifest, {}, "", 0});
    for (const ImageName& name : image.names) {
      descriptors.push_back(oci_descriptor(manifest, &name, name.tag));
      if (!image.layers.empty()) {
        tops.emplace_back(name, catalogue.layers()[image.layers.back()].diff.hex());
      }
    }
    if (image.names.empty()) {
      untagged.push_back(oci_descriptor(manifest, nullptr, ""));
    }
    JsonValue item = manifest_item(catalogue, images, image, blob_path(image.id.hex()), std::move(paths));
    if (!image.layers.empty()) {
      item.as_object()->push_back({"LayerSources", layer_sources(catalogue, image)});
    }
    items.push_back(std::move(item));
  }
  // The daemon forgets images without a name here if there are others with one; who reads the index wants them all.
  descriptors.insert(descriptors.end(), untagged.begin(), untagged.end());
  members.push_back({MemberKind::Directory, "blobs", "", {}, "", 0});
  members.push_back({MemberKind::Directory, "blobs/sha256", "", {}, "", 0});
  members.push_back({MemberKind::File, "index.json", oci_index(std::move(descriptors)), {}, "", 0});
  members.push_back(
      {MemberKind::File, "manifest.json", to_go_json(JsonValue::array(std::move(items))) + "\n", {}, "", 0});
  members.push_back({MemberKind::File, "oci-layout", std::string(kOciLayout), {}, "", 0});
  if (std::string repositories = repositories_file(tops); !repositories.empty()) {
    members.push_back({MemberKind::File, "repositories", std::move(repositories), {}, "", 0});
  }
}

}  // namespace dfsck
