// Reads manifest.json by the rules of moby image/tarexport/load.go:Load.
#include "core/donor/docker_manifest.h"

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/json/json.h"
#include "core/donor/member_name.h"
#include "core/donor/oci_index.h"

namespace dfsck {
namespace {

constexpr size_t kMemberShown = 80;

Error malformed(const Catalogue& catalogue, const std::string& detail) {
  return format_error("read manifest", catalogue.store().where("manifest.json"), detail);
}

// The digest in the name of a config: "<hex>.json", "blobs/sha256/<hex>", kaniko's "sha256:<hex>". Other names mean
// nothing.
std::optional<ImageId> id_in_name(const RelPath& config) {
  constexpr std::string_view kJson = ".json";
  std::string_view name = config.name();
  if (name.ends_with(kJson)) {
    name.remove_suffix(kJson.size());
  }
  const std::optional<ImageId> with_prefix = ImageId::parse(name);
  return with_prefix ? with_prefix : ImageId::from_hex(name);
}

Result<RelPath> named_member(const Catalogue& catalogue, const JsonValue& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) {
    return malformed(catalogue, "a name of a member is no text");
  }
  const std::optional<RelPath> name = member_name(*text);
  // The name is text of whoever made the archive. docker load resolves it within the scope of its unpacked directory;
  // here what leads out is refused instead of being bent back.
  if (!name || name->is_root()) {
    return malformed(catalogue, "\"" + escaped_excerpt(*text, kMemberShown) + "\" is no name of a member");
  }
  return *name;
}

Result<ImageClaim> read_item(const Catalogue& catalogue, const JsonValue& item) {
  ImageClaim claim;
  ASSIGN_OR_RETURN(RelPath config, named_member(catalogue, item.get("Config")));
  claim.config = std::move(config);
  claim.id = id_in_name(claim.config);
  const JsonValue::Array* layers = item.get("Layers").as_array();
  if (layers == nullptr && !item.get("Layers").is_null()) {
    return malformed(catalogue, "Layers are no list");
  }
  for (const JsonValue& layer : layers != nullptr ? *layers : JsonValue::Array()) {
    ASSIGN_OR_RETURN(RelPath name, named_member(catalogue, layer));
    claim.layers.push_back(std::move(name));
  }
  const JsonValue::Array* tags = item.get("RepoTags").as_array();
  for (const JsonValue& tag : tags != nullptr ? *tags : JsonValue::Array()) {
    // A tag that is no text does no harm to the image: it only goes without that name.
    if (const std::string* text = tag.as_string()) {
      claim.names.push_back(*text);
    }
  }
  // Taken as it is said; docker load believes it only if the history fits, and so does whoever uses it here.
  if (const std::string* parent = item.get("Parent").as_string()) {
    claim.parent = ImageId::parse(*parent);
  }
  return claim;
}

}  // namespace

Result<void> read_docker_manifest(Catalogue& catalogue) {
  const size_t limit = catalogue.limits().max_document_bytes;
  ASSIGN_OR_RETURN(const std::string bytes, catalogue.read("manifest.json"));
  // docker load decodes one value and never looks behind it.
  const Result<JsonValue> json = parse_json(bytes, {.max_bytes = limit, .trailing = JsonTrailing::Ignore});
  if (!json) {
    return malformed(catalogue, json.error().detail);
  }
  if (json->as_object() != nullptr) {
    return read_bare_manifest(catalogue, *json, "manifest.json");
  }
  const JsonValue::Array* items = json->as_array();
  if (items == nullptr) {
    return malformed(catalogue, "is no list of images");
  }
  if (items->size() > catalogue.limits().max_images) {
    return limit_error("read manifest", catalogue.store().where("manifest.json"), "has too many images");
  }
  for (const JsonValue& item : *items) {
    const Result<ImageClaim> claim = read_item(catalogue, item);
    TRY(claim ? catalogue.add(*claim) : catalogue.note_or_refuse(claim.error()));
  }
  return {};
}

}  // namespace dfsck
