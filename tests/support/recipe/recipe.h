// Recipes: small Docker roots as readable text, turned into real directories on disk.
//
// fixtures/README.md tells the language. Nothing here uses core/model or core/content: what a recipe builds is an
// independent statement of what the daemon writes, so that a wrong belief in the checker cannot hide itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace dfsck {

// When nothing else is said, things were made at this time (2023-11-14 22:13:20 UTC).
constexpr int64_t kRecipeTime = 1'700'000'000;

// One entry of a layer, in the order in which its tar has them.
struct TreeEntry {
  enum class Kind { Directory, File, Symlink, HardLink, Whiteout, Opaque, Fifo, CharDevice, BlockDevice };

  Kind kind = Kind::File;
  std::string path;   // relative, without a leading or trailing '/'
  unsigned mode = 0;  // permission bits with setuid, setgid and sticky
  uint32_t uid = 0;   // as containers see it
  uint32_t gid = 0;
  int64_t mtime = kRecipeTime;
  std::string bytes;   // of a file
  std::string target;  // of a link
  std::map<std::string, std::string> xattrs;
  unsigned major_number = 0;
  unsigned minor_number = 0;
};

using RecipeTree = std::vector<TreeEntry>;

// One object of a recipe or one line of damage: `kind name words... key=value...`, and the entries indented below it.
struct RecipeItem {
  size_t line = 0;
  std::string kind;
  std::vector<std::string> words;  // after the kind, without options
  std::map<std::string, std::string> options;
  RecipeTree tree;

  std::string word(size_t index) const { return index < words.size() ? words[index] : std::string(); }
  std::string option(const std::string& key, const std::string& otherwise = "") const {
    const auto found = options.find(key);
    return found != options.end() ? found->second : otherwise;
  }
  bool has(const std::string& key) const { return options.count(key) > 0; }
};

// A case file, read.
struct RecipeCase {
  std::vector<RecipeItem> objects;
  std::vector<RecipeItem> damage;
  std::vector<std::string> arguments;  // further options for docker-fsck
  std::string source;                  // the text before the expectation
  std::string expected;                // what docker-fsck prints, and "exit N"
};

// Reads the case at `path`; `base NAME` takes the objects of good/NAME.case of the folder two levels up from it.
Result<RecipeCase> read_case(const std::string& path);
// Replaces the expectation of the case file at `path`.
Result<void> write_expectation(const std::string& path, const RecipeCase& recipe, const std::string& expected);

// The names by which damage lines and texts speak of what was built: "top.dir" -> "overlay2/1111...".
using RecipeNames = std::map<std::string, std::string>;

// Builds the objects below `root`, an empty directory. Needs root privileges: owners, devices, trusted xattrs.
Result<RecipeNames> build_root(const std::string& root, const std::vector<RecipeItem>& objects);
// Applies damage to a root that build_root made.
Result<void> apply_damage(const std::string& root, const std::vector<RecipeItem>& damage, const RecipeNames& names);

}  // namespace dfsck
