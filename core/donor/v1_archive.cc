// Finds layers by the names of directories, and their DiffIds by hashing.
#include "core/donor/v1_archive.h"

#include "core/base/try.h"
#include "core/codec/compress/decompress.h"
#include "core/codec/hashing_source.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

struct Found {
  LayerPlace place;
  std::optional<DiffId> diff;
  std::optional<Error> error;
};

// Nothing in such an archive says what a layer's digest is: names are v1 ids, from which no digest can be had. So each
// layer is read whole to be known at all.
void hash(const MemberStore& store, const DonorLimits& limits, const Cancel& cancel, Found& layer) {
  const std::string where = store.where(layer.place.name);
  Result<std::unique_ptr<ByteSource>> file = store.open(layer.place.name, layer.place.member);
  if (!file) {
    layer.error = file.error();
    return;
  }
  Decompressor tar(std::move(*file), where, limits.decompress);
  HashingSource hashed(tar);
  for (;;) {
    const Result<std::string_view> piece = hashed.next();
    if (!piece) {
      layer.error = piece.error();
      return;
    }
    if (piece->empty()) {
      layer.diff = DiffId::from_hex(hashed.finish_hex());
      return;
    }
    if (cancel.requested()) {
      return;
    }
  }
}

// Links are other names of layers that are there anyway.
Result<std::vector<Found>> find_layers(const Catalogue& catalogue) {
  const MemberStore& store = catalogue.store();
  ASSIGN_OR_RETURN(const std::vector<RelPath> directories, store.top_directories());
  std::vector<Found> found;
  for (const RelPath& directory : directories) {
    const RelPath name = directory / "layer.tar";
    ASSIGN_OR_RETURN(std::optional<Member> member, store.look_up(name));
    if (!is_hex64(directory.bytes()) || !member.has_value() || member->type != Member::Type::File) {
      continue;
    }
    if (found.size() >= catalogue.limits().max_layers) {
      return limit_error("read", store.where(name), "there are too many layers");
    }
    found.push_back({{name, std::move(*member)}, std::nullopt, std::nullopt});
  }
  return found;
}

}  // namespace

Result<void> read_v1_layers(Catalogue& catalogue, unsigned jobs, const Cancel& cancel) {
  ASSIGN_OR_RETURN(std::vector<Found> layers, find_layers(catalogue));
  if (layers.empty()) {
    return format_error("read", catalogue.store().where({}),
                        "has no layers: it is neither made by docker save nor an OCI layout");
  }
  ASSIGN_OR_RETURN(const bool has_names, has_member(catalogue.store(), "repositories"));
  if (!has_names) {
    // What a newer archive looks like of which only the beginning is left.
    catalogue.note(format_error("read", catalogue.store().where({}),
                                "has neither manifest.json nor index.json nor repositories: it may be cut off"));
  }
  // Each body writes its own slot; what is found is added in order of name afterwards, so that the catalogue is the
  // same with any number of jobs.
  for_each_index(layers.size(), jobs, cancel,
                 [&](size_t i) { hash(catalogue.store(), catalogue.limits(), cancel, layers[i]); });
  for (Found& layer : layers) {
    if (layer.error) {
      TRY(catalogue.note_or_refuse(*layer.error));
    } else if (layer.diff) {
      catalogue.add_layer(*layer.diff, std::move(layer.place));
    } else {
      return cancelled_error("read", catalogue.store().where({}), "cancelled");
    }
  }
  return {};
}

}  // namespace dfsck
