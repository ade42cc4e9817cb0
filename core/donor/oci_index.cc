// Walks from index.json to configs. Depth and number of documents are bounded, so circles end.
#include "core/donor/oci_index.h"

#include <map>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// One index may name a manifest any number of times, and indexes may name one another: depth alone bounds the time of a
// walk only to a power of their size.
constexpr size_t kMaxDocuments = 100'000;
constexpr size_t kDigestShown = 80;

// An image as containers have it: signatures, charts and attestations have manifests too.
bool is_image(const JsonValue& manifest) {
  // No type at all is let through: whether it is an image shows when its config is read.
  const std::string config = manifest.get("config").get("mediaType").text();
  if (!config.empty() && config != "application/vnd.oci.image.config.v1+json" &&
      config != "application/vnd.docker.container.image.v1+json") {
    return false;
  }
  const JsonValue::Array* layers = manifest.get("layers").as_array();
  for (const JsonValue& layer : layers != nullptr ? *layers : JsonValue::Array()) {
    const std::string type = layer.get("mediaType").text();
    // An attestation's layers are application/vnd.in-toto+json, a chart's are something else again; only tars can hold
    // files of a layer.
    if (!type.empty() && type.find(".tar") == std::string::npos) {
      return false;
    }
  }
  return true;
}

// containerd's annotation holds the whole reference, the one of the OCI specification often a tag alone.
std::vector<std::string> names_in(const JsonValue& descriptor) {
  const JsonValue& annotations = descriptor.get("annotations");
  for (const char* key : {"io.containerd.image.name", "org.opencontainers.image.ref.name"}) {
    const JsonValue* value = annotations.find_exact(key);
    std::string name = value != nullptr ? value->text() : std::string();
    if (!name.empty()) {
      return {std::move(name)};
    }
  }
  return {};
}

class Walk {
 public:
  Walk(Catalogue& catalogue, KnownImages known) : catalogue_(catalogue), known_(known) {}

  Result<void> index(const JsonValue& document, const RelPath& name, const std::vector<std::string>& names,
                     size_t depth);
  Result<void> manifest(const JsonValue& document, const RelPath& name, const RelPath& blobs,
                        const std::vector<std::string>& names);

 private:
  Result<void> descriptor(const JsonValue& item, const RelPath& from, const std::vector<std::string>& names,
                          size_t depth);
  Result<std::string> read_blob(const BlobDigest& digest) const;
  Result<BlobDigest> digest_in(const JsonValue& item, const RelPath& from) const;
  Error malformed(const RelPath& document, const std::string& detail) const {
    return format_error("read manifest", catalogue_.store().where(document), detail);
  }

  const RelPath kBlobs{"blobs/sha256"};
  Catalogue& catalogue_;
  KnownImages known_;
  size_t documents_ = 0;
};

Result<BlobDigest> Walk::digest_in(const JsonValue& item, const RelPath& from) const {
  const std::string text = item.get("digest").text();
  const std::optional<BlobDigest> digest = BlobDigest::parse(text);
  if (!digest) {
    return malformed(from, "\"" + escaped_excerpt(text, kDigestShown) + "\" is no sha256 digest");
  }
  return *digest;
}

// Between the digest of a descriptor and the bytes stands nothing but this: without it a hostile layout could give any
// config the name of a good one.
Result<std::string> Walk::read_blob(const BlobDigest& digest) const {
  const RelPath name = kBlobs / digest.hex();
  Result<std::string> bytes = catalogue_.read(name);
  if (bytes && sha256_hex(*bytes) != digest.hex()) {
    return malformed(name, "does not have the digest that it goes by");
  }
  return bytes;
}

Result<void> Walk::descriptor(const JsonValue& item, const RelPath& from, const std::vector<std::string>& names,
                              size_t depth) {
  if (++documents_ > kMaxDocuments) {
    return limit_error("read manifest", catalogue_.store().where(from), "leads to too many manifests");
  }
  if (item.get("annotations").find_exact("vnd.docker.reference.type") != nullptr) {
    return {};  // an attestation of BuildKit's
  }
  const Result<BlobDigest> digest = digest_in(item, from);
  if (!digest) {
    return catalogue_.note_or_refuse(digest.error());
  }
  const RelPath name = kBlobs / digest->hex();
  const Result<bool> is_there = has_member(catalogue_.store(), name);
  if (is_there && !*is_there && depth > 0) {
    return {};  // a platform that was not copied
  }
  const Result<std::string> bytes = is_there ? read_blob(*digest) : Result<std::string>(is_there.error());
  if (!bytes) {
    return catalogue_.note_or_refuse(bytes.error());
  }
  const Result<JsonValue> document = parse_json(*bytes, {.max_bytes = catalogue_.limits().max_document_bytes});
  if (!document) {
    return catalogue_.note_or_refuse(malformed(name, document.error().detail));
  }
  // Names are on the descriptors of index.json; the manifests below an index of several platforms go by its name.
  std::vector<std::string> own_names = names_in(item);
  const std::vector<std::string>& all_names = own_names.empty() ? names : own_names;
  if (document->get("manifests").as_array() != nullptr) {
    return index(*document, name, all_names, depth + 1);
  }
  return manifest(*document, name, kBlobs, all_names);
}

Result<void> Walk::index(const JsonValue& document, const RelPath& name, const std::vector<std::string>& names,
                         size_t depth) {
  if (depth > catalogue_.limits().max_index_depth) {
    return limit_error("read manifest", catalogue_.store().where(name), "indexes lie too deep in one another");
  }
  const JsonValue::Array* items = document.get("manifests").as_array();
  if (items == nullptr) {
    return malformed(name, "is no index of images");
  }
  for (const JsonValue& item : *items) {
    TRY(descriptor(item, name, names, depth));
  }
  return {};
}

Result<void> Walk::manifest(const JsonValue& document, const RelPath& name, const RelPath& blobs,
                            const std::vector<std::string>& names) {
  if (document.get("config").as_object() == nullptr) {
    return catalogue_.note_or_refuse(malformed(name, "is neither a manifest nor an index"));
  }
  if (!is_image(document)) {
    return {};
  }
  const Result<BlobDigest> config = digest_in(document.get("config"), name);
  if (!config) {
    return catalogue_.note_or_refuse(config.error());
  }
  if (known_ == KnownImages::LeftAlone && catalogue_.has_image(*ImageId::from_hex(config->hex()))) {
    return {};
  }
  ImageClaim claim;
  claim.config = blobs / config->hex();
  claim.id = ImageId::from_hex(config->hex());
  const JsonValue::Array* layers = document.get("layers").as_array();
  for (const JsonValue& layer : layers != nullptr ? *layers : JsonValue::Array()) {
    const Result<BlobDigest> digest = digest_in(layer, name);
    if (!digest) {
      return catalogue_.note_or_refuse(digest.error());
    }
    claim.layers.push_back(blobs / digest->hex());
  }
  claim.names = names;
  return catalogue_.add(claim);
}

}  // namespace

Result<void> read_oci_index(Catalogue& catalogue, KnownImages known) {
  const RelPath name("index.json");
  const size_t limit = catalogue.limits().max_document_bytes;
  ASSIGN_OR_RETURN(const std::string bytes, catalogue.read(name));
  const Result<JsonValue> document = parse_json(bytes, {.max_bytes = limit});
  if (!document) {
    return format_error("read index", catalogue.store().where(name), document.error().detail);
  }
  return Walk(catalogue, known).index(*document, name, {}, 0);
}

Result<void> read_bare_manifest(Catalogue& catalogue, const JsonValue& manifest, const RelPath& name) {
  return Walk(catalogue, KnownImages::Extended).manifest(manifest, name, {}, {});
}

}  // namespace dfsck
