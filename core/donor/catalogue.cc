// Adding images to a catalogue: configs by their digests, layers by their configs.
#include "core/donor/catalogue.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// An archive with a hundred broken images is told well enough by the first hundred.
constexpr size_t kMaxProblems = 100;
// Archives of several images may hold one layer under several names, of which the first may be a wrong one. Each place
// costs a read of the whole layer to be found wrong, so a hostile archive must not name thousands.
constexpr size_t kMaxPlaces = 16;  // of one layer
constexpr size_t kDiffIdShown = 80;

// rootfs.diff_ids of a config (moby image/image.go:NewFromJSON); `where` is for messages.
Result<std::vector<DiffId>> read_diff_ids(std::string_view config, const std::string& where,
                                          const DonorLimits& limits) {
  const Result<JsonValue> json = parse_json(config, {.max_bytes = limits.max_document_bytes});
  if (!json) {
    return format_error("read config", where, json.error().detail);
  }
  const JsonValue& root_fs = json->get("rootfs");
  if (root_fs.as_object() == nullptr) {
    return format_error("read config", where, "is no image config: it has no rootfs");
  }
  const JsonValue& list = root_fs.get("diff_ids");
  const JsonValue::Array* items = list.as_array();
  // null and absent are an image without layers, as Go decodes them; anything else that is no list is not a config.
  if (items == nullptr && !list.is_null()) {
    return format_error("read config", where, "its diff_ids are no list");
  }
  std::vector<DiffId> diff_ids;
  for (const JsonValue& item : items != nullptr ? *items : JsonValue::Array()) {
    const std::optional<DiffId> diff = DiffId::parse(item.text());
    if (!diff) {
      return format_error(
          "read config", where,
          "its diff_ids hold \"" + escaped_excerpt(item.text(), kDiffIdShown) + "\", which is no digest");
    }
    diff_ids.push_back(*diff);
  }
  return diff_ids;
}

}  // namespace

void Catalogue::note(Error problem) {
  if (problems_.size() < kMaxProblems) {
    problems_.push_back(std::move(problem));
  }
}

// Format is what is wrong with the donor's bytes, and of one image. I/O, limits and a wish to stop concern the whole of
// it: to go on would make a catalogue that is short of images without saying so.
Result<void> Catalogue::note_or_refuse(const Error& error) {
  if (error.kind != Error::Kind::Format) {
    return error;
  }
  note(error);
  return {};
}

Result<std::string> Catalogue::read(const RelPath& name) {
  Result<std::string> bytes = read_document(store_, name, limits_.max_document_bytes);
  if (bytes) {
    // Counted for each reference, not for each file: a manifest that names one large config ten thousand times costs as
    // much to read as ten thousand of them.
    document_bytes_ += bytes->size();
    if (document_bytes_ > limits_.max_all_documents_bytes) {
      return limit_error("read", store_.where(name),
                         "and the documents before are larger than " + human_bytes(limits_.max_all_documents_bytes));
    }
  }
  return bytes;
}

Result<void> Catalogue::add(const ImageClaim& claim) {
  const std::string where = store_.where(claim.config);
  Result<std::string> config = read(claim.config);
  if (!config) {
    return note_or_refuse(config.error());
  }
  // By what it hashes to and never by what it is called: docker load does not compare the two, and so takes a renamed
  // config under its true id; here a name that promises another id is a sign that the archive is not what it was.
  const ImageId id = *ImageId::from_hex(sha256_hex(*config));
  if (claim.id && *claim.id != id) {
    note(format_error("read config", where, "has the digest " + id.text() + ", not the one that it goes by"));
    return {};
  }
  const Result<std::vector<DiffId>> diff_ids = read_diff_ids(*config, where, limits_);
  if (!diff_ids) {
    return note_or_refuse(diff_ids.error());
  }
  // docker load refuses such an image too ("layers length mismatch"): which file is which layer is known by position
  // alone.
  if (diff_ids->size() != claim.layers.size()) {
    note(format_error(
        "read config", where,
        "has " + counted(diff_ids->size(), "layer") + ", its manifest " + std::to_string(claim.layers.size())));
    return {};
  }
  if (diff_ids->size() > limits_.max_layers_per_image) {
    return limit_error("read config", where, "has more than " + counted(limits_.max_layers_per_image, "layer"));
  }
  if (!has_image(id) && images_.size() >= limits_.max_images) {
    return limit_error("read", where, "has more than " + counted(limits_.max_images, "image"));
  }
  // One config is one image, whichever manifests lead to it.
  images_.try_emplace(id, DonorImage{id, std::move(*config), *diff_ids, {}, claim.parent});
  add_names(id, claim.names);
  return add_layers(claim, *diff_ids);
}

// Sorted and once each, so that the order of an archive's manifest (random in docker save) does not reach a report.
void Catalogue::add_names(const ImageId& id, const std::vector<std::string>& names) {
  std::vector<std::string>& known = images_.at(id).names;
  for (const std::string& name : names) {
    const auto place = std::lower_bound(known.begin(), known.end(), name);
    if (place == known.end() || *place != name) {
      known.insert(place, name);
    }
  }
}

// A layer whose file is missing leaves the image in the catalogue: its config, and the layers that are there, can still
// heal something.
Result<void> Catalogue::add_layers(const ImageClaim& claim, const std::vector<DiffId>& diff_ids) {
  layer_count_ += diff_ids.size();
  if (layer_count_ > limits_.max_layers) {
    return limit_error("read", store_.where(claim.config),
                       "and the images before have more than " + counted(limits_.max_layers, "layer"));
  }
  for (size_t i = 0; i < diff_ids.size(); ++i) {
    Result<FoundFile> found = find_file(store_, claim.layers[i]);
    if (found) {
      add_layer(diff_ids[i], {std::move(found->name), std::move(found->member)});
      continue;
    }
    TRY(note_or_refuse(found.error()));
  }
  return {};
}

void Catalogue::add_layer(const DiffId& diff, LayerPlace place) {
  std::vector<LayerPlace>& places = layers_[diff];
  const bool is_known =
      std::any_of(places.begin(), places.end(), [&](const LayerPlace& known) { return known.name == place.name; });
  if (!is_known && places.size() < kMaxPlaces) {
    places.push_back(std::move(place));
  }
}

}  // namespace dfsck
