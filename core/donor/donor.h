// Copies of images outside the root: archives of `docker save` and its imitators, OCI layouts.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/donor/catalogue.h"
#include "core/donor/layer_source.h"
#include "core/donor/limits.h"
#include "core/donor/member_store.h"
#include "core/fs/fd.h"
#include "core/run/cancel.h"

namespace dfsck {

enum class DonorKind {
  DockerArchive,  // manifest.json: docker save since 1.10 (25+ with an OCI layout beside it), podman, skopeo, kaniko,
                  // ...
  OciLayout,      // index.json alone: skopeo, umoci, podman save --format oci-archive
  V1Archive,      // neither: docker save before 1.10; layers, but no images
};

// An opened donor: what it says that it holds, and how to read it. Nothing of it is believed that was not hashed:
// configs have been, layers are when they are read. Its parts may be read from many threads at once. Sources keep what
// they need of it alive.
class Donor {
 public:
  DonorKind kind() const { return kind_; }
  const std::string& path() const { return path_; }                  // as it was given
  const std::vector<DonorImage>& images() const { return images_; }  // sorted by id
  const DonorImage* find_image(const ImageId& id) const;
  // What is wrong with single images or layers of it, at most 100; each names the donor and the member. Who takes a
  // donor for a whole (load) refuses one that has any.
  const std::vector<Error>& problems() const { return problems_; }

  // The layers of which there is a file, in the order in which they are cheapest to read. That of an archive compressed
  // as a whole matters: each step back decompresses it from its beginning.
  std::vector<DiffId> layers() const;
  // An archive that is compressed as a whole: there that order matters.
  bool is_sequential() const { return store_->is_sequential(); }
  bool has_layer(const DiffId& diff) const { return layers_.contains(diff); }
  // The files that are said to hold the layer, mostly one.
  const std::vector<LayerPlace>& places(const DiffId& diff) const;
  // The layer's uncompressed tar, out of the n-th of its places. A hostile donor can name a wrong one first: try the
  // next where one turns out not to be the layer.
  Result<std::unique_ptr<LayerSource>> open_layer(const DiffId& diff, LayerHashing check, size_t place = 0) const;

 private:
  friend class DonorOpener;
  Donor() = default;

  DonorKind kind_ = DonorKind::DockerArchive;
  std::string path_;
  DecompressLimits decompress_;
  const Cancel* cancel_ = nullptr;
  std::shared_ptr<const MemberStore> store_;
  std::vector<DonorImage> images_;
  std::map<DiffId, std::vector<LayerPlace>> layers_;
  std::vector<Error> problems_;
};

struct DonorOptions {
  unsigned jobs = 1;  // for archives whose layers must be hashed to be known
  DonorLimits limits = {};
};

// Opens an archive (plain or compressed as a whole by gzip, bzip2, xz or zstd) or a directory. Format error for what is
// none, is cut off, or is hostile as a whole (see TarStore), and where not one image is usable: then the first problem
// is the error. A compressed archive is decompressed once by this. `path` may be a symbolic link; nothing inside is
// ever followed out. `cancel` must outlive the donor and its sources.
Result<Donor> open_donor(const std::string& path, const Cancel& cancel, const DonorOptions& options = {});
// The same of an archive that is open already, a regular file. `shown` names it in messages.
Result<Donor> open_donor(Fd archive, const std::string& shown, const Cancel& cancel, const DonorOptions& options = {});

}  // namespace dfsck
