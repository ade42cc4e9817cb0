// Recognises donors and opens their layers.
#include "core/donor/donor.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/codec/compress/decompress.h"
#include "core/donor/directory_store.h"
#include "core/donor/docker_manifest.h"
#include "core/donor/oci_index.h"
#include "core/donor/tar_store.h"
#include "core/donor/v1_archive.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

// Keeps the store of a source alive.
class HeldSource final : public ByteSource {
 public:
  HeldSource(std::shared_ptr<const MemberStore> store, std::unique_ptr<ByteSource> source)
      : store_(std::move(store)), source_(std::move(source)) {}
  Result<std::string_view> next() override { return source_->next(); }
  Result<uint64_t> skip(uint64_t bytes) override { return source_->skip(bytes); }

 private:
  std::shared_ptr<const MemberStore> store_;
  std::unique_ptr<ByteSource> source_;  // goes first
};

// The file at `path`, which may be a link; never waits for a FIFO.
Result<Fd> open_archive(const std::string& path) {
  // What the user names may be a link anywhere, so it is resolved; from then on the parent's descriptor and a name
  // without links stand for it, so that the type that is looked at is the type of what is opened.
  const std::unique_ptr<char, void (*)(void*)> resolved(patient::realpath(path.c_str()), &std::free);
  if (!resolved) {
    return sys_error("open", escaped(path));
  }
  const std::string whole = resolved.get();
  const size_t slash = whole.rfind('/');
  ASSIGN_OR_RETURN(const Root parent, Root::open(whole.substr(0, std::max<size_t>(slash, 1))));
  const std::optional<RelPath> name = RelPath::parse(whole.substr(slash + 1));
  if (!name) {
    return format_error("open", escaped(path), "is not a file");
  }
  Result<Fd> fd = parent.open_file(*name);
  if (!fd) {
    Error error = fd.error();
    error.where = escaped(path);
    return error;
  }
  return fd;
}

Result<std::shared_ptr<const MemberStore>> index_archive(Fd fd, const std::string& shown, const Cancel& cancel,
                                                         const DonorLimits& limits) {
  struct ::stat raw {};
  if (patient::fstat(fd.get(), &raw) != 0) {
    return sys_error("stat", escaped(shown));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<TarStore> store,
                   TarStore::index(std::make_shared<const Fd>(std::move(fd)), static_cast<uint64_t>(raw.st_size),
                                   escaped(shown), limits, cancel));
  return std::shared_ptr<const MemberStore>(std::move(store));
}

Result<std::shared_ptr<const MemberStore>> open_store(const std::string& path, const Cancel& cancel,
                                                      const DonorLimits& limits) {
  struct ::stat raw {};
  if (patient::stat(path.c_str(), &raw) != 0) {
    return sys_error("open", escaped(path));
  }
  if (S_ISDIR(raw.st_mode)) {
    ASSIGN_OR_RETURN(Root root, Root::open(path));
    return std::shared_ptr<const MemberStore>(std::make_shared<DirectoryStore>(std::move(root)));
  }
  ASSIGN_OR_RETURN(Fd fd, open_archive(path));
  return index_archive(std::move(fd), path, cancel, limits);
}

}  // namespace

class DonorOpener {
 public:
  static Result<Donor> open(Result<std::shared_ptr<const MemberStore>> store, const std::string& path,
                            const Cancel& cancel, const DonorOptions& options);

 private:
  static Result<DonorKind> read(Catalogue& catalogue, const Cancel& cancel, const DonorOptions& options);
};

// manifest.json decides where it is, because it alone is right in every archive of docker save. An index alone is a
// layout. With neither, only the directories of archives before 1.10 are left to look for, which costs a read of all
// layers.
Result<DonorKind> DonorOpener::read(Catalogue& catalogue, const Cancel& cancel, const DonorOptions& options) {
  const Result<bool> has_manifest = has_member(catalogue.store(), "manifest.json");
  const Result<bool> has_index = has_member(catalogue.store(), "index.json");
  if (!has_manifest || !has_index) {
    return has_manifest ? has_index.error() : has_manifest.error();
  }
  if (*has_manifest) {
    Result<void> done = read_docker_manifest(catalogue);
    if (done && *has_index) {
      // docker save since 25.0 says everything twice, but what containerd exports may be in the index alone.
      done = read_oci_index(catalogue, KnownImages::LeftAlone);
    }
    return done ? Result<DonorKind>(DonorKind::DockerArchive) : done.error();
  }
  if (*has_index) {
    TRY(read_oci_index(catalogue, KnownImages::Extended));
    return DonorKind::OciLayout;
  }
  TRY(read_v1_layers(catalogue, options.jobs, cancel));
  return DonorKind::V1Archive;
}

Result<Donor> DonorOpener::open(Result<std::shared_ptr<const MemberStore>> store, const std::string& path,
                                const Cancel& cancel, const DonorOptions& options) {
  TRY(store);
  Catalogue catalogue(**store, options.limits);
  ASSIGN_OR_RETURN(const DonorKind kind, read(catalogue, cancel, options));
  // With nothing to offer, the reason why is a better answer than an empty donor.
  if (catalogue.images().empty() && catalogue.layers().empty() && !catalogue.problems().empty()) {
    return catalogue.problems().front();
  }
  Donor donor;
  donor.kind_ = kind;
  donor.path_ = path;
  donor.decompress_ = options.limits.decompress;
  donor.cancel_ = &cancel;
  donor.store_ = std::move(*store);
  for (auto& [id, image] : catalogue.images()) {
    donor.images_.push_back(std::move(image));
  }
  donor.layers_ = std::move(catalogue.layers());
  donor.problems_ = std::move(catalogue.problems());
  return donor;
}

Result<Donor> open_donor(const std::string& path, const Cancel& cancel, const DonorOptions& options) {
  return DonorOpener::open(open_store(path, cancel, options.limits), path, cancel, options);
}

Result<Donor> open_donor(Fd archive, const std::string& shown, const Cancel& cancel, const DonorOptions& options) {
  return DonorOpener::open(index_archive(std::move(archive), shown, cancel, options.limits), shown, cancel, options);
}

const DonorImage* Donor::find_image(const ImageId& id) const {
  const auto found = std::lower_bound(images_.begin(), images_.end(), id,
                                      [](const DonorImage& image, const ImageId& wanted) { return image.id < wanted; });
  return found != images_.end() && found->id == id ? &*found : nullptr;
}

std::vector<DiffId> Donor::layers() const {
  std::vector<std::pair<uint64_t, const DiffId*>> order;
  for (const auto& [diff, places] : layers_) {
    // By place in the file: the pool of streams goes forward only.
    order.emplace_back(places.front().member.place, &diff);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<DiffId> diffs;
  for (const auto& [place, diff] : order) {
    diffs.push_back(*diff);
  }
  return diffs;
}

const std::vector<LayerPlace>& Donor::places(const DiffId& diff) const {
  static const std::vector<LayerPlace> kNone;
  const auto found = layers_.find(diff);
  return found != layers_.end() ? found->second : kNone;
}

Result<std::unique_ptr<LayerSource>> Donor::open_layer(const DiffId& diff, LayerHashing check, size_t place) const {
  const std::vector<LayerPlace>& all = places(diff);
  if (place >= all.size()) {
    return format_error("read", escaped(path_), "has no layer " + diff.text());
  }
  const LayerPlace& chosen = all[place];
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> file, store_->open(chosen.name, chosen.member));
  const std::string where = store_->where(chosen.name);
  // From the inside out: bytes of the member, then decompression (layers may be compressed one by one, whatever the
  // archive is), then the digest, which is that of the uncompressed tar.
  auto held = std::make_unique<HeldSource>(store_, std::move(file));
  auto tar = std::make_unique<Decompressor>(std::move(held), where, decompress_);
  return std::make_unique<LayerSource>(std::move(tar), diff, check, where, *cancel_);
}

}  // namespace dfsck
