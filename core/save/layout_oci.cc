// An OCI image layout. A name stands whole in org.opencontainers.image.ref.name, as podman writes it, so that several
// images with the tag "latest" can be told apart.
#include "core/codec/digest.h"
#include "core/model/reference_name.h"
#include "core/save/layout.h"

namespace dfsck {

// All times are zero: nothing in such a layout tells of any, and the same images shall give the same bytes.
void add_oci_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                     std::vector<ArchiveMember>& members) {
  using MemberKind = ArchiveMember::Kind;
  JsonValue::Array descriptors;
  for (const size_t index : images) {
    const SavedImage& image = catalogue.images()[index];
    for (const size_t layer : image.layers) {
      members.push_back({MemberKind::File, blob_path(catalogue.layers()[layer].diff.hex()), "", layer, "", 0});
    }
    members.push_back({MemberKind::File, blob_path(image.id.hex()), image.config, {}, "", 0});
    const std::string manifest = oci_manifest(catalogue, image);
    members.push_back({MemberKind::File, blob_path(sha256_hex(manifest)), manifest, {}, "", 0});
    for (const ImageName& name : image.names) {
      descriptors.push_back(oci_descriptor(manifest, &name, canonical_name(name.repository) + ":" + name.tag));
    }
    if (image.names.empty()) {
      descriptors.push_back(oci_descriptor(manifest, nullptr, ""));
    }
  }
  members.push_back({MemberKind::Directory, "blobs", "", {}, "", 0});
  members.push_back({MemberKind::Directory, "blobs/sha256", "", {}, "", 0});
  members.push_back({MemberKind::File, "index.json", oci_index(std::move(descriptors)), {}, "", 0});
  members.push_back({MemberKind::File, "oci-layout", std::string(kOciLayout), {}, "", 0});
}

}  // namespace dfsck
