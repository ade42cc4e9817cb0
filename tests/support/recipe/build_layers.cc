// Layers: their directories in overlay2, their entries in layerdb, and what BuildKit remembers of them.
#include "core/base/text.h"
#include "core/codec/digest.h"
#include "tests/support/recipe/build.h"
#include "tests/support/recipe/gzip.h"
#include "tests/support/recipe/tar.h"

namespace dfsck {
namespace {

std::string chain_id(const std::string& parent, const std::string& diff) {
  return parent.empty() ? diff : "sha256:" + sha256_hex(parent + " " + diff);
}

// What the daemon counts: files, and the target's length of symbolic links unless BuildKit made the layer.
size_t layer_size(const RecipeTree& tree, TreeStyle style) {
  size_t size = 0;
  for (const TreeEntry& entry : tree) {
    size += entry.bytes.size();
    size += entry.kind == TreeEntry::Kind::Symlink && style == TreeStyle::Extracted ? entry.target.size() : 0;
  }
  return size;
}

// The layer that `item` stands on ("on NAME"); null for a base layer. An unknown name fails the build.
const BuiltLayer* parent_of(RootBuild& build, const RecipeItem& item) {
  if (item.word(1) != "on") {
    return nullptr;
  }
  const auto found = build.layers.find(item.word(2));
  if (found == build.layers.end()) {
    build.disk.fail("no layer " + item.word(2) + " above line " + std::to_string(item.line));
    return nullptr;
  }
  return &found->second;
}

void make_layerdb_entry(RootBuild& build, const BuiltLayer& layer, const RecipeTree& tree, size_t tail,
                        TreeStyle style) {
  RecipeDisk& disk = build.disk;
  const std::string dir = build.image_dir() + "/layerdb/sha256/" + layer.chain.substr(7);
  const LastSegment last = build.version < 25 ? LastSegment::Empty : LastSegment::None;
  disk.directory(dir, 0700);
  disk.file(dir + "/cache-id", layer.cache_id, 0644);
  disk.file(dir + "/diff", layer.diff_ids.back(), 0644);
  disk.file(dir + "/size", std::to_string(layer_size(tree, style)), 0644);
  if (layer.below != nullptr) {
    disk.file(dir + "/parent", layer.below->chain, 0644);
  }
  disk.file(dir + "/tar-split.json.gz", go_gzip(tar_split_lines(tar_members(tree), tail, last)), 0644);
}

RecipeBucket& snapshot(RootBuild& build, const std::string& key) {
  return build.databases["buildkit/snapshots.db"].buckets[key];
}

// The records of one directory that BuildKit made: the directory's own and the name under which it was committed.
void record_snapshot(RootBuild& build, const BuiltLayer& layer, const BuiltLayer* parent, bool committed) {
  RecipeBucket& own = snapshot(build, layer.cache_id);
  own.values["parent"] = parent != nullptr ? parent->snapshot : "";
  if (parent != nullptr && parent->snapshot.starts_with("sha256:")) {
    snapshot(build, parent->snapshot);
  }
  if (committed) {
    own.values["iscommitted"] = "";
    snapshot(build, layer.snapshot).values["committed"] = layer.cache_id;
    if (!layer.diff_ids.empty()) {
      snapshot(build, layer.snapshot).values["chainid"] = layer.chain;
    }
  }
  RecipeBucket& main = build.databases["buildkit/metadata_v2.db"].buckets["_main"].buckets[layer.snapshot];
  main.values["cache.createdAt"] = R"({"value":)" + std::to_string(kRecipeTime) + "000000000}";
  main.values["cache.snapshot"] = R"({"value":)" + quoted(layer.snapshot) + "}";
}

void name_directory(RootBuild& build, const std::string& name, const BuiltLayer& layer) {
  build.name(name + ".dir", build.driver + "/" + layer.cache_id);
  build.name(name + ".diff", build.driver + "/" + layer.cache_id + "/diff");
  build.name(name + ".link", build.driver + "/l/" + layer.link);
  build.say(name + ".cache", layer.cache_id);
  build.say(name + ".linkid", layer.link);
  build.say(name + ".lower", layer.lower);
}

BuiltLayer start_layer(RootBuild& build, const RecipeItem& item, const BuiltLayer* parent) {
  BuiltLayer layer;
  layer.link = link_id(item.option("link", "link of " + item.word(0)));
  layer.lower = parent != nullptr ? lower_above(*parent) : "";
  layer.below = parent;
  layer.diff_ids = parent != nullptr ? parent->diff_ids : std::vector<std::string>();
  if (parent != nullptr) {
    build.mark_committed(parent->cache_id);
  }
  return layer;
}

}  // namespace

RecipeTree BuiltLayer::whole_tree() const {
  RecipeTree whole = below != nullptr ? below->whole_tree() : RecipeTree();
  whole.insert(whole.end(), tree.begin(), tree.end());
  return whole;
}

std::string lower_above(const BuiltLayer& parent) {
  return "l/" + parent.link + (parent.lower.empty() ? "" : ":" + parent.lower);
}

void make_overlay_dir(RootBuild& build, const RecipeDir& dir, const RecipeTree& tree, TreeStyle style) {
  RecipeDisk& disk = build.disk;
  const std::string home = build.driver + "/" + dir.id;
  build.clock += 60;
  disk.directory(home, 0710);
  disk.owner(home, disk.daemon_id(), disk.container_id(0));
  disk.directory(home + "/diff", 0755);
  disk.owner(home + "/diff", disk.container_id(0), disk.container_id(0));
  disk.symlink(build.driver + "/l/" + dir.link, "../" + dir.id + "/diff");
  disk.file(home + "/link", dir.link, 0644);
  if (!dir.lower.empty()) {
    disk.directory(home + "/work", 0700);
    disk.owner(home + "/work", disk.container_id(0), disk.container_id(0));
    disk.file(home + "/lower", dir.lower, 0644);
  }
  write_tree(disk, home + "/diff", tree, style);
  for (const std::string& path : {home, home + "/link", build.driver + "/l/" + dir.link}) {
    disk.time(path, {build.clock, 0});
  }
}

void make_layer(RootBuild& build, const RecipeItem& item) {
  const BuiltLayer* parent = parent_of(build, item);
  BuiltLayer layer = start_layer(build, item, parent);
  const RecipeTree tree = completed(item.tree);
  const TreeStyle style = item.has("build") ? TreeStyle::Upper : TreeStyle::Extracted;
  const size_t tail = parse_uint64(item.option("tail", "0")).value_or(0);
  layer.diff_ids.push_back("sha256:" + sha256_hex(tar_bytes(tar_members(tree), tail)));
  layer.chain = chain_id(parent != nullptr ? parent->chain : "", layer.diff_ids.back());
  layer.cache_id =
      item.has("build") ? build_id(item.option("build")) : long_hex(item.option("dir", "dir of " + item.word(0)));
  layer.snapshot = item.has("build") ? build_id("name of " + item.word(0)) : layer.chain;
  layer.tree = tree;
  if (build.driver == "vfs") {
    build.disk.directory("vfs/dir/" + layer.cache_id, 0755);
    write_tree(build.disk, "vfs/dir/" + layer.cache_id, layer.whole_tree(), style);
  } else {
    make_overlay_dir(build, {layer.cache_id, layer.link, layer.lower}, tree, style);
  }
  make_layerdb_entry(build, layer, tree, tail, style);
  if (item.has("build")) {
    record_snapshot(build, layer, parent, true);
  }
  const std::string& name = item.words[0];
  build.name(name, build.image_dir() + "/layerdb/sha256/" + layer.chain.substr(7));
  build.say(name + ".chain", layer.chain);
  build.say(name + ".hex", layer.chain.substr(7));
  build.say(name + ".diffid", layer.diff_ids.back());
  name_directory(build, name, layer);
  build.layers[name] = std::move(layer);
}

void make_build_dir(RootBuild& build, const RecipeItem& item) {
  const BuiltLayer* parent = parent_of(build, item);
  BuiltLayer layer = start_layer(build, item, parent);
  const RecipeTree tree = completed(item.tree);
  layer.diff_ids.clear();
  layer.cache_id = build_id(item.option("dir", item.word(0)));
  // Not yet committed directories are known by their own name.
  layer.snapshot = item.has("mutable") ? layer.cache_id : build_id("name of " + item.word(0));
  layer.tree = tree;
  make_overlay_dir(build, {layer.cache_id, layer.link, layer.lower}, tree, TreeStyle::Upper);
  if (!item.has("unrecorded")) {
    record_snapshot(build, layer, parent, !item.has("mutable"));
  }
  build.say(item.words[0] + ".record", layer.snapshot);
  name_directory(build, item.words[0], layer);
  build.layers[item.words[0]] = std::move(layer);
}

}  // namespace dfsck
