// Scans imagedb: content/ (configs, named by their digest) and metadata/. Each config is read, hashed and parsed once.
// Where the bytes are not what the name says, the places that may hold them again are looked at.
#include <algorithm>
#include <array>
#include <set>

#include "core/base/text.h"
#include "core/codec/digest.h"
#include "core/model/model.h"
#include "core/model/records/image_config.h"
#include "core/model/rfc3339.h"
#include "core/model/scan/distribution.h"
#include "core/model/scan/references.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr size_t kConfigLimit = 16 * 1024 * 1024;
constexpr size_t kMetadataLimit = 4096;
constexpr std::string_view kImageTemporary = ".tmp-";

void add_failures(std::vector<ScanFailure>& all, const std::vector<ScanFailure>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

// What the daemon itself keeps under a digest besides imagedb.
std::array<RelPath, 2> blob_stores() {
  return {"buildkit/content/blobs/sha256", "containerd/daemon/io.containerd.content.v1.content/blobs/sha256"};
}

// Out of a file other than the config's own: a cut-off write of it, or a blob of that digest.
// A config can only be restored byte for byte: its name is its hash, so a copy proves itself, and where it came from
// does not matter.
std::optional<ConfigCopy> find_copy(const Root& root, const RelPath& dir, const std::vector<std::string>& temporaries,
                                    const ImageId& id) {
  std::vector<RelPath> places;
  for (const std::string& name : temporaries) {
    if (std::string_view(name).substr(kImageTemporary.size()).starts_with(id.hex())) {
      places.push_back(dir / name);
    }
  }
  for (const RelPath& store : blob_stores()) {
    places.push_back(store / id.hex());
  }
  for (const RelPath& place : places) {
    Result<std::string> bytes = root.read_small(place, kConfigLimit);
    if (bytes && sha256_hex(*bytes) == id.hex()) {
      return ConfigCopy{place.text(), std::move(*bytes)};
    }
  }
  return std::nullopt;
}

// The daemon hashes it on every use and drops the image where the hash is another; tags then lead nowhere.
Image read_image(StateReader& reader, const RelPath& dir, const std::vector<std::string>& temporaries,
                 const ImageId& id) {
  Image image(id);
  image.path = dir / id.hex();
  const FileState file = reader.read(image.path, kConfigLimit);
  image.state = file.kind;
  image.error_code = file.code;
  const std::string digest = file.present() ? sha256_hex(file.bytes) : "";
  if (digest == id.hex()) {
    parse_image_config(file.bytes, image);
    return image;
  }
  image.problem = file.present() && !file.empty() && !file.zero_filled()
                      ? "altered (its digest is sha256:" + digest + ")"
                      : file.problem();
  image.copy = find_copy(reader.root(), dir, temporaries, id);
  return image;
}

struct ContentListing {
  std::vector<ImageId> ids;
  std::vector<std::string> temporaries;
};

ContentListing list_content(StateReader& reader, const RelPath& dir, ImageStore& store) {
  const StateReader::Listing listing = reader.list(dir);
  store.exists = listing.state == FileState::Kind::Present;
  store.complete = listing.state == FileState::Kind::Present || listing.state == FileState::Kind::Absent;
  ContentListing content;
  for (const DirEntry& entry : listing.entries) {
    if (const std::optional<ImageId> id = ImageId::from_hex(entry.name); id) {
      content.ids.push_back(*id);
    } else if (entry.name.starts_with(kImageTemporary)) {
      content.temporaries.push_back(entry.name);
    } else {
      store.foreign.push_back(dir / entry.name);
    }
  }
  return content;
}

// Configs that tags or metadata name but that are gone: listed as images where their bytes are found elsewhere.
// Without their config such images are in no list of the daemon, and only a tag or a metadata directory remembers
// that they were.
void find_lost_images(const Root& root, const RelPath& dir, const ContentListing& content, ImageStore& store) {
  for (const ImageId& id : store.missing()) {
    if (std::optional<ConfigCopy> copy = find_copy(root, dir, content.temporaries, id); copy) {
      store.add_lost(id, dir / id.hex(), std::move(*copy));
    }
  }
}

// Each key is a file that may be missing; the daemon checks none of the values when it reads them, and a bad one
// fails the request that uses it.
ImageMetadata read_metadata(StateReader& reader, const RelPath& base, const DirEntry& entry) {
  ImageMetadata metadata;
  metadata.name = entry.name;
  metadata.path = base / entry.name;
  metadata.id = ImageId::from_hex(entry.name);
  metadata.is_directory = entry.type == S_IFDIR;
  if (!metadata.is_directory) {
    return metadata;
  }
  metadata.parent = reader.read(metadata.path / "parent", kMetadataLimit);
  metadata.last_updated = reader.read(metadata.path / "lastUpdated", kMetadataLimit);
  metadata.parent_id = ImageId::parse(metadata.parent.bytes);
  const FileState& time = metadata.last_updated;
  // An empty file is the zero time for the daemon.
  metadata.last_updated_bad = !time.absent() && !time.empty() && !is_rfc3339(time.bytes);
  return metadata;
}

void scan_metadata(const Root& root, unsigned jobs, const Cancel& cancel, Model& model) {
  const RelPath base = model.image_path / "imagedb/metadata/sha256";
  StateReader lists(root);
  std::vector<DirEntry> entries = lists.list(base).entries;
  // Leftovers of atomic writes are listed elsewhere, with all others of their kind.
  std::erase_if(entries, [](const DirEntry& entry) { return entry.name.starts_with(kImageTemporary); });
  add_failures(model.failures, lists.take_failures());
  model.images.metadata.resize(entries.size());
  std::vector<std::vector<ScanFailure>> failures(entries.size());
  for_each_index(entries.size(), jobs, cancel, [&](size_t i) {
    StateReader reader(root);
    model.images.metadata[i] = read_metadata(reader, base, entries[i]);
    failures[i] = reader.take_failures();
  });
  for (const std::vector<ScanFailure>& some : failures) {
    add_failures(model.failures, some);
  }
}

}  // namespace

void scan_images(const Root& root, unsigned jobs, const Cancel& cancel, Model& model) {
  ImageStore& store = model.images;
  const RelPath dir = model.image_path / "imagedb/content/sha256";
  StateReader lists(root);
  const ContentListing content = list_content(lists, dir, store);
  add_failures(model.failures, lists.take_failures());

  std::vector<std::optional<Image>> images(content.ids.size());
  std::vector<std::vector<ScanFailure>> failures(content.ids.size());
  for_each_index(content.ids.size(), jobs, cancel, [&](size_t i) {
    StateReader reader(root);
    images[i] = read_image(reader, dir, content.temporaries, content.ids[i]);
    failures[i] = reader.take_failures();
  });
  for (size_t i = 0; i < images.size(); ++i) {
    store.complete = store.complete && images[i] && failures[i].empty();
    add_failures(model.failures, failures[i]);
    if (images[i]) {
      store.images.push_back(std::move(*images[i]));
    }
  }
  scan_metadata(root, jobs, cancel, model);
  scan_references(root, model);
  scan_distribution(root, jobs, cancel, model);
  // Last: tags and metadata tell which are missing.
  find_lost_images(root, dir, content, store);
}

}  // namespace dfsck
