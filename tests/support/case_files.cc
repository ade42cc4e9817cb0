// Finds the cases of fixtures/cases.
#include "tests/support/case_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace dfsck::test {

namespace fs = std::filesystem;

std::vector<std::string> case_files() {
  std::vector<std::string> files;
  std::error_code failure;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(kCases, failure)) {
    if (entry.path().extension() == ".case") {
      files.push_back(fs::relative(entry.path(), kCases).string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<RecipeNames> build_case(const std::string& file, const std::string& root) {
  const Result<RecipeCase> recipe = read_case(std::string(kCases) + "/" + file);
  if (!recipe) {
    return recipe.error();
  }
  fs::create_directory(root);
  Result<RecipeNames> names = build_root(root, recipe->objects);
  if (!names) {
    return names;
  }
  const Result<void> damaged = apply_damage(root, recipe->damage, *names);
  return damaged ? std::move(names) : damaged.error();
}

}  // namespace dfsck::test
