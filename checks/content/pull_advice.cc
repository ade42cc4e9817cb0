// A reference with a digest is only made by a pull (moby distribution/pull_v2.go:pullV2Tag), and the registry cache
// knows where a layer came from (distribution/metadata/v2_metadata_service.go).
#include "checks/content/pull_advice.h"

#include <algorithm>
#include <vector>

#include "core/base/escape.h"

namespace dfsck {
namespace {

constexpr size_t kShown = 5;

// Built images have tags that look as if they could be pulled, and are in no registry.
bool came_from_registry(const ImageStore& store, const Image& image) {
  return !image.diff_ids.empty() && std::any_of(store.v2metadata_by_diffid.begin(), store.v2metadata_by_diffid.end(),
                                                [&](const DistributionEntry& entry) {
                                                  return entry.key == image.diff_ids.back().hex() &&
                                                         !entry.sources.empty();
                                                });
}

std::string first_of(const std::vector<std::string>& items) {
  std::string text;
  for (size_t i = 0; i < items.size() && i < kShown; ++i) {
    text += (i > 0 ? ", " : "") + items[i];
  }
  return items.size() > kShown ? text + " and " + std::to_string(items.size() - kShown) + " more" : text;
}

}  // namespace

std::string pull_advice(const Model& model, const ChainId& layer) {
  std::vector<std::string> pulls;
  std::vector<std::string> others;
  for (const Image& image : model.images.images) {
    if (std::find(image.chain.begin(), image.chain.end(), layer) == image.chain.end()) {
      continue;
    }
    std::string tag;
    std::string digest;
    for (const Reference& reference : model.images.references.references) {
      if (reference.image == image.id) {
        std::string& name = reference.name.find('@') != std::string::npos ? digest : tag;
        name = name.empty() ? escaped(reference.name) : name;
      }
    }
    // A tag may name another image by now, whose layers do not help. A digest names this one for ever.
    if (!digest.empty()) {
      pulls.push_back("docker pull " + digest);
    } else if (!tag.empty() && came_from_registry(model.images, image)) {
      pulls.push_back("docker pull " + tag);
    } else if (!tag.empty()) {
      others.push_back(tag);
    }
  }
  std::string text = first_of(pulls);
  if (!others.empty()) {
    text += (text.empty() ? "" : "; ") + std::string("from no registry, so that they must be loaded or built again: ") +
            first_of(others);
  }
  return text.empty() ? "no image with a name needs it" : text;
}

}  // namespace dfsck
