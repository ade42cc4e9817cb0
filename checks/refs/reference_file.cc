// From what is known about tags to the bytes of repositories.json.
#include "checks/refs/reference_file.h"

#include <algorithm>

#include "checks/image_verdict.h"
#include "core/model/reference_name.h"

namespace dfsck {
namespace {

bool is_here(const Model& model, const ImageId& id) {
  const Image* image = model.images.find(id);
  return image != nullptr && !judge_image(model, *image).lost();
}

// Adds entries that nobody of higher rank has given yet.
// Tags of images that are here only: others would be dangling as soon as they are written.
void add_entries(const Model& model, const std::vector<Reference>& references, Tags& tags) {
  for (const Reference& reference : references) {
    if (reference.well_formed && reference.image && is_here(model, *reference.image)) {
      tags[reference.repository].try_emplace(reference.name, reference.target);
    }
  }
}

// What the user typed when the container was made, if that was a name and not the image's id.
std::optional<ReferenceName> typed_name(const Container& container) {
  const std::string& typed = container.image_name;
  if (!container.image || typed.starts_with("sha256:") || container.image->hex().starts_with(typed)) {
    return std::nullopt;
  }
  return parse_reference_name(typed);
}

// Newest first, since a tag moves on: what the newest container was made from is the tag's last known image.
void add_from_containers(const Model& model, Tags& tags) {
  std::vector<const Container*> newest_first;
  for (const Container& container : model.containers.containers) {
    newest_first.push_back(&container);
  }
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const Container* a, const Container* b) { return a->created > b->created; });
  for (const Container* container : newest_first) {
    const std::optional<ReferenceName> name = typed_name(*container);
    if (name && is_here(model, *container->image)) {
      tags[name->name].try_emplace(name->key(), container->image->text());
    }
  }
}

}  // namespace

// What is left of the file goes before a temporary file of a cut-off write, and that before what users typed.
Tags provable_tags(const Model& model) {
  Tags tags;
  add_entries(model, model.images.references.references, tags);
  add_entries(model, model.images.references.unfinished, tags);
  add_from_containers(model, tags);
  return tags;
}

size_t count_of(const Tags& tags) {
  size_t count = 0;
  for (const auto& [repository, entries] : tags) {
    count += entries.size();
  }
  return count;
}

}  // namespace dfsck
