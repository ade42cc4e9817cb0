// Reads and rewrites case files: a comment, objects, damage, options, and the report that is expected.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/text.h"
#include "tests/support/recipe/parse.h"
#include "tests/support/recipe/recipe.h"

namespace dfsck {
namespace {

constexpr std::string_view kMark = "\n--- expect\n";

Result<std::string> file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) {
    return sys_error("read", path);
  }
  return text.str();
}

bool is_object(const std::string& kind) {
  static constexpr std::array kKinds{"root",    "layer",  "image", "container", "mount", "volume",
                                     "network", "record", "build", "plugin",    "swarm"};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

}  // namespace

Result<RecipeCase> read_case(const std::string& path) {
  const Result<std::string> text = file_text(path);
  if (!text) {
    return text.error();
  }
  RecipeCase recipe;
  const size_t mark = text->find(kMark);
  recipe.source = text->substr(0, mark == std::string::npos ? text->size() : mark + 1);
  recipe.expected = mark == std::string::npos ? "" : text->substr(mark + kMark.size());
  Result<std::vector<RecipeItem>> items = parse_recipe(recipe.source);
  if (!items) {
    return format_error("read case", path, items.error().message());
  }
  for (RecipeItem& item : *items) {
    if (item.kind == "base") {
      const auto cases = std::filesystem::path(path).parent_path().parent_path();
      Result<RecipeCase> base = read_case((cases / "good" / (item.word(0) + ".case")).string());
      if (!base) {
        return base.error();
      }
      recipe.objects.insert(recipe.objects.end(), base->objects.begin(), base->objects.end());
    } else if (item.kind == "options") {
      recipe.arguments.insert(recipe.arguments.end(), item.words.begin(), item.words.end());
    } else {
      (is_object(item.kind) ? recipe.objects : recipe.damage).push_back(std::move(item));
    }
  }
  return recipe;
}

Result<void> write_expectation(const std::string& path, const RecipeCase& recipe, const std::string& expected) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << recipe.source << kMark.substr(1) << expected;
  file.flush();
  if (!file) {
    return sys_error("write", path);
  }
  return {};
}

}  // namespace dfsck
