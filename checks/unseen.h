// Places that hold much of a root and of which nothing is seen: behind links that are not followed, or missing as a
// whole.
#pragma once

#include <string>
#include <vector>

#include "core/model/model.h"

namespace dfsck {

// A link that stands for a part of an area (core/fs/area_links.h), not for a whole area, a driver's image store, a
// volume or its data.
bool is_link_of_part(const Boundary& boundary);
// Such a link to a file, as to a database. What is in it is not read.
bool is_link_to_file(const Boundary& boundary);

// The container whose writable layer, or the tree of it, is behind a link that is followed; null if none.
const Mount* container_behind(const Model& model, const Boundary& boundary);

// A link there is not followed.
bool is_unseen_link(const Model& model, const RelPath& path);
bool is_unseen_volume(const Model& model, const std::string& name);

// A store that every daemon has, and that is not there although something tells that it was used.
struct MissingStore {
  RelPath path;
  std::string what;       // "the records of all images and layers"
  std::string witnesses;  // "27 layer directories and 3 containers"
};
std::vector<MissingStore> missing_stores(const Model& model);

// What is in them refers to all else, so that nothing is known to be wrong or unused where one of them is unseen.
struct UnseenPlace {
  RelPath path;
  bool is_of_web = false;  // what all others refer to: images, layers, containers
};
std::vector<UnseenPlace> unseen_places(const Model& model);

}  // namespace dfsck
