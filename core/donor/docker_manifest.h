// manifest.json of `docker save` and of all who imitate it.
#pragma once

#include "core/base/result.h"
#include "core/donor/catalogue.h"

namespace dfsck {

// Adds the images of manifest.json (moby image/tarexport/save.go, since Docker 1.10): [{Config, RepoTags, Layers}] with
// names of members, whatever they are called and whichever links they are. What skopeo's "dir" writes under the same
// name is one OCI or Docker manifest and is read too. Format error if it is neither.
Result<void> read_docker_manifest(Catalogue& catalogue);

}  // namespace dfsck
