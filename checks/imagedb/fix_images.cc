// Repairs of imagedb: a config that is lost goes aside with all that names it, one whose bytes exist is written again.
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "checks/refs/fix_references.h"

namespace dfsck {
namespace {

constexpr uint32_t kConfigMode = 0600;

const Image* image_of(const CheckInput& input, const Finding& finding) {
  const std::optional<ImageId> id = ImageId::parse(finding.subject.id);
  return id ? input.model.images.find(*id) : nullptr;
}

}  // namespace

// Config, metadata and tags go together. A tag that stays would name an image that is gone, and a
// config that stays would be reported by the daemon at each start. Layers stay where they are: a pull
// finds them by their chain IDs and fetches none of them again.
void fix_quarantine_image(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Image* image = image_of(input, finding);
  if (!can_go_aside(image)) {
    return;
  }
  plan.add(index, stage::kImages, Quarantine{image->path}, expect_now(input.root, image->path));
  for (const ImageMetadata& metadata : input.model.images.metadata) {
    if (metadata.id == image->id) {
      plan.add(index, stage::kImages, Quarantine{metadata.path}, expect_now(input.root, metadata.path));
    }
  }
  // Its tags go by drop_tags.
}

// The digest is the file's name, so these are the exact bytes; a config that is
// merely equal as JSON would be another image.
void fix_restore_image_config(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const Image* image = image_of(input, finding);
  if (image != nullptr && image->copy && image->state != FileState::Kind::Unreadable) {
    plan.add(index, stage::kImages, WriteFile{image->path, image->copy->bytes, daemon_owner(input.model, kConfigMode)},
             expect_now(input.root, image->path));
  }
}

}  // namespace dfsck
