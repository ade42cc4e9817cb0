// Collecting images and layers, and choosing where each layer is taken from.
#include "core/save/catalogue.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/content/layer_tar.h"
#include "core/content/layers/verify_layers.h"
#include "core/content/pack/pack.h"
#include "core/model/records/image_config.h"
#include "core/model/rfc3339.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr size_t kMaxImageConfig = 64U << 20;
// Of a tar-split that is made again; it stays in memory until it is saved.
constexpr size_t kMaxTarSplit = 256U << 20;

// Hashed here whatever the scan has said: the archive would carry a wrong config under a right name to another
// machine.
Result<std::string> config_bytes(const Root& root, const Image& image) {
  Result<std::string> bytes = image.problem.empty() ? root.read_small(image.path, kMaxImageConfig)
                              : image.copy          ? Result<std::string>(image.copy->bytes)
                                                    : format_error("read", image.path.text(), "it is " + image.problem);
  if (bytes && sha256_hex(*bytes) != image.id.hex()) {
    return format_error("read", image.path.text(), "it does not have the digest that is its name");
  }
  return bytes;
}

int64_t created_of(const JsonValue& config) {
  const std::optional<FileTime> time = rfc3339_time(config.get("created").text());
  return time && time->seconds > 0 ? time->seconds : 0;
}

// By the metadata that a build or commit has written; the archive names the parent only if it holds it as well.
std::optional<ImageId> parent_of(const Model& model, const ImageId& id) {
  const std::vector<ImageMetadata>& all = model.images.metadata;
  const auto found = std::lower_bound(all.begin(), all.end(), id.hex(),
                                      [](const ImageMetadata& one, const auto& hex) { return one.name < hex; });
  return found != all.end() && found->id == id ? found->parent_id : std::nullopt;
}

}  // namespace

// By the names that entries should have, so that a layer under a wrong name is found as what it is.
SaveCatalogue::SaveCatalogue(std::vector<SaveRoot> roots) : roots_(std::move(roots)), indexes_(roots_.size()) {
  for (size_t r = 0; r < roots_.size(); ++r) {
    for (size_t i = 0; i < roots_[r].model.layers.layers.size(); ++i) {
      const LayerTruth& truth = roots_[r].derived.layers[i];
      indexes_[r].by_chain.emplace(truth.right_name ? *truth.right_name : roots_[r].model.layers.layers[i].id, i);
      if (truth.diff) {
        indexes_[r].by_diff.emplace(*truth.diff, i);
      }
    }
  }
}

// What is wrong with an image is kept and not returned: the others are saved all the same, if the user wants that.
SavedImage SaveCatalogue::read_image(const ChosenImage& chosen) {
  const SaveRoot& at = roots_[chosen.root];
  SavedImage saved(chosen.id);
  saved.names = chosen.names;
  const Image* image = at.model.images.find(chosen.id);
  if (image == nullptr) {
    saved.problem = "its config is missing";
    return saved;
  }
  Result<std::string> bytes = config_bytes(at.root, *image);
  if (!bytes) {
    saved.problem = bytes.error().message();
    return saved;
  }
  Image usable(chosen.id);
  parse_image_config(*bytes, usable);
  const Result<JsonValue> parsed = parse_json(*bytes);
  if (!usable.unusable.empty() || !parsed) {
    saved.problem = "its config is of no use: " + usable.unusable;
    return saved;
  }
  saved.config = std::move(*bytes);
  saved.parsed = *parsed;
  saved.created = created_of(saved.parsed);
  saved.chain = usable.chain;
  saved.parent = parent_of(at.model, chosen.id);
  for (size_t i = 0; i < usable.chain.size(); ++i) {
    saved.layers.push_back(layer_slot(chosen.root, usable.chain[i], usable.diff_ids[i]));
  }
  return saved;
}

// One image under two names is one image with two names.
void SaveCatalogue::add_image(const ChosenImage& chosen) {
  const auto [slot, is_new] = image_slots_.try_emplace(chosen.id, images_.size());
  if (is_new) {
    images_.push_back(read_image(chosen));
    return;
  }
  std::vector<ImageName>& names = images_[slot->second].names;
  for (const ImageName& name : chosen.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(name);
    }
  }
}

void SaveCatalogue::add_derived_image(const SavedImage& below, SavedImage image, std::optional<SavedLayer> top) {
  image.chain = below.chain;
  image.layers = below.layers;
  if (top) {
    image.chain.push_back(chain_id(below.chain.empty() ? std::nullopt : std::optional(below.chain.back()), top->diff));
    const auto [slot, is_new] = layer_slots_.try_emplace(top->diff, layers_.size());
    image.layers.push_back(slot->second);
    if (is_new) {
      layers_.push_back(std::move(*top));
    }
  }
  images_.push_back(std::move(image));
}

// The same tar may lie under several chain IDs, and one copy of it may be better than another.
// Candidates in two waves: a tar-split gives the tar as it was, header by header. Without one it can only be packed
// anew, and that comes out right only if Docker's own packer made it.
void SaveCatalogue::add_candidates(size_t root, const ChainId& chain, SavedLayer& layer) const {
  const SaveRoot& at = roots_[root];
  std::vector<SavedLayer::Candidate> list;
  const auto add = [&](size_t i) {
    const FileState& tar_split = at.model.layers.layers[i].tar_split;
    std::optional<LayerInput> input = tree_input(at.model, at.derived, i);
    if (!input || input->tree_lost) {
      return;
    }
    input->diff = layer.diff;
    if (tar_split.present() && tar_split.size > 0) {
      list.push_back({&at.root, *input, false});
    }
    list.push_back({&at.root, *input, true});
  };
  const auto own = indexes_[root].by_chain.find(chain);
  if (own != indexes_[root].by_chain.end()) {
    add(own->second);
  }
  const auto [first, last] = indexes_[root].by_diff.equal_range(layer.diff);
  for (auto other = first; other != last; ++other) {
    if (own == indexes_[root].by_chain.end() || other->second != own->second) {
      add(other->second);
    }
  }
  // Making a tar-split again takes long, and succeeds only for what Docker packed itself.
  std::stable_partition(list.begin(), list.end(), [](const SavedLayer::Candidate& one) { return !one.repack; });
  // From the back, as advance() takes the last.
  layer.candidates.assign(list.rbegin(), list.rend());
}

size_t SaveCatalogue::layer_slot(size_t root, const ChainId& chain, const DiffId& diff) {
  const auto [slot, is_new] = layer_slots_.try_emplace(diff, layers_.size());
  if (is_new) {
    add_candidates(root, chain, layers_.emplace_back(diff));
  }
  return slot->second;
}

// Nothing is proven here but that there is something to begin with: the digest is proven while the tar is written,
// when the bytes are read anyway.
void SaveCatalogue::advance(SavedLayer& layer, const Cancel& cancel, Progress& progress) const {
  layer.root = nullptr;
  while (!layer.candidates.empty() && !cancel.requested()) {
    const SavedLayer::Candidate candidate = std::move(layer.candidates.back());
    layer.candidates.pop_back();
    TarSource source{candidate.input, ""};
    if (candidate.repack) {
      const Result<PackedLayer> packed =
          pack_layer(*candidate.root, source.input, host_owner_names(), cancel, progress, [&](std::string_view piece) {
            source.tar_split += piece;
            return source.tar_split.size() > kMaxTarSplit
                       ? Result<void>(limit_error("pack", source.input.diff_dir.text(), "it has too many entries"))
                       : Result<void>();
          });
      if (!packed || !packed->matches) {
        layer.problems.push_back("its tree cannot be packed as it once was: " +
                                 (packed ? packed->reason : packed.error().message()));
        continue;
      }
    }
    const Result<uint64_t> size = layer_tar_size(*candidate.root, source);
    if (size) {
      layer.root = candidate.root;
      layer.source = std::move(source);
      layer.size = *size;
      return;
    }
    layer.problems.push_back(size.error().message());
  }
}

// Each job has a layer of its own; nothing else is changed.
void SaveCatalogue::locate(unsigned jobs, const Cancel& cancel, Progress& progress) {
  for_each_index(layers_.size(), jobs, cancel, [&](size_t i) {
    if (!layers_[i].usable()) {
      advance(layers_[i], cancel, progress);
    }
  });
}

void SaveCatalogue::reject(size_t layer, const std::string& problem, std::vector<std::string> bad_files,
                           const Cancel& cancel, Progress& progress) {
  SavedLayer& rejected = layers_[layer];
  rejected.problems.push_back(problem);
  for (std::string& file : bad_files) {
    rejected.bad_files.push_back(std::move(file));
  }
  advance(rejected, cancel, progress);
}

// Asked again after each layer that turned out wrong: one layer can take several images with it.
std::string SaveCatalogue::problem_of(const SavedImage& image) const {
  if (!image.problem.empty()) {
    return image.problem;
  }
  for (size_t i = 0; i < image.layers.size(); ++i) {
    const SavedLayer& layer = layers_[image.layers[i]];
    if (!layer.usable()) {
      return "layer " + std::to_string(i + 1) + " of " + std::to_string(image.layers.size()) + " (" +
             layer.diff.text() + ") " + (layer.problems.empty() ? "is not in the root" : "is damaged");
    }
  }
  return "";
}

std::vector<size_t> SaveCatalogue::savable() const {
  std::vector<size_t> indexes;
  for (size_t i = 0; i < images_.size(); ++i) {
    if (problem_of(images_[i]).empty()) {
      indexes.push_back(i);
    }
  }
  return indexes;
}

}  // namespace dfsck
