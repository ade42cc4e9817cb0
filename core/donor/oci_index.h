// OCI image layouts: index.json, indexes and manifests among the blobs.
#pragma once

#include "core/base/result.h"
#include "core/codec/json/value.h"
#include "core/donor/catalogue.h"

namespace dfsck {

// Adds the images that index.json leads to (OCI image-spec image-layout.md). Every document must have the digest that
// its descriptor says. Left out without a word are attestations, artifacts that are no images, and the platforms of an
// index that the layout does not hold. Images that the catalogue has already get more names and layers, or are left as
// they are: where there is a manifest.json it is right, while docker save 25.0.0 to 25.0.3 wrote the layers of OCI
// manifests in any order.
enum class KnownImages { Extended, LeftAlone };
Result<void> read_oci_index(Catalogue& catalogue, KnownImages known);

// Adds the image of one manifest whose blobs lie beside it under their bare digests: skopeo's "dir". `name` is the
// manifest's own, for messages.
Result<void> read_bare_manifest(Catalogue& catalogue, const JsonValue& manifest, const RelPath& name);

}  // namespace dfsck
