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
// mend never reads a donor's layers.
void search(const Root& root, const Model& model, const Derived& derived, const Donors& donors, const SearchJobs& how,
            Wanted& wanted) {
  const auto done = [&] { return !wanted.seeks_anything() || how.cancel.requested(); };
  if (!done()) {
    search_layers(root, model, derived, "", how, wanted);
  }
  for (const auto& donor : donors.roots) {
    if (!done()) {
      search_layers(donor->root, donor->model, donor->derived, donor->root.path(), how, wanted);
    }
  }
  for (const DonorLayers which : {DonorLayers::Damaged, DonorLayers::Others}) {
    for (const Donor& donor : donors.archives) {
      if (!done()) {
        search_archive(donor, which, model, derived, how, wanted);
      }
    }
  }
  if (!done()) {
    search_trees(root, model, derived, how, wanted);
  }
}

// The wants of one layer, with the origin that is tried for each.
class LayerProof {
 public:
  LayerProof(const Root& root, const LayerInput& input, std::span<Want> wants, Supply& supply, const Cancel& cancel,
             Progress& progress)
      : root_(root), input_(input), wants_(wants), chosen_(wants.size(), 0), supply_(supply), cancel_(cancel),
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
      const Result<Proof> proof = prove_layer(root_, input_, replacements, supply_, cancel_, progress_);
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
    const Want* first = nullptr;
    for (const Want& want : wants_) {
      if (want.origins.empty()) {
        first = first == nullptr ? &want : first;
        ++missing;
      }
    }
    if (first == nullptr) {
      return "";
    }
    const size_t found = wants_.size() - missing;
    const std::string of = std::to_string(found) + " of " + counted(wants_.size(), "file");
    return found == 0 ? "" + std::string("its bytes are nowhere to be found")
                      : of + " could be had elsewhere, but not " + escaped(first->path);
  }

  std::vector<Replacement> chosen() const {
    std::vector<Replacement> replacements;
    for (size_t i = 0; i < wants_.size(); ++i) {
      const Want& want = wants_[i];
      replacements.push_back({want.path, want.size, want.crc64, want.origins[chosen_[i]], want.has_size, {}});
    }
    return replacements;
  }

  void drop(size_t number) {
    std::vector<Origin>& origins = wants_[number].origins;
    origins.erase(origins.begin() + static_cast<std::ptrdiff_t>(chosen_[number]));
    chosen_[number] = 0;
  }

  // As an odometer counts.
  bool next_choice() {
    for (size_t i = 0; i < wants_.size(); ++i) {
      if (++chosen_[i] < wants_[i].origins.size()) {
        return true;
      }
      chosen_[i] = 0;
    }
    return false;
  }

  LayerRemedies remedies(std::vector<Replacement>& replacements) const {
    LayerRemedies found;
    for (size_t i = 0; i < replacements.size(); ++i) {
      found.files.push_back({wants_[i].issue, std::move(replacements[i].origin), replacements[i].wrong,
                             std::move(replacements[i].links)});
    }
    return found;
  }

  const Root& root_;
  const LayerInput& input_;
  std::span<Want> wants_;
  std::vector<size_t> chosen_;
  Supply& supply_;
  const Cancel& cancel_;
  Progress& progress_;
};

}  // namespace

void find_remedies(const Root& root, const Model& model, const Derived& derived, const Donors& donors, unsigned jobs,
                   const Cancel& cancel, Progress& progress, ContentResults& content) {
  Wanted wanted(model, derived, content);
  if (wanted.empty()) {
    return;
  }
  search(root, model, derived, donors, {jobs, cancel}, wanted);
  // The wants of one layer stand together.
  std::vector<std::span<Want>> layers;
  for (size_t first = 0; first < wanted.wants().size();) {
    size_t end = first;
    while (end < wanted.wants().size() && wanted.wants()[end].layer == wanted.wants()[first].layer) {
      ++end;
    }
    layers.push_back(std::span(wanted.wants()).subspan(first, end - first));
    first = end;
  }
  content.remedies.resize(content.layers.size());
  for_each_index(layers.size(), jobs, cancel, [&](size_t i) {
    const size_t layer = layers[i].front().layer;
    const std::optional<LayerInput> input = layer_input(model, derived, layer);
    // One for each layer, because a supply keeps a place in the donor's tar and is for one thread; the donors behind it
    // are shared.
    Supply supply(root, cancel, &donors);
    content.remedies[layer] = LayerProof(root, *input, layers[i], supply, cancel, progress).find();
  });
}

}  // namespace dfsck
