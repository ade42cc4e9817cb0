// OCI image layouts: index.json, indexes and manifests among the blobs.
#pragma once

#include "core/base/result.h"
#include "core/codec/json_value.h"
#include "core/donor/catalogue.h"

namespace dfsck {

// Adds the images that index.json leads to (OCI image-spec image-layout.md). Every document must have the digest that
// its descriptor says. Left out without a word are attestations, artifacts that are no images, and the platforms of an
// index that the layout does not hold. Where `names` is Ignored, images that the catalogue has already keep the names
// they have.
enum class OciNames { Taken, Ignored };
Result<void> read_oci_index(Catalogue& catalogue, OciNames names);

// Adds the image of one manifest whose blobs lie beside it under their bare digests: skopeo's "dir". `name` is the
// manifest's own, for messages.
Result<void> read_bare_manifest(Catalogue& catalogue, const JsonValue& manifest, const RelPath& name);

}  // namespace dfsck
