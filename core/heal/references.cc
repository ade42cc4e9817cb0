// A donor's tar is exact, and so is the file of another root. Packing finds the tars that daemons made themselves.
#include "core/heal/references.h"

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/crc64.h"
#include "core/codec/tar/stream.h"
#include "core/codec/tar/tar_split_writer.h"
#include "core/content/layers/verify_layers.h"
#include "core/content/pack/pack.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// What all rebuilt files may hold together: they are part of the plan. Twenty layers of a hundred thousand files each.
constexpr uint64_t kMaxBytes = 256U << 20;

// Cuts a layer's tar into records (vbatts/tar-split tar/asm/disassemble.go:NewInputTarStream).
Result<void> cut(TarStream& tar, TarSplitWriter& writer) {
  TarStreamEntry entry;
  while (true) {
    ASSIGN_OR_RETURN(const TarStream::Kind kind, tar.next(entry));
    if (kind == TarStream::Kind::End) {
      return writer.finish();
    }
    TRY(writer.segment(entry.raw));
    if (kind == TarStream::Kind::Tail) {
      continue;
    }
    Crc64 crc;
    // The size of the payload in the stream, which the header's size is for plain files and 0 for all that has none.
    const uint64_t size = tar.payload_left();
    while (tar.payload_left() > 0) {
      ASSIGN_OR_RETURN(const std::string_view piece, tar.payload());
      crc.update(piece.data(), piece.size());
    }
    TRY(writer.file(entry.header.name, size, crc.value()));
  }
}

// The tar-split of a donor's layer; nothing where the donor does not have it as it should be.
std::string out_of_donor(const Donor& donor, const DiffId& diff) {
  for (size_t place = 0; place < donor.places(diff).size(); ++place) {
    const Result<std::unique_ptr<LayerSource>> source = donor.open_layer(diff, LayerHashing::Verified, place);
    if (!source) {
      continue;
    }
    std::string bytes;
    TarSplitWriter writer(
        [&](std::string_view piece) {
          bytes += piece;
          return Result<void>();
        },
        TarSplitEnd::None);
    TarStream tar(**source, (*source)->where());
    // The digest is known only when the tar has been read to its end, after the whole tar-split was made from it:
    // unproven, it is thrown away.
    if (cut(tar, writer) && (*source)->verified()) {
      return bytes;
    }
  }
  return "";
}

// The tar-split of the same layer in another root, where that layer is proven whole.
std::string out_of_root(const RootDonor& donor, const DiffId& diff, const Cancel& cancel, Progress& progress) {
  for (size_t i = 0; i < donor.model.layers.layers.size(); ++i) {
    const std::optional<LayerInput> input = layer_input(donor.model, donor.derived, i);
    if (!input || input->tree_lost || input->diff != diff ||
        !verify_layer(donor.root, *input, Depth::Full, cancel, progress).digest_matches) {
      continue;
    }
    // Taken as it is, gzip and all: re-assembled over the donor's own tree it gives the digest, and that is all that a
    // tar-split can be asked for.
    if (Result<std::string> bytes = donor.root.read_small(input->tar_split, kMaxBytes); bytes) {
      return std::move(*bytes);
    }
  }
  return "";
}

// From what is certain and cheap to what is a guess: a donor's tar is the layer itself; packing the tree has to find
// out how some tool once packed it, and a changed byte anywhere makes it fail.
RebuiltReference rebuild(const Root& root, const LayerInput& input, const Donors& donors, const OwnerNames& names,
                         const Cancel& cancel, Progress& progress) {
  RebuiltReference rebuilt;
  if (!input.diff) {
    rebuilt.why = "the layer's digest is not known, so that nothing could be proven";
    return rebuilt;
  }
  for (const Donor& donor : donors.archives) {
    if (donor.has_layer(*input.diff)) {
      rebuilt.tar_split = out_of_donor(donor, *input.diff);
    }
    if (!rebuilt.tar_split.empty()) {
      rebuilt.source = "out of " + escaped(donor.path());
      return rebuilt;
    }
  }
  for (const auto& donor : donors.roots) {
    rebuilt.tar_split = out_of_root(*donor, *input.diff, cancel, progress);
    if (!rebuilt.tar_split.empty()) {
      rebuilt.source = "out of " + escaped(donor->root.path());
      return rebuilt;
    }
  }
  if (input.tree_lost) {
    rebuilt.why = "there is no tree that could be packed";
    return rebuilt;
  }
  const Result<PackedLayer> packed = pack_layer(root, input, names, cancel, progress, [&](std::string_view piece) {
    rebuilt.tar_split += piece;
    return Result<void>();
  });
  if (!packed || !packed->matches) {
    // What was written before the digest came out wrong is worth nothing.
    rebuilt.tar_split.clear();
    rebuilt.why = packed ? packed->reason : packed.error().message();
    return rebuilt;
  }
  rebuilt.source = "by packing the layer's tree as " + packed->variant;
  return rebuilt;
}

// A tar-split whose digest differs, while each of its files is there as it says, is not that layer's, and one that
// describes another tree is none for this one.
bool needs_reference(const Model& model, const ContentResults& content, size_t layer) {
  const LayerVerdict& verdict = content.layers[layer];
  const FileState& file = model.layers.layers[layer].tar_split;
  return !file.present() || file.size == 0 || verdict.state == LayerVerdict::State::NoReference ||
         verdict.state == LayerVerdict::State::DigestDiffers || describes_another_tree(verdict);
}

}  // namespace

void rebuild_references(const Root& root, const Model& model, const Derived& derived, const Donors& donors,
                        unsigned jobs, const Cancel& cancel, Progress& progress, ContentResults& content) {
  std::vector<size_t> layers;
  for (size_t i = 0; i < content.layers.size(); ++i) {
    if (needs_reference(model, content, i) && tree_input(model, derived, i)) {
      layers.push_back(i);
    }
  }
  if (layers.empty()) {
    return;
  }
  content.references.resize(content.layers.size());
  const OwnerNames names = host_owner_names();
  for_each_index(layers.size(), jobs, cancel, [&](size_t i) {
    content.references[layers[i]] =
        rebuild(root, *tree_input(model, derived, layers[i]), donors, names, cancel, progress);
  });
  uint64_t bytes = 0;
  // In order of layers and not of threads, so that the same ones are left for later in every run.
  for (RebuiltReference& rebuilt : content.references) {
    bytes += rebuilt.tar_split.size();
    if (bytes > kMaxBytes) {
      rebuilt = {"", "", "other layers come first; check again when they are repaired"};
    }
  }
}

}  // namespace dfsck
