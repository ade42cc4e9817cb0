// Migrating less than a whole root: some images, or all but some areas.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/transfer/left_out.h"
#include "core/transfer/planned_unit.h"

namespace dfsck {

// What --exclude may name.
enum class Excluded { Volumes, Containers, BuildCache };
std::optional<Excluded> parse_excluded(std::string_view word);  // "volumes", "containers", "buildkit"

// Takes the areas out of a plan of the whole (see plan_copy), which was made from the same roots: their units become
// omissions, with exactly what belongs to them. Containers: containers/, their mounts, their writable directories and
// init layers with their short links. BuildKit: buildkit/, the directories that only it owns, the mounts of its steps.
// What layers of images share stays. Where ownership could not be read directories stay; `notes` then says so.
void exclude(std::span<const SourceRoot> roots, const std::set<Excluded>& areas, CopyPlan& plan);

// A file that is not copied, but written with these bytes; owner, mode and time are those of the file in the source.
struct WrittenFile {
  RelPath path;  // relative to the whole source
  std::string bytes;
};

struct ImageSelection {
  std::set<ImageId> images;
  CopyPlan plan;
  std::vector<WrittenFile> files;  // repositories.json with the tags that are left
};

// What names mean none or several images: one line each, escaped, with the candidates.
struct ImageChoice {
  std::set<ImageId> images;
  std::vector<std::string> unknown;    // "no image is called X"
  std::vector<std::string> ambiguous;  // "X may mean image a:1 or image a:2"
};
// Names and ids as `docker-fsck show` takes them: app, app:1, repo@sha256:..., whole ids or the first characters of
// one. A name without tag that is not there with ":latest" means all tags of that repository.
ImageChoice choose_images(const SourceRoot& root, std::span<const std::string> names);

// The plan for exactly these images of one root: their configs and metadata, the layers of their chains with directories
// and short links, the registry cache of those layers, and the empty skeleton of a root. Everything else is an omission.
// Where the image was tagged, all its tags go with it, unless `names` gives some of them: then only these.
ImageSelection select_images(const SourceRoot& root, const std::set<ImageId>& images,
                             std::span<const std::string> names);

}  // namespace dfsck
