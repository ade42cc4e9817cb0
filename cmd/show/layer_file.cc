// A file in a directory of overlay2: what is on disk, what tar-split says, and who sees it.
#include <algorithm>
#include <cerrno>
#include <map>

#include "cmd/show/describe.h"
#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/content/find_entry.h"
#include "core/content/layers/verify_layers.h"
#include "core/content/shadow.h"

namespace dfsck {
namespace {

constexpr const char* kEntries = "entries";
constexpr const char* kSeenBy = "seen_by";

// The file that is looked at, and the layers around it.
struct ShownFile {
  const ShowView& view;
  CacheId dir;
  std::string path;  // below diff/
  std::optional<DirOwner> owner;
  std::optional<ChainId> chain;  // if the directory is a layer's
  const char* seen = "visible";  // what it is where nothing hides it
  bool is_directory = false;     // what lies below it is merged with what layers on top have there

  RelPath tree(const CacheId& id) const { return view.model.overlay.path / id.text() / "diff"; }
};

// A directory on top of others, with the name by which it is told.
// In the order from the base up, as a container's view is stacked.
struct Storey {
  std::string name;
  std::optional<CacheId> dir;
};

std::vector<Storey> storeys(const ShowView& view, const std::vector<ChainId>& chains) {
  std::vector<Storey> found;
  for (const ChainId& chain : chains) {
    found.push_back({"layer " + chain.text(), dir_of_layer(view, chain)});
  }
  return found;
}

// Init layer and writable layer belong to it: a file that a container has deleted is whole in the image.
std::vector<Storey> storeys_of_mount(const ShowView& view, const std::string& mount) {
  std::vector<Storey> found = storeys(view, stack_of_mount(view, mount));
  if (const MountTruth* truth = find_mount_truth(view, mount); truth != nullptr) {
    if (truth->init_dir) {
      found.push_back({"its init layer", truth->init_dir});
    }
    found.push_back({"its writable layer", truth->dir});
  }
  return found;
}

// By what the layer above does to the name, in the words of overlay: a whiteout and an
// opaque directory are repaired in different ways.
std::string how_text(const Shadow& shadow) {
  const std::string at = escaped(shadow.at);
  switch (shadow.kind) {
    case Shadow::Kind::Replaced: return "has another of its name";
    case Shadow::Kind::Whiteout: return "deletes " + at;
    case Shadow::Kind::Opaque: return "hides all below " + at;
    case Shadow::Kind::Blocked: return "has no directory at " + at;
    case Shadow::Kind::Merged: return "has a directory of its name";
    case Shadow::Kind::None: break;
  }
  return "";
}

// What other directories do to the name: each is looked into once, however many images have it.
class Shadows {
 public:
  explicit Shadows(const ShownFile& file) : file_(file) {}

  const Result<Shadow>& in(const CacheId& dir) {
    auto known = known_.find(dir);
    if (known == known_.end()) {
      known = known_.emplace(dir, shadow_of(file_.view.root, file_.tree(dir), file_.path)).first;
    }
    return known->second;
  }

 private:
  const ShownFile& file_;
  std::map<CacheId, Result<Shadow>> known_;
};

// Whether what lies in the file's directory is seen through the storeys above it.
// The first layer above that has something to say decides: what lies above that cannot bring the file back.
void add_sight(const ShownFile& file, const std::vector<Storey>& stack, Shadows& shadows, ShownThing& thing) {
  const auto own =
      std::find_if(stack.begin(), stack.end(), [&](const Storey& storey) { return storey.dir == file.dir; });
  if (own == stack.end()) {
    return;
  }
  for (auto storey = own + 1; storey != stack.end(); ++storey) {
    const Result<Shadow> shadow = storey->dir ? shadows.in(*storey->dir) : Result<Shadow>(Shadow{});
    if (!shadow) {
      thing.facts.push_back({"note", storey->name + " cannot be looked into"});
    } else if (shadow->hides() || (shadow->kind == Shadow::Kind::Merged && !file.is_directory)) {
      thing.facts.push_back({file.seen, "no"});
      thing.facts.push_back({"hidden by", storey->name});
      thing.facts.push_back({"which", how_text(*shadow)});
      return;
    }
  }
  thing.facts.push_back({file.seen, "yes"});
}

// One file can be seen by some images and hidden in others, so each is told for itself.
ShownList seen_by(const ShownFile& file) {
  const ShowView& view = file.view;
  ShownList list{kSeenBy, "who sees it", {}};
  Shadows shadows(file);
  for (const Image& image : view.model.images.images) {
    if (file.chain && std::find(image.chain.begin(), image.chain.end(), *file.chain) != image.chain.end()) {
      list.things.push_back(image_thing(view, "image", image.id.text()));
      add_sight(file, storeys(view, image.chain), shadows, list.things.back());
    }
  }
  // Without a name it is mostly a step of a build.
  std::stable_partition(list.things.begin(), list.things.end(),
                        [](const ShownThing& image) { return !image.names.empty(); });
  for (const Mount& mount : view.model.layers.mounts) {
    const std::vector<Storey> stack = storeys_of_mount(view, mount.name);
    if (std::any_of(stack.begin(), stack.end(), [&](const Storey& storey) { return storey.dir == file.dir; })) {
      list.things.push_back(container_thing(view, mount.of_build ? "build step" : "container", mount.name));
      list.things.back().facts.clear();
      add_sight(file, stack, shadows, list.things.back());
    }
  }
  return list;
}

// What of the layers below the file stands in for, or deletes.
// From the top down to the first that has the name: below it nothing is seen through it either.
void add_below(const ShownFile& file, std::vector<ShownThing>& things) {
  const ShowView& view = file.view;
  std::vector<ChainId> below = file.chain   ? stack_up_to(view, file.chain)
                               : file.owner ? stack_of_mount(view, file.owner->name)
                                            : std::vector<ChainId>();
  if (file.chain && !below.empty()) {
    below.pop_back();
  }
  for (auto chain = below.rbegin(); chain != below.rend(); ++chain) {
    const std::optional<CacheId> dir = dir_of_layer(view, *chain);
    const Result<Shadow> shadow = dir ? shadow_of(view.root, file.tree(*dir), file.path) : Result<Shadow>(Shadow{});
    if (!shadow || shadow->kind == Shadow::Kind::None) {
      continue;
    }
    const bool there = shadow->kind == Shadow::Kind::Replaced || shadow->kind == Shadow::Kind::Merged;
    if (there || shadow->at == file.path) {
      things.push_back(layer_thing(view, "the same name is in", *chain));
    }
    return;
  }
}

ShownThing shown_entry(const FileStat& stat, std::string_view role) {
  Description facts;
  add_stat(stat, facts);
  ShownThing thing{std::string(role), "entry", "", {}, std::move(facts.facts)};
  return std::move(thing)
      .with("device", stat.is_whiteout() || !(S_ISCHR(stat.mode) || S_ISBLK(stat.mode))
                          ? ""
                          : std::to_string(stat.rdev_major) + ":" + std::to_string(stat.rdev_minor))
      .with("note", stat.is_whiteout() ? "a whiteout: it deletes what layers below have of this name" : "");
}

// Both are shown side by side in the same words, so that a difference is seen without knowing the
// format. A hard link has no size of its own in a tar.
ShownThing shown_entry(const PathInTar& found, uint64_t link_type_size) {
  ShownThing thing{"in tar-split", "entry", "", {}, {}};
  if (found.entry) {
    const ExpectedEntry& entry = *found.entry;
    FileStat stat;
    stat.mode = entry.mode;
    stat.uid = entry.uid;
    stat.gid = entry.gid;
    stat.size = S_ISLNK(entry.mode) ? entry.link_target.size() : entry.size;
    stat.mtime = entry.mtime;
    stat.rdev_major = entry.rdev_major;
    stat.rdev_minor = entry.rdev_minor;
    Description facts;
    add_stat(stat, facts);
    thing.facts = std::move(facts.facts);
    if (entry.is_hard_link) {
      std::erase_if(thing.facts, [](const ShownFact& fact) { return fact.label == "type" || fact.label == "size"; });
      thing.facts.insert(thing.facts.begin(), {"type", "hard link"});
      thing.facts.push_back({"size", counted(link_type_size, "byte")});
    }
  }
  const std::string names = joined(found.other_names, ", ", escaped);
  const std::string target = found.entry ? escaped(found.entry->link_target) : "";
  return std::move(thing)
      .with("link target", target)
      .with("other names", names)
      .with("opaque", found.is_opaque ? "yes: it hides what layers below have in it" : "")
      .with("note", found.is_whiteout                  ? "a whiteout: it deletes what layers below have of this name"
                    : !found.entry && found.is_known() ? "a directory without a header of its own"
                    : !found.entry                     ? "not listed"
                                                       : "");
}

// What the layer's tar has of the file; nothing where the directory is no layer's or has no tar-split.
// tar-split is read from its beginning: it has no index.
Result<std::optional<PathInTar>> in_tar(const ShownFile& file, const Cancel& cancel) {
  const ShowView& view = file.view;
  const Layer* layer = file.chain ? view.model.layers.find(*file.chain) : nullptr;
  const size_t number = layer == nullptr ? 0 : static_cast<size_t>(layer - view.model.layers.layers.data());
  const std::optional<LayerInput> input =
      layer == nullptr ? std::nullopt : layer_input(view.model, view.derived, number);
  if (!input) {
    return std::optional<PathInTar>();
  }
  ASSIGN_OR_RETURN(const PathInTar found, find_in_tar(view.root, *input, file.path, cancel));
  return std::optional(found);
}

// The first owner stands for all: a directory that a layer owns is a layer's, whoever else names it.
ShownFile shown_file(const ShowView& view, const CacheId& dir, const RelPath& path) {
  ShownFile file{view, dir, path.bytes(), std::nullopt, std::nullopt, "visible", false};
  const DirTruth* truth = view.derived.find_dir(view.model, dir);
  if (truth != nullptr && !truth->owners.empty()) {
    file.owner = truth->owners.front();
    if (file.owner->kind == DirOwner::Kind::Layer) {
      file.chain = ChainId::parse(file.owner->name);
    }
  }
  return file;
}

void add_owner(const ShownFile& file, std::vector<ShownThing>& things) {
  if (file.chain) {
    things.push_back(layer_thing(file.view, "file of layer", *file.chain));
  } else {
    things.push_back(dir_thing(file.view, "file of directory", file.dir.text()));
  }
}

}  // namespace

Result<Description> describe_layer_file(const ShowView& view, const CacheId& dir, const RelPath& path,
                                        const Cancel& cancel) {
  ShownFile file = shown_file(view, dir, path);
  const RelPath place = file.tree(dir).joined(path);
  const Result<FileStat> stat = view.root.stat(place);
  const Result<std::optional<PathInTar>> listed = in_tar(file, cancel);
  const bool known = listed && *listed && (*listed)->is_known();
  if (!stat && !known) {
    return format_error("look up", place.text(),
                        stat.error().is_io(ENOENT) && listed ? "there is no such file, neither on disk nor in tar-split"
                                                             : stat.error().message());
  }
  // A deletion cannot be seen, it can only be in effect.
  if (stat ? stat->is_whiteout() : (*listed)->is_whiteout) {
    file.seen = "in effect";
  }
  file.is_directory = stat ? stat->is_dir() : (*listed)->is_directory();
  Description description;
  description.kind = "file";
  description.id = view.prefix.joined(place).text();
  description.name = path.text();
  description.fact("path in the layer", path.text());
  ShownList entries{kEntries, "what it is", {}};
  if (stat) {
    entries.things.push_back(shown_entry(*stat, "on disk"));
    if (stat->is_symlink()) {
      const Result<std::string> target = view.root.read_link(place);
      entries.things.back().facts.push_back({"link target", target ? escaped(*target) : target.error().message()});
    }
    description.places.push_back(view.place(place, std::string(type_name(stat->mode))));
  } else {
    entries.things.push_back(
        {"on disk", "entry", "", {}, {{"note", stat.error().is_io(ENOENT) ? "missing" : stat.error().message()}}});
  }
  if (!listed) {
    entries.things.push_back({"in tar-split", "entry", "", {}, {{"note", listed.error().message()}}});
  } else if (*listed) {
    entries.things.push_back(shown_entry(**listed, stat ? stat->size : 0));
  } else {
    description.fact("note", file.chain ? "its layer has no tar-split that can be read"
                                        : "nothing tells what it should be: it is no file of an image's layer");
  }
  std::vector<ShownThing> above;
  std::vector<ShownThing> below;
  add_owner(file, above);
  add_below(file, below);
  description.lists = {std::move(entries), used_by(std::move(above)), seen_by(file), uses(std::move(below))};
  return description;
}

}  // namespace dfsck
