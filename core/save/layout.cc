// Order of members, and the documents that several layouts have.
#include "core/save/layout.h"

#include <algorithm>
#include <map>

#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/model/reference_name.h"

namespace dfsck {
namespace {

constexpr const char* kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* kIndexType = "application/vnd.oci.image.index.v1+json";
constexpr const char* kConfigType = "application/vnd.oci.image.config.v1+json";

JsonValue json_string(std::string value) { return JsonValue::string(std::move(value)); }
JsonValue json_integer(uint64_t value) { return JsonValue::number(static_cast<int64_t>(value)); }

// A byte that no name holds stands for the slash, so that a directory comes right before its members.
std::string walk_key(const std::string& path) {
  std::string key = path;
  std::replace(key.begin(), key.end(), '/', '\0');
  return key;
}

}  // namespace

std::string_view archive_format_name(ArchiveFormat format) {
  switch (format) {
    case ArchiveFormat::DockerArchive: return "docker-archive";
    case ArchiveFormat::OciArchive: return "oci-archive";
    case ArchiveFormat::OciDir: return "oci-dir";
    case ArchiveFormat::Legacy: return "legacy";
  }
  return "";
}

// In the order in which Go's filepath.Walk goes through the temporary directory that a daemon packs, so that the same
// images give the same bytes.
std::vector<ArchiveMember> archive_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                                           ArchiveFormat format) {
  std::vector<ArchiveMember> members;
  switch (format) {
    case ArchiveFormat::DockerArchive: add_docker_members(catalogue, images, members); break;
    case ArchiveFormat::Legacy: add_legacy_members(catalogue, images, members); break;
    case ArchiveFormat::OciArchive:
    case ArchiveFormat::OciDir: add_oci_members(catalogue, images, members); break;
  }
  // Of equal paths (blobs that images share) the first stays.
  std::stable_sort(members.begin(), members.end(),
                   [](const ArchiveMember& a, const ArchiveMember& b) { return walk_key(a.path) < walk_key(b.path); });
  members.erase(std::unique(members.begin(), members.end(),
                            [](const ArchiveMember& a, const ArchiveMember& b) { return a.path == b.path; }),
                members.end());
  return members;
}

std::string blob_path(const std::string& hex) { return "blobs/sha256/" + hex; }

// Layers base first, as the config's diff_ids: a few daemons of 25 wrote them in any order, which readers had to work
// around.
std::string oci_manifest(const SaveCatalogue& catalogue, const SavedImage& image) {
  JsonValue::Array layers;
  for (const size_t index : image.layers) {
    const SavedLayer& layer = catalogue.layers()[index];
    layers.push_back(JsonValue::object({{"mediaType", json_string(std::string(kOciLayerType))},
                                        {"digest", json_string(layer.diff.text())},
                                        {"size", json_integer(layer.size)}}));
  }
  const JsonValue config = JsonValue::object({{"mediaType", json_string(kConfigType)},
                                              {"digest", json_string(image.id.text())},
                                              {"size", json_integer(image.config.size())}});
  return to_go_json(JsonValue::object({{"schemaVersion", json_integer(2)},
                                       {"mediaType", json_string(kManifestType)},
                                       {"config", config},
                                       {"layers", JsonValue::array(std::move(layers))}}));
}

JsonValue oci_descriptor(const std::string& manifest, const ImageName* name, const std::string& ref_name) {
  JsonValue::Object members{{"mediaType", json_string(kManifestType)},
                            {"digest", json_string("sha256:" + sha256_hex(manifest))},
                            {"size", json_integer(manifest.size())}};
  if (name != nullptr) {
    members.push_back(
        {"annotations", JsonValue::object({{"io.containerd.image.name",
                                            json_string(canonical_name(name->repository) + ":" + name->tag)},
                                           {"org.opencontainers.image.ref.name", json_string(ref_name)}})});
  }
  return JsonValue::object(std::move(members));
}

std::string oci_index(JsonValue::Array manifests) {
  return to_go_json(JsonValue::object({{"schemaVersion", json_integer(2)},
                                       {"mediaType", json_string(kIndexType)},
                                       {"manifests", JsonValue::array(std::move(manifests))}}));
}

// RepoTags is null and not an empty list where there is no name, and "Parent" is left out where the archive lacks it:
// both as Go's encoder writes the daemon's structures.
JsonValue manifest_item(const SaveCatalogue& catalogue, const std::vector<size_t>& images, const SavedImage& image,
                        const std::string& config_path, JsonValue::Array layer_paths) {
  JsonValue::Array tags;
  for (const ImageName& name : image.names) {
    tags.push_back(json_string(name.text()));
  }
  JsonValue::Object members{{"Config", json_string(config_path)},
                            {"RepoTags", tags.empty() ? JsonValue() : JsonValue::array(std::move(tags))},
                            {"Layers", JsonValue::array(std::move(layer_paths))}};
  const bool has_parent = std::any_of(images.begin(), images.end(), [&](size_t index) {
    const SavedImage& other = catalogue.images()[index];
    return image.parent && other.id == *image.parent && other.id != image.id;
  });
  if (has_parent) {
    members.push_back({"Parent", json_string(image.parent->text())});
  }
  return JsonValue::object(std::move(members));
}

std::string repositories_file(const std::vector<std::pair<ImageName, std::string>>& tops) {
  std::map<std::string, std::map<std::string, std::string>> repositories;
  for (const auto& [name, top] : tops) {
    repositories[name.repository][name.tag] = top;
  }
  JsonValue::Object members;
  for (const auto& [repository, tags] : repositories) {
    JsonValue::Object inner;
    for (const auto& [tag, top] : tags) {
      inner.push_back({tag, json_string(top)});
    }
    members.push_back({repository, JsonValue::object(std::move(inner))});
  }
  return members.empty() ? "" : to_go_json(JsonValue::object(std::move(members))) + "\n";
}

}  // namespace dfsck
