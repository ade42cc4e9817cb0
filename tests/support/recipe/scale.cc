// Spreads layers over images so that chains differ in depth and every layer is used.
#include "tests/support/recipe/scale.h"

#include <algorithm>

namespace dfsck {
namespace {

constexpr uint64_t kDeepest = 100;

TreeEntry small_file(const std::string& path, const std::string& bytes) {
  TreeEntry entry;
  entry.path = path;
  entry.mode = 0644;
  entry.bytes = bytes;
  return entry;
}

RecipeItem layer_item(uint64_t number, uint64_t parent) {
  const std::string name = std::to_string(number);
  RecipeItem item;
  item.kind = "layer";
  item.words = {name};
  if (parent != 0) {
    item.words.insert(item.words.end(), {"on", std::to_string(parent)});
  }
  item.tree = {small_file("srv/" + name, "content of " + name + "\n"), small_file("etc/release", name)};
  return item;
}

}  // namespace

std::vector<RecipeItem> scale_recipe(uint64_t layers, uint64_t images) {
  std::vector<RecipeItem> items;
  uint64_t made = 0;
  uint64_t depth_below = 0;
  uint64_t below = 0;  // the layer on which the next image's own layers stand
  for (uint64_t image = 1; image <= images; ++image) {
    const uint64_t own = (layers - made) / (images - image + 1);
    const bool room = depth_below + own <= kDeepest;
    uint64_t top = room ? below : 0;
    uint64_t depth = room ? depth_below : 0;
    for (uint64_t i = 0; i < own; ++i) {
      items.push_back(layer_item(++made, top));
      top = made;
      ++depth;
    }
    RecipeItem item;
    item.kind = "image";
    item.words = {"scale/image" + std::to_string(image) + ":1", "=", std::to_string(top)};
    items.push_back(std::move(item));
    // Every fourth image begins a new tree; the others stand on the one before, as builds of one Dockerfile do.
    const bool fresh = image % 4 == 0;
    below = fresh ? 0 : top;
    depth_below = fresh ? 0 : depth;
  }
  return items;
}

}  // namespace dfsck
