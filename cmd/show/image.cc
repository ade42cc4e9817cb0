// An image or a tag: its config, its names, its layers and who was made from it.
#include "cmd/show/describe.h"

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// Facts for people out of the config; a config that cannot be read is told of by the findings.
// Read again, since the model keeps only what checks need.
void add_config(const ShowView& view, const Image& image, Description& description) {
  constexpr size_t kLargest = 8U << 20;
  const Result<std::string> bytes = view.root.read_small(image.path, kLargest);
  const Result<JsonValue> config = bytes ? parse_json(*bytes) : bytes.error();
  if (!config) {
    return;
  }
  const auto text = [&](const char* key) { return escaped(config->get(key).text()); };
  description.fact("created", text("created"));
  const std::string variant = text("variant");
  description.fact("platform", text("os") + "/" + text("architecture") + (variant.empty() ? "" : "/" + variant));
}

// May be there without a config: then the image is lost, and this is its trace.
const ImageMetadata* metadata_of(const ImageStore& images, const std::string& id) {
  for (const ImageMetadata& metadata : images.metadata) {
    if (metadata.id && metadata.id->text() == id) {
      return &metadata;
    }
  }
  return nullptr;
}

// The sizes that layerdb records, as docker image ls adds them up.
std::string chain_text(const ShowView& view, const Image& image) {
  uint64_t bytes = 0;
  size_t missing = 0;
  for (const ChainId& chain : image.chain) {
    const Layer* layer = view.model.layers.find(chain);
    bytes += layer != nullptr ? layer->size_value.value_or(0) : 0;
    missing += layer == nullptr ? 1 : 0;
  }
  return counted(image.chain.size(), "layer") + ", " + human_bytes(bytes) +
         (missing == 0 ? "" : " (" + std::to_string(missing) + " missing)");
}

// Images that were built on this one hold it too: docker rmi refuses while they are there.
std::vector<ShownThing> referrers(const ShowView& view, const std::string& id) {
  std::vector<ShownThing> things;
  for (const std::string& name : names_of_image(view.model, id)) {
    things.push_back({"tag", "tag", escaped(name), {}, {}});
  }
  for (const Container& container : view.model.containers.containers) {
    if (container.image && container.image->text() == id) {
      things.push_back(container_thing(view, "container", container.name_on_disk));
    }
  }
  for (const ImageMetadata& metadata : view.model.images.metadata) {
    if (metadata.id && metadata.parent_id && metadata.parent_id->text() == id) {
      things.push_back(image_thing(view, "child image", metadata.id->text()));
    }
  }
  return things;
}

}  // namespace

// An image of which only the id is known, from a tag or a container, is described as well:
// that it is missing is what has to be seen.
Description describe_image(const ShowView& view, const std::string& id) {
  Description description;
  description.kind = "image";
  description.id = id;
  description.name = joined(names_of_image(view.model, id), ", ", escaped);
  const ImageStore& images = view.model.images;
  const Image* image = images.find(*ImageId::parse(id));
  description.fact("id", id);
  description.fact("names", description.name.empty() ? "none" : description.name);
  std::vector<ShownThing> below;
  if (image == nullptr || image->state == FileState::Kind::Absent) {
    description.fact("config", "missing");
  } else {
    add_config(view, *image, description);
    description.fact("config", !image->problem.empty() ? image->problem : image->unusable);
    description.places.push_back(view.place(image->path, "its config"));
  }
  if (const ImageMetadata* metadata = metadata_of(images, id); metadata != nullptr) {
    description.places.push_back(view.place(metadata->path, "its parent and time of use"));
    if (metadata->parent_id) {
      below.push_back(image_thing(view, "parent image", metadata->parent_id->text()));
    }
  }
  if (!description.name.empty()) {
    description.places.push_back(view.place(view.model.image_path / "repositories.json", "its names"));
  }
  if (image != nullptr && image->problem.empty()) {
    description.fact("size", chain_text(view, *image));
    for (ShownThing& layer : stack_things(view, image->chain)) {
      below.push_back(std::move(layer));
    }
  }
  description.lists = {used_by(referrers(view, id)), uses(std::move(below))};
  return description;
}

// A tag whose image is missing is still a name that is taken.
Description describe_tag(const ShowView& view, const std::string& name) {
  Description description;
  description.kind = "tag";
  description.id = escaped(name);
  for (const Reference& reference : view.model.images.references.references) {
    if (reference.name == name) {
      description.fact("repository", escaped(reference.repository));
      description.fact("leads to", escaped_excerpt(reference.target, 200));
      description.fact("note", reference.well_formed ? "" : "it is no name that a daemon writes");
    }
  }
  description.places.push_back(view.place(view.model.image_path / "repositories.json", "its entry"));
  return description;
}

}  // namespace dfsck
