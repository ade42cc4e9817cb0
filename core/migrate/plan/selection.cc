// Which images are meant, and what belongs to them.
#include "core/migrate/plan/selection.h"

#include <algorithm>

#include "core/base/escape.h"
#include "core/migrate/plan/copy_planner.h"
#include "core/migrate/plan/plan_boundaries.h"
#include "core/model/derive/named_target.h"
#include "core/model/reference_name.h"
#include "core/model/tags.h"

namespace dfsck {
namespace {

constexpr const char* kUnselected = "does not belong to the chosen images";

std::optional<ImageId> image_of(const Target& target) {
  return target.kind == Target::Kind::Image ? ImageId::parse(target.id) : std::nullopt;
}

// Whether the reference is what somebody meant who typed `name`.
bool is_meant(const Reference& reference, const std::string& name) {
  const std::optional<ReferenceName> typed = parse_reference_name(name);
  return reference.name == name || (typed && reference.name == typed->key());
}

// Whether the image has a tag in the repository that `name` is, with no tag of its own.
bool has_tag_in(const Model& model, const ImageId& image, const std::string& name) {
  const std::optional<ReferenceName> typed = parse_reference_name(name);
  const std::vector<Reference>& references = model.images.references.references;
  return typed && typed->tag.empty() && typed->digest.empty() &&
         std::any_of(references.begin(), references.end(), [&](const Reference& reference) {
           return reference.image == image && reference.repository == typed->name;
         });
}

// Tags of the chosen images: those that were typed, all of an image that was typed otherwise.
// Who names one tag of an image wants that one and not its others.
Tags chosen_tags(const Model& model, const std::set<ImageId>& images, std::span<const std::string> names) {
  const auto typed = [&](const Reference& reference) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return is_meant(reference, name); });
  };
  std::set<ImageId> by_tag;
  for (const Reference& reference : model.images.references.references) {
    if (reference.image && typed(reference)) {
      by_tag.insert(*reference.image);
    }
  }
  Tags tags;
  for (const Reference& reference : model.images.references.references) {
    if (reference.image && images.contains(*reference.image) &&
        (typed(reference) || !by_tag.contains(*reference.image))) {
      tags[reference.repository][reference.name] = reference.target;
    }
  }
  return tags;
}

class Selector {
 public:
  Selector(const SourceRoot& root, const std::set<ImageId>& images, CopyPlanner& planner)
      : root_(root), model_(root.model), images_(images), planner_(planner) {}

  void run() {
    find_layers();
    omit_areas();
    omit_images();
    omit_layers();
    omit_distribution();
    omit_overlay();
  }

 private:
  RelPath at(const RelPath& path) const { return in_source(root_, path); }
  void omit(const RelPath& path) { planner_.omit(OmissionKind::Unselected, at(path), kUnselected); }

  // By the chains that the configs prove, never by what layerdb says of parents: a damaged parent file must not leave
  // a layer behind.
  void find_layers() {
    for (const Image& image : model_.images.images) {
      if (images_.contains(image.id)) {
        chains_.insert(image.chain.begin(), image.chain.end());
        diffs_.insert(image.diff_ids.begin(), image.diff_ids.end());
      }
    }
    for (const ChainId& chain : chains_) {
      const LayerTruth* truth = root_.derived.find_layer(model_, chain);
      if (truth != nullptr && truth->cache) {
        dirs_.insert(*truth->cache);
      }
    }
  }

  // Directories of the daemon's stay as an empty skeleton, whatever else is in the root does not.
  // So that the daemon's modes and owners of these directories come along.
  void omit_areas() {
    for (const DirEntry& entry : model_.entries.entries) {
      const RelPath path = RelPath() / entry.name;
      const bool is_area = (entry.type == S_IFDIR || entry.type == S_IFLNK) && planner_.has_area(at(path));
      if (path == RelPath("image") || (model_.driver_covered && path == model_.overlay.path)) {
        continue;
      }
      if (is_area) {
        planner_.omit_contents(OmissionKind::Unselected, at(path), kUnselected);
      } else {
        omit(path);
      }
    }
  }

  // A "parent" that leads to an image which stays behind would be a damaged link in the target.
  void omit_images() {
    for (const std::string& driver : model_.entries.image_drivers) {
      if (RelPath("image") / driver != model_.image_path) {
        omit(RelPath("image") / driver);
      }
    }
    planner_.omit(OmissionKind::Unselected, at(model_.image_path / "repositories.json"),
                  "written anew with the chosen tags");
    for (const Image& image : model_.images.images) {
      if (!images_.contains(image.id)) {
        omit(image.path);
      }
    }
    for (const ImageMetadata& metadata : model_.images.metadata) {
      if (!metadata.id || !images_.contains(*metadata.id)) {
        omit(metadata.path);
      } else if (metadata.parent_id && !images_.contains(*metadata.parent_id)) {
        omit(metadata.path / "parent");
      }
    }
    for (const std::vector<RelPath>* others : {&model_.images.foreign, &model_.entries.temporary_files}) {
      std::for_each(others->begin(), others->end(), [&](const RelPath& path) { omit(path); });
    }
  }

  void omit_layers() {
    for (const Layer& layer : model_.layers.layers) {
      if (!chains_.contains(layer.id)) {
        omit(layer.path);
      }
    }
    for (const RemovingLayer& layer : model_.layers.removing) {
      omit(layer.path);
    }
    for (const RelPath& path : model_.layers.foreign_layers) {
      omit(path);
    }
    for (const char* name : {"layerdb/mounts", "layerdb/tmp"}) {
      planner_.omit_contents(OmissionKind::Unselected, at(model_.image_path / name), kUnselected);
    }
  }

  // The cache knows by which digest registries have the layers that go along.
  void omit_distribution() {
    omit(model_.image_path / "distribution/v1id");
    for (const DistributionEntry& entry : model_.images.diffid_by_digest) {
      if (!entry.diff || !diffs_.contains(*entry.diff)) {
        omit(entry.path);
      }
    }
    for (const DistributionEntry& entry : model_.images.v2metadata_by_diffid) {
      const std::optional<DiffId> diff = DiffId::from_hex(entry.key);
      if (!diff || !diffs_.contains(*diff)) {
        omit(entry.path);
      }
    }
  }

  // By the directories of the chains alone. Init layers, writable layers and the build cache's are not among them, so
  // no owner has to be known here.
  void omit_overlay() {
    if (!model_.driver_covered) {
      return;
    }
    omit(model_.overlay.path / "backingFsBlockDev");
    for (const OverlayDir& dir : model_.overlay.dirs) {
      if (!dirs_.contains(dir.id)) {
        omit(dir.path);
        continue;
      }
      if (dir.merged.exists) {
        planner_.omit(OmissionKind::Derived, at(dir.path / "merged"), "mount point");
      }
      if (dir.work.exists) {
        planner_.omit_contents(OmissionKind::Derived, at(dir.path / "work"), "scratch space of a mount");
      }
    }
    for (const ShortLink& link : model_.overlay.links) {
      if (!link.points_to || !dirs_.contains(*link.points_to)) {
        omit(link.path);
      }
    }
    for (const std::string& name : model_.overlay.probe_dirs) {
      omit(model_.overlay.path / name);
    }
    for (const DirEntry& entry : model_.overlay.foreign) {
      omit(model_.overlay.path / entry.name);
    }
  }

  const SourceRoot& root_;
  const Model& model_;
  const std::set<ImageId>& images_;
  CopyPlanner& planner_;
  std::set<ChainId> chains_;
  std::set<DiffId> diffs_;
  std::set<CacheId> dirs_;
};

}  // namespace

// All names are judged before anything is planned, so that a person sees every mistake at once. A repository with
// several tags is no ambiguity: all of them are meant.
ImageChoice choose_images(const SourceRoot& root, std::span<const std::string> names) {
  ImageChoice choice;
  for (const std::string& name : names) {
    std::set<ImageId> meant;
    std::string candidates;
    for (const Target& target : images_named(root.model, name)) {
      const std::optional<ImageId> image = image_of(target);
      if (image && meant.insert(*image).second) {
        candidates += (candidates.empty() ? "" : " or ") + words_for(root.model, target);
      }
    }
    const bool whole_repository = std::all_of(
        meant.begin(), meant.end(), [&](const ImageId& image) { return has_tag_in(root.model, image, name); });
    if (meant.empty()) {
      choice.unknown.push_back("no image is called " + escaped(name));
    } else if (meant.size() > 1 && !whole_repository) {
      choice.ambiguous.push_back(escaped(name) + " may mean " + candidates);
    } else {
      choice.images.insert(meant.begin(), meant.end());
    }
  }
  return choice;
}

// repositories.json is written anew with the tags that go along: the source's names images that stay behind, and a
// daemon would list none of those.
ImageSelection select_images(const Root& source, const SourceRoot& root, const std::set<ImageId>& images,
                             std::span<const std::string> names) {
  CopyPlanner planner(source);
  describe_root(root, planner);
  describe_boundaries(source, {&root, 1}, planner);
  Selector(root, images, planner).run();
  ImageSelection selection;
  selection.images = images;
  selection.plan = planner.plan(root.prefix);
  const Tags tags = chosen_tags(root.model, images, names);
  selection.plan.tags.emplace();
  for (const auto& [repository, references] : tags) {
    for (const auto& [name, image] : references) {
      selection.plan.tags->insert(name);
    }
  }
  selection.files.push_back({in_source(root, root.model.image_path / "repositories.json"), repositories_json(tags)});
  return selection;
}

}  // namespace dfsck
