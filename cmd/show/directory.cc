// Directories of overlay2, and the short links that lead to them.
#include "cmd/show/describe.h"

#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// What is there, without saying what should be: that is for the findings.
std::string members_text(const OverlayDir& dir) {
  std::string text;
  for (const auto& [member, name] : {std::pair(&dir.diff, "diff"), std::pair(&dir.work, "work"),
                                     std::pair(&dir.merged, "merged"), std::pair(&dir.committed, "committed")}) {
    text += member->exists ? (text.empty() ? "" : ", ") + std::string(name) : "";
  }
  return text.empty() ? "none" : text;
}

// By the container's name where it has one: an id is looked up, a name is known.
std::string owner_text(const ShowView& view, const DirOwner& owner) {
  const Container* container = view.model.containers.find(owner.name);
  const std::string name = escaped(container != nullptr && !container->name.empty() ? container->name : owner.name);
  switch (owner.kind) {
    case DirOwner::Kind::Layer: return "files of a layer";
    case DirOwner::Kind::Removing: return "files of a layer whose removal has begun";
    case DirOwner::Kind::Writable: return "writable layer of container " + name;
    case DirOwner::Kind::Init: return "init layer of container " + name;
    case DirOwner::Kind::Build: return "build cache record " + name;
    case DirOwner::Kind::Duplicate:
      return "files of a layer once more, made by the build cache; another layer stands on them";
  }
  return "";
}

// "Nobody is known to own it" is not said lightly: where an owner could not be read, that comes instead.
std::string purpose_text(const ShowView& view, const DirTruth* truth) {
  if (truth == nullptr || truth->owners.empty()) {
    return view.derived.owners_complete ? "nobody is known to own it"
                                        : "not known: " + view.derived.owners_incomplete_because;
  }
  return joined(truth->owners, "; ", [&](const DirOwner& owner) { return owner_text(view, owner); });
}

// All of them: a directory of BuildKit's that became a layer has two, and deleting it for one takes it from the other.
void add_owners(const ShowView& view, const DirTruth& truth, std::vector<ShownThing>& things) {
  for (const DirOwner& owner : truth.owners) {
    if (const std::optional<ChainId> chain = ChainId::parse(owner.name); chain) {
      things.push_back(layer_thing(
          view, owner.kind == DirOwner::Kind::Duplicate ? "second directory of layer" : "directory of layer", *chain));
    } else if (owner.kind == DirOwner::Kind::Build) {
      things.push_back({"directory of build cache record", "build-cache", escaped(owner.name), {}, {}});
    } else {
      things.push_back(container_thing(
          view, owner.kind == DirOwner::Kind::Init ? "init layer of container" : "writable layer of container",
          owner.name));
    }
  }
}

void add_naming_dirs(const ShowView& view, const std::string& link, std::vector<ShownThing>& things) {
  const std::vector<ShownThing> naming = naming_things(view, link);
  things.insert(things.end(), naming.begin(), naming.end());
}

// The pieces of the file, which begins with the nearest layer.
// As the file has them, right or wrong: that is what the kernel is given.
void add_lowers(const ShowView& view, const OverlayDir& dir, std::vector<ShownThing>& things) {
  if (!dir.lower.present()) {
    return;
  }
  const std::vector<std::string_view> pieces = split(dir.lower.bytes, ':');
  for (size_t i = 0; i < pieces.size() && i < kMaxDepth; ++i) {
    const std::string_view piece = pieces[i];
    const ShortLink* link = piece.starts_with("l/") ? view.model.overlay.find_link(piece.substr(2)) : nullptr;
    const std::string role = "lower " + std::to_string(i + 1) + " of " + std::to_string(pieces.size());
    if (link != nullptr && link->points_to) {
      things.push_back(dir_thing(view, role, link->points_to->text()));
      things.back().facts.insert(things.back().facts.begin(), {"link", escaped(piece)});
    } else {
      things.push_back({role, "link", escaped_excerpt(piece, 100), {}, {{"note", "leads nowhere"}}});
    }
  }
}

}  // namespace

Description describe_directory(const ShowView& view, const CacheId& id) {
  Description description;
  description.kind = "directory";
  description.id = id.text();
  const OverlayDir* dir = view.model.overlay.find(id);
  const DirTruth* truth = view.derived.find_dir(view.model, id);
  description.fact("cache-id", id.text());
  description.fact("purpose", purpose_text(view, truth));
  std::vector<ShownThing> above;
  std::vector<ShownThing> below;
  if (truth != nullptr) {
    description.fact("short link", truth->link ? truth->link->text() : "not known");
    // Only where it is not what the file says: then the reader has to be told why.
    description.fact("short link proven by", dir == nullptr || dir->link_id != truth->link ? truth->link_proof : "");
    add_owners(view, *truth, above);
    if (truth->link) {
      below.push_back({"short link", "link", truth->link->text(), {}, {}});
      if (view.model.overlay.find_link(truth->link->text()) == nullptr) {
        below.back().facts.push_back({"note", "missing"});
      }
      add_naming_dirs(view, truth->link->text(), above);
    }
  }
  if (dir == nullptr) {
    description.fact("note", "missing");
  } else {
    description.fact("members", members_text(*dir));
    description.fact("modified", time_text(dir->stat.mtime));
    description.fact("mounted", dir->merged_is_mount ? "yes" : "");
    description.places.push_back(view.place(dir->path, "the directory"));
    if (truth != nullptr && truth->link && view.model.overlay.find_link(truth->link->text()) != nullptr) {
      description.places.push_back(view.place(view.model.overlay.path / "l" / truth->link->text(), "its short link"));
    }
    add_lowers(view, *dir, below);
  }
  description.lists = {used_by(std::move(above)), uses(std::move(below))};
  return description;
}

// A link is what error messages name, so it leads from there to the directory, and to all chains that have it.
Description describe_link(const ShowView& view, const std::string& name) {
  Description description;
  description.kind = "link";
  description.id = escaped(name);
  const ShortLink* link = view.model.overlay.find_link(name);
  std::vector<ShownThing> above;
  std::vector<ShownThing> below;
  if (link == nullptr) {
    description.fact("note", "missing");
  } else {
    description.fact("type", std::string(type_name(link->mode)));
    description.fact("leads to", escaped(link->target));
    description.places.push_back(view.place(link->path, "the link"));
    if (link->points_to) {
      below.push_back(dir_thing(view, "directory", link->points_to->text()));
    }
  }
  for (const OverlayDir& dir : view.model.overlay.dirs) {
    if (dir.link_id && dir.link_id->text() == name) {
      above.push_back(dir_thing(view, "named by link file of", dir.id.text()));
    }
  }
  add_naming_dirs(view, name, above);
  description.lists = {used_by(std::move(above)), uses(std::move(below))};
  return description;
}

}  // namespace dfsck
