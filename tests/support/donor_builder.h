// Images as archives and layouts, made in memory: what docker save, skopeo and podman write, in small.
#pragma once

#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/codec/compress/decompress.h"
#include "tests/support/tar_split_writer.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {

using Members = std::vector<TarMember>;

struct SampleImage {
  std::vector<std::string> layers;  // uncompressed tars, base first
  std::vector<DiffId> diff_ids;
  std::string config;
  ImageId id;
};

// An image with one layer for each text: a tar with one file, "etc/<text>", that holds the text a few times.
SampleImage sample_image(const std::vector<std::string>& texts);
std::string config_of(const std::vector<DiffId>& diff_ids);

// docker save before 25.0: <v1 id>/{VERSION,json,layer.tar}, <id>.json, manifest.json, repositories. A layer that comes
// again is a symbolic link.
Members legacy_archive(const SampleImage& image, const std::string& name);
// What docker save before 1.10 wrote: the same without manifest.json and config.
Members v1_archive(const SampleImage& image, const std::string& name);
// docker save since 25.0: blobs/sha256, index.json, manifest.json.
Members hybrid_archive(const SampleImage& image, const std::string& name);
// An OCI layout with its layers compressed.
Members oci_layout(const SampleImage& image, const std::string& name, Compression compression);

// The member of that name, which must be there.
TarMember& member(Members& members, const std::string& name);
void remove_member(Members& members, const std::string& name);
std::string digest_of(const std::string& bytes);  // "sha256:..."
std::string blob_name(const std::string& bytes);  // "blobs/sha256/..."

// Writes files, directories and symbolic links below a new directory of the root.
void unpack(const TempRoot& root, const std::string& directory, const Members& members);

}  // namespace dfsck::test
