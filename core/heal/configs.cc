// Archives know their configs' digests already; those of roots are read as they are needed.
#include "core/heal/configs.h"

#include "core/base/escape.h"
#include "core/codec/digest.h"

namespace dfsck {
namespace {

constexpr size_t kConfigLimit = 16U << 20;

// Archives first, whose configs were read and hashed when they were opened. The digest is the proof: no copy needs to
// be weighed against another.
std::optional<ConfigCopy> find_copy(const Donors& donors, const ImageId& id) {
  for (const Donor& donor : donors.archives) {
    if (const DonorImage* image = donor.find_image(id); image != nullptr) {
      return ConfigCopy{escaped(donor.path()), image->config};
    }
  }
  for (const auto& donor : donors.roots) {
    const Image* image = donor->model.images.find(id);
    if (image == nullptr || !image->usable()) {
      continue;
    }
    Result<std::string> bytes = donor->root.read_small(image->path, kConfigLimit);
    // Hashed again, because the other root was scanned a while ago and may have a daemon on it.
    if (bytes && sha256_hex(*bytes) == id.hex()) {
      return ConfigCopy{escaped(donor->root.path() + "/" + image->path.bytes()), std::move(*bytes)};
    }
  }
  return std::nullopt;
}

}  // namespace

Model with_configs(Model model, const Donors& donors) {
  for (Image& image : model.images.images) {
    if (!image.problem.empty() && !image.copy) {
      image.copy = find_copy(donors, image.id);
    }
  }
  // Images that nothing but a name is left of: a tag, a metadata directory or a container says the id, and with it the
  // digest of the bytes to look for.
  std::set<ImageId> missing = model.images.missing();
  for (const Container& container : model.containers.containers) {
    if (container.image && model.images.find(*container.image) == nullptr) {
      missing.insert(*container.image);
    }
  }
  for (const ImageId& id : missing) {
    if (std::optional<ConfigCopy> copy = find_copy(donors, id); copy) {
      model.images.add_lost(id, model.image_path / "imagedb/content/sha256" / id.hex(), std::move(*copy));
    }
  }
  return model;
}

}  // namespace dfsck
