// Search near before far, then prove each layer.
#include "core/heal/remedies.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/content/layers/verify_layers.h"
#include "core/heal/prove.h"
#include "core/heal/search.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// Each reads the whole layer. More than one is needed only where several changes of a byte explain a file's CRC.
constexpr size_t kMaxProofs = 64;

// Near before far, because each place costs more than the one before: tar-splits of this root and of other roots (no
// file is read), then the tar of the damaged layer in an archive, then other layers of archives, last every file of the
// right size that nothing lists. What was found is not sought any further, so that damage which the root itself can
// repair never reads a donor's layers.
void search(const Root& root, const Model& model, const Derived& derived, const Donors& donors, const SearchJobs& how,
            LostFiles& lost) {
  const auto done = [&] { return !lost.seeks_anything() || how.cancel.requested(); };
  if (!done()) {
    search_layers(root, model, derived, "", how, lost);
  }
  for (const auto& donor : donors.roots) {
    if (!done()) {
      search_layers(donor->root, donor->model, donor->derived, donor->root.path(), how, lost);
    }
  }
  for (const DonorLayers which : {DonorLayers::Damaged, DonorLayers::Others}) {
    for (const Donor& donor : donors.archives) {
      if (!done()) {
        search_archive(donor, which, model, derived, how, lost);
      }
    }
  }
  if (!done()) {
    search_trees(root, model, derived, how, lost);
  }
}

// The wants of one layer, with the origin that is tried for each.
class LayerProof {
 public:
  LayerProof(const Root& root, const LayerInput& input, std::span<LostFile> files, OriginReader& reader,
             const Cancel& cancel, Progress& progress)
      : root_(root),
        input_(input),
        files_(files),
        chosen_(files.size(), 0),
        reader_(reader),
        cancel_(cancel),
        progress_(progress) {}

  // A CRC-64 and a size are no proof: a hostile donor can make any bytes fit, and by chance one of 2^64 does. The
  // layer's SHA-256 is one, for all of its files together, so that all of them have to be found before any can be
  // proven.
  LayerRemedies find() {
    if (!input_.diff) {
      return failed("the layer's digest is not known, so that nothing can be proven");
    }
    for (size_t proofs = 0; proofs < kMaxProofs; ++proofs) {
      if (const std::string missing = missing_text(); !missing.empty()) {
        return failed(missing);
      }
      std::vector<Replacement> replacements = chosen();
      const Result<Proof> proof = prove_layer(root_, input_, replacements, reader_, cancel_, progress_);
      if (!proof) {
        return failed(proof.error().message());
      }
      if (proof->holds) {
        return remedies(replacements);
      }
      if (proof->useless) {
        drop(*proof->useless);
      } else if (!next_choice()) {
        // All origins gave the right checksums, and yet the layer is not right: another choice among equals is the only
        // thing left to try.
        break;
      }
    }
    return failed("files with the right checksums were found, but with them the layer does not have its digest");
  }

 private:
  static LayerRemedies failed(std::string why) { return {{}, std::move(why)}; }

  std::string missing_text() const {
    size_t missing = 0;
    const LostFile* first = nullptr;
    for (const LostFile& file : files_) {
      if (file.origins.empty()) {
        first = first == nullptr ? &file : first;
        ++missing;
      }
    }
    if (first == nullptr) {
      return "";
    }
    const size_t found = files_.size() - missing;
    const std::string of = std::to_string(found) + " of " + counted(files_.size(), "file");
    return found == 0 ? "" + std::string("its bytes are nowhere to be found")
                      : of + " could be had elsewhere, but not " + escaped(first->path);
  }

  std::vector<Replacement> chosen() const {
    std::vector<Replacement> replacements;
    for (size_t i = 0; i < files_.size(); ++i) {
      const LostFile& file = files_[i];
      replacements.push_back({file.path, file.size, file.crc64, file.origins[chosen_[i]], file.has_size, {}});
    }
    return replacements;
  }

  void drop(size_t number) {
    std::vector<Origin>& origins = files_[number].origins;
    origins.erase(origins.begin() + static_cast<std::ptrdiff_t>(chosen_[number]));
    chosen_[number] = 0;
  }

  // As an odometer counts.
  bool next_choice() {
    for (size_t i = 0; i < files_.size(); ++i) {
      if (++chosen_[i] < files_[i].origins.size()) {
        return true;
      }
      chosen_[i] = 0;
    }
    return false;
  }

  LayerRemedies remedies(std::vector<Replacement>& replacements) const {
    LayerRemedies found;
    for (size_t i = 0; i < replacements.size(); ++i) {
      found.files.push_back({files_[i].issue, std::move(replacements[i].origin), replacements[i].wrong,
                             std::move(replacements[i].links)});
    }
    return found;
  }

  const Root& root_;
  const LayerInput& input_;
  std::span<LostFile> files_;
  std::vector<size_t> chosen_;
  OriginReader& reader_;
  const Cancel& cancel_;
  Progress& progress_;
};

}  // namespace

void find_remedies(const Root& root, const Model& model, const Derived& derived, const Donors& donors, unsigned jobs,
                   const Cancel& cancel, Progress& progress, ContentResults& content) {
  LostFiles lost(model, derived, content);
  if (lost.empty()) {
    return;
  }
  search(root, model, derived, donors, {jobs, cancel}, lost);
  // The wants of one layer stand together.
  std::vector<std::span<LostFile>> layers;
  for (size_t first = 0; first < lost.files().size();) {
    size_t end = first;
    while (end < lost.files().size() && lost.files()[end].layer == lost.files()[first].layer) {
      ++end;
    }
    layers.push_back(std::span(lost.files()).subspan(first, end - first));
    first = end;
  }
  content.remedies.resize(content.layers.size());
  for_each_index(layers.size(), jobs, cancel, [&](size_t i) {
    const size_t layer = layers[i].front().layer;
    const std::optional<LayerInput> input = layer_input(model, derived, layer);
    // One for each layer, because a supply keeps a place in the donor's tar and is for one thread; the donors behind it
    // are shared.
    OriginReader reader(root, cancel, &donors);
    content.remedies[layer] = LayerProof(root, *input, layers[i], reader, cancel, progress).find();
  });
}

}  // namespace dfsck
