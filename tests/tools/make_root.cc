// make-root: builds the root of a case file, whole or damaged, or a large root for the benchmarks. Needs root.
#include <sys/stat.h>

#include <cerrno>
#include <iostream>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/recipe/scale.h"

namespace {

using dfsck::Result;

int usage() {
  std::cerr << "usage: make-root CASE-FILE OUT [--damaged]\n"
               "       make-root --scale LAYERS IMAGES OUT\n"
               "OUT must not exist, or be an empty directory.\n";
  return 2;
}

Result<void> make_out(const std::string& out) {
  if (::mkdir(out.c_str(), 0710) != 0 && errno != EEXIST) {
    return dfsck::sys_error("mkdir", out);
  }
  return {};
}

Result<void> make_case(const std::string& file, const std::string& out, bool damaged) {
  const Result<dfsck::RecipeCase> recipe = dfsck::read_case(file);
  if (!recipe) {
    return recipe.error();
  }
  if (const Result<void> made = make_out(out); !made) {
    return made;
  }
  const Result<dfsck::RecipeNames> names = dfsck::build_root(out, recipe->objects);
  if (!names) {
    return names.error();
  }
  return damaged ? dfsck::apply_damage(out, recipe->damage, *names) : Result<void>();
}

Result<void> make_scale(const std::string& layers, const std::string& images, const std::string& out) {
  const auto layer_count = dfsck::parse_uint64(layers);
  const auto image_count = dfsck::parse_uint64(images);
  if (!layer_count || !image_count || *image_count == 0 || *layer_count < *image_count ||
      *layer_count / *image_count >= 100) {
    return dfsck::format_error("make-root", "--scale", "needs two numbers, 1 to 100 layers for each image");
  }
  if (const Result<void> made = make_out(out); !made) {
    return made;
  }
  const Result<dfsck::RecipeNames> names = dfsck::build_root(out, dfsck::scale_recipe(*layer_count, *image_count));
  return names ? Result<void>() : Result<void>(names.error());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const bool scale = words.size() == 4 && words[0] == "--scale";
  const bool damaged = words.size() == 3 && words[2] == "--damaged";
  if (!scale && !damaged && words.size() != 2) {
    return usage();
  }
  const Result<void> done = scale ? make_scale(words[1], words[2], words[3]) : make_case(words[0], words[1], damaged);
  if (!done) {
    std::cerr << "make-root: " << done.error().message() << "\n";
    return 1;
  }
  return 0;
}
