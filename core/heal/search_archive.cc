// The tars of a donor's layers. Of those that are skipped over nothing but the headers is read.
#include <set>

#include "core/codec/crc64.h"
#include "core/codec/tar/layer_stream.h"
#include "core/codec/tar/stream.h"
#include "core/heal/search.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// The diff IDs of the layers here that lack files.
// A donor's copy of the damaged layer itself has the file for certain, and under its own name; other layers have it by
// chance. So those are read first, and the rest only if something is still missing.
std::set<DiffId> damaged_layers(const Model& model, const Derived& derived, LostFiles& lost) {
  std::set<DiffId> damaged;
  for (const LostFile& file : lost.files()) {
    const std::optional<DiffId>& derived_diff = derived.layers[file.layer].diff;
    // What follows from chain and configs is trusted more than the file `diff`, which may be what is damaged.
    const std::optional<DiffId>& diff = derived_diff ? derived_diff : model.layers.layers[file.layer].diff_id;
    if (diff && file.origins.empty()) {
      damaged.insert(*diff);
    }
  }
  return damaged;
}

// Reads the payload that stands next. Nothing if it cannot be read.
std::optional<uint64_t> payload_crc(TarStream& tar) {
  Crc64 crc;
  while (tar.payload_left() > 0) {
    const Result<std::string_view> piece = tar.payload();
    if (!piece) {
      return std::nullopt;
    }
    crc.update(piece->data(), piece->size());
  }
  return crc.value();
}

std::vector<FoundOrigin> search_layer(const Donor& donor, const DiffId& diff, size_t place, const Cancel& cancel,
                                      const LostFiles& lost) {
  std::vector<FoundOrigin> found;
  // Not hashed: in a plain archive payloads of other sizes are passed over without being read. What is found is proven
  // later, with the layer that it goes into.
  const Result<std::unique_ptr<LayerSource>> source = donor.open_layer(diff, LayerHashing::Unverified, place);
  if (!source) {
    return found;
  }
  TarStream tar(**source, (*source)->where());
  TarStreamEntry entry;
  std::string name;
  while (!cancel.requested()) {
    const Result<TarStream::Kind> kind = tar.next(entry);
    if (!kind || *kind == TarStream::Kind::End) {
      break;
    }
    const uint64_t size = entry.header.size;
    if (*kind != TarStream::Kind::Entry || entry.header.file_type() != S_IFREG || size == 0 || !lost.seeks_size(size)) {
      continue;
    }
    const std::optional<uint64_t> crc = payload_crc(tar);
    clean_tar_name(entry.header.name, name);
    const std::optional<RelPath> path = RelPath::parse(name);
    if (crc && path && lost.seeks(size, *crc)) {
      found.push_back({size, *crc, {donor.path(), diff, *path, {}}});
    }
  }
  return found;
}

}  // namespace

void search_archive(const Donor& donor, DonorLayers which, const Model& model, const Derived& derived,
                    const SearchJobs& how, LostFiles& lost) {
  const std::set<DiffId> damaged = damaged_layers(model, derived, lost);
  std::vector<std::pair<DiffId, size_t>> todo;
  for (const DiffId& diff : donor.layers()) {
    for (size_t place = 0; place < donor.places(diff).size(); ++place) {
      if (damaged.contains(diff) == (which == DonorLayers::Damaged)) {
        todo.emplace_back(diff, place);
      }
    }
  }
  // One slot for each place, taken in order afterwards: which thread was quicker must not decide which origin comes
  // first.
  std::vector<std::vector<FoundOrigin>> found(todo.size());
  for_each_index(todo.size(), how.jobs, how.cancel,
                 [&](size_t i) { found[i] = search_layer(donor, todo[i].first, todo[i].second, how.cancel, lost); });
  lost.take(found);
}

}  // namespace dfsck
