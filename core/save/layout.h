// The layouts of image archives: which members there are, in which order, with which bytes. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/save/catalogue.h"

namespace dfsck {

enum class ArchiveFormat {
  DockerArchive,  // docker save since 25: an OCI layout that older daemons read as well
  OciArchive,     // an OCI layout in a tar
  OciDir,         // an OCI layout as a directory
  Legacy,         // docker save up to 24
};
std::string_view archive_format_name(ArchiveFormat format);  // "docker-archive"

struct ArchiveMember {
  enum class Kind { Directory, File, Link };
  Kind kind = Kind::File;
  std::string path;             // relative, without a slash at its end
  std::string bytes;            // of a file
  std::optional<size_t> layer;  // in the catalogue: the file is its tar
  std::string target;           // of a symbolic link
  int64_t mtime = 0;            // seconds since 1970
};

// The members for these images of the catalogue, in the order in which Docker's archiver walks: by name within each
// directory, a directory before what is in it. All layers must be usable.
std::vector<ArchiveMember> archive_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                                           ArchiveFormat format);

// --- parts, each of one layout ---

// moby image/tarexport/save.go since 28: the last changes of the layout.
void add_docker_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                        std::vector<ArchiveMember>& members);
// The same file up to 24.
void add_legacy_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                        std::vector<ArchiveMember>& members);
// OCI image-layout.md.
void add_oci_members(const SaveCatalogue& catalogue, const std::vector<size_t>& images,
                     std::vector<ArchiveMember>& members);

// --- what they share ---

// The OCI manifest of an image, compact.
std::string oci_manifest(const SaveCatalogue& catalogue, const SavedImage& image);
// What index.json says of a manifest; with annotations if there is a name. `ref_name` is then the value of
// org.opencontainers.image.ref.name.
JsonValue oci_descriptor(const std::string& manifest, const ImageName* name, const std::string& ref_name);
std::string oci_index(JsonValue::Array manifests);
inline constexpr std::string_view kOciLayout = R"({"imageLayoutVersion": "1.0.0"})";
inline constexpr std::string_view kOciLayerType = "application/vnd.oci.image.layer.v1.tar";
std::string blob_path(const std::string& hex);  // "blobs/sha256/<hex>"

// The item of manifest.json for an image; `parent` where the archive has its parent as well.
JsonValue manifest_item(const SaveCatalogue& catalogue, const std::vector<size_t>& images, const SavedImage& image,
                        const std::string& config_path, JsonValue::Array layer_paths);
// The file `repositories`, with its newline: to which layer each name leads. Empty if there is no name.
std::string repositories_file(const std::vector<std::pair<ImageName, std::string>>& tops);

}  // namespace dfsck
