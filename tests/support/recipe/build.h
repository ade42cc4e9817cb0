// What the parts of the builder share: the disk, what was built so far, and the databases being filled.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/support/recipe/bolt.h"
#include "tests/support/recipe/disk.h"
#include "tests/support/recipe/recipe.h"

namespace dfsck {

struct BuiltLayer {
  std::string chain;     // "sha256:..."
  std::string cache_id;  // its directory in overlay2
  std::string link;
  std::string lower;                  // empty for a base layer
  std::string snapshot;               // the key by which BuildKit's snapshots.db would name it as a parent
  std::vector<std::string> diff_ids;  // of the whole chain, lowest first; empty for a directory of the build cache
  const BuiltLayer* below = nullptr;  // what it stands on
  RecipeTree tree;                    // its own

  RecipeTree whole_tree() const;  // of the chain, lowest layer first
};

struct BuiltImage {
  std::string id;  // "sha256:..."
  std::string layer;
};

struct RootBuild {
  explicit RootBuild(const std::string& root) : disk(root) {}

  RecipeDisk disk;
  std::string driver = "overlay2";
  std::string prefix;                        // "100000.100000/" for a remapped root
  int version = 20;                          // of the daemon that is imitated
  std::map<std::string, BuiltLayer> layers;  // by the recipe's names; the build cache's directories too
  std::map<std::string, BuiltImage> images;  // by tag and by alias
  std::map<std::string, std::map<std::string, std::string>> repositories;
  std::map<std::string, DiskTime> committed;      // overlay2 directories with something above them, and since when
  int64_t clock = kRecipeTime;                    // goes on by a minute with every directory of overlay2
  std::map<std::string, std::string> networks;    // name -> id
  std::map<std::string, RecipeBucket> databases;  // path -> content
  std::map<std::string, size_t> leaks;            // path -> pages that neither are used nor free
  RecipeNames names;

  std::string image_dir() const { return "image/" + driver; }
  // Notes that the next directory stands on `dir`.
  void mark_committed(const std::string& dir) { committed.try_emplace(dir, DiskTime{clock + 60, 5'000'000}); }
  void name(const std::string& key, const std::string& path) { names[key] = prefix + path; }
  void say(const std::string& key, const std::string& value) { names[key] = value; }
};

// Ids from short tokens: a token of the right alphabet is repeated to the full length, anything else is hashed.
std::string long_hex(const std::string& token);  // 64 of [0-9a-f]
std::string build_id(const std::string& token);  // 25 of [0-9a-z]
std::string link_id(const std::string& token);   // 26 of [A-Z2-7]
std::string quoted(const std::string& text);     // as Go's JSON encoder prints it
std::string go_time(int64_t seconds, long nanoseconds = 0);

void make_skeleton(RootBuild& build);
void make_layer(RootBuild& build, const RecipeItem& item);
void make_build_dir(RootBuild& build, const RecipeItem& item);
void make_image(RootBuild& build, const RecipeItem& item);
void make_container(RootBuild& build, const RecipeItem& item);
void make_build_mount(RootBuild& build, const RecipeItem& item);
void make_volume(RootBuild& build, const RecipeItem& item);
void make_network(RootBuild& build, const RecipeItem& item);
void make_record(RootBuild& build, const RecipeItem& item);
void make_plugin(RootBuild& build, const RecipeItem& item);
void make_swarm(RootBuild& build, const RecipeItem& item);
void finish_images(RootBuild& build);
void finish_databases(RootBuild& build);

// One directory of overlay2 with its short link; `lower` is the text of its file, empty for a base layer.
struct RecipeDir {
  std::string id;
  std::string link;
  std::string lower;
};
void make_overlay_dir(RootBuild& build, const RecipeDir& dir, const RecipeTree& tree, TreeStyle style);
// The text of `lower` for what stands on `parent`.
std::string lower_above(const BuiltLayer& parent);

}  // namespace dfsck
