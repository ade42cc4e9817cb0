// A container's filesystem as an image: what `docker commit` would make of it.
#pragma once

#include <optional>
#include <string>

#include "core/save/catalogue.h"

namespace dfsck {

// Adds to the catalogue the image of the container `id` (the name of its directory or mount) of the root at index
// `root`: the layers of its image and, as one more, its writable layer. Configuration and history are as moby
// image/image.go:NewChildImage makes them of the container's; the time is the last at which the container is known to
// have been created, started or ended, so that every run gives the same image. What is mounted is not in it.
//
// Reads the whole writable layer. Errors: Format where the container, its image or the layers in between are not what
// they have to be; those of pack_tree.
Result<void> add_container(SaveCatalogue& catalogue, const SaveRoot& at, size_t root, const std::string& id,
                           const std::optional<ImageName>& name, const Cancel& cancel, Progress& progress);

}  // namespace dfsck
