// The words of a recipe: lines, quoted texts, options, tree entries.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/recipe/recipe.h"

namespace dfsck {

// The objects and damage lines of `text`, in order. Errors name the line.
Result<std::vector<RecipeItem>> parse_recipe(std::string_view text);

// `text` with \n \t \\ \" \e and \xNN replaced; nothing if an escape is unknown.
std::optional<std::string> unescaped(std::string_view text);

// `size` bytes that look like a program: not compressible to nothing, different for every `seed`.
std::string filler(size_t size, std::string_view seed);

}  // namespace dfsck
