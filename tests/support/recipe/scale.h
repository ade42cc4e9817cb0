// Large roots for benchmarks, as recipes.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/recipe/recipe.h"

namespace dfsck {

// `layers` tiny layers in chains of 1 to 100 that share their lower parts, with `images` on top of them.
// Every layer belongs to an image. At most 100 layers for each image.
std::vector<RecipeItem> scale_recipe(uint64_t layers, uint64_t images);

}  // namespace dfsck
