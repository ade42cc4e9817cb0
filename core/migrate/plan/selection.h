// Migrating no more than some images.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"

namespace dfsck {

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

// The plan for exactly these images of one root: their configs and metadata, the layers of their chains with
// directories and short links, the registry cache of those layers, and the empty skeleton of a root. Everything else of
// this root is an omission; of a source with other roots below it only this one is planned, at its place. Where the
// image was tagged, all its tags go with it, unless `names` gives some of them: then only these. `source` is the whole
// source.
ImageSelection select_images(const Root& source, const SourceRoot& root, const std::set<ImageId>& images,
                             std::span<const std::string> names);

}  // namespace dfsck
