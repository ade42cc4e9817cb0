// Puts together what the scanners would have read of a healthy root, with the rules of the daemon for ids and chains.
#include "tests/support/model_builder.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/codec/digest.h"

namespace dfsck::test {
namespace {

// Keeps `items` in the order that the scanners promise.
template <typename T, typename Less>
T& insert_sorted(std::vector<T>& items, T item, const Less& less) {
  return *items.insert(std::lower_bound(items.begin(), items.end(), item, less), std::move(item));
}

template <typename T, typename Predicate>
T& find_or_abort(std::vector<T>& items, const Predicate& predicate) {
  const auto found = std::find_if(items.begin(), items.end(), predicate);
  if (found == items.end()) {
    std::abort();  // a mistake in the test itself
  }
  return *found;
}

MemberState directory() {
  MemberState member;
  member.exists = true;
  member.stat.mode = S_IFDIR | 0755;
  return member;
}

}  // namespace

FileState file_of(std::string bytes) {
  FileState file;
  file.kind = FileState::Kind::Present;
  file.size = bytes.size();
  file.mode = S_IFREG | 0644;
  file.bytes = std::move(bytes);
  return file;
}

std::string hex_of(std::string_view seed) { return sha256_hex(seed); }

ModelBuilder::ModelBuilder() {
  model_.driver = "overlay2";
  model_.image_path = "image/overlay2";
  model_.driver_covered = true;
  model_.layers.exists = true;
  model_.overlay.exists = true;
  model_.overlay.path = "overlay2";
  model_.overlay.links_dir = FileState::Kind::Present;
  model_.images.exists = true;
  model_.images.references.file = file_of("{\"Repositories\":{}}");
  model_.containers.exists = true;
  model_.volumes.exists = true;
  model_.networks.database.state = Database::State::Good;
}

OverlayDir& ModelBuilder::add_dir(const std::string& name, const std::optional<CacheId>& below) {
  OverlayDir made(*CacheId::parse(name));
  made.path = model_.overlay.path / name;
  made.stat.mode = S_IFDIR | 0710;
  made.diff = directory();
  made.link_id = LinkId::derived_from(name);
  made.link = file_of(made.link_id->text());
  if (below) {
    OverlayDir& parent = dir(*below);
    parent.committed.exists = true;
    parent.committed.stat.mode = S_IFREG | 0600;
    made.work = directory();
    made.lower =
        file_of("l/" + parent.link_id->text() + (parent.lower.present() ? ":" + parent.lower.bytes : std::string()));
  }
  ShortLink link;
  link.name = made.link_id->text();
  link.path = model_.overlay.path / "l" / link.name;
  link.id = made.link_id;
  link.mode = S_IFLNK | 0777;
  link.target = "../" + name + "/diff";
  link.points_to = made.id;
  insert_sorted(model_.overlay.links, std::move(link),
                [](const ShortLink& a, const ShortLink& b) { return a.name < b.name; });
  return insert_sorted(model_.overlay.dirs, std::move(made),
                       [](const OverlayDir& a, const OverlayDir& b) { return a.id < b.id; });
}

ChainId ModelBuilder::add_layer(std::string_view seed, const std::optional<ChainId>& parent) {
  const DiffId diff = *DiffId::from_hex(hex_of("diff of " + std::string(seed)));
  const ChainId id = chain_id(parent, diff);
  const std::string name = hex_of("directory of " + std::string(seed));
  add_dir(name, parent ? layer(*parent).cache : std::nullopt);
  Layer made(id);
  made.path = model_.image_path / "layerdb/sha256" / id.hex();
  made.diff = file_of(diff.text());
  made.diff_id = diff;
  made.size = file_of("1000");
  made.size_value = 1000;
  made.cache_id = file_of(name);
  made.cache = CacheId::parse(name);
  made.cache_text = name;
  made.tar_split.kind = FileState::Kind::Present;
  made.tar_split.size = 100;
  if (parent) {
    made.parent = file_of(parent->text());
    made.parent_id = parent;
  }
  insert_sorted(model_.layers.layers, std::move(made), [](const Layer& a, const Layer& b) { return a.id < b.id; });
  return id;
}

ImageId ModelBuilder::add_image(std::string_view seed, const std::optional<ChainId>& top) {
  Image made(*ImageId::from_hex(hex_of("image " + std::string(seed))));
  made.path = model_.image_path / "imagedb/content/sha256" / made.id.hex();
  made.state = FileState::Kind::Present;
  for (std::optional<ChainId> next = top; next; next = layer(*next).parent_id) {
    made.chain.insert(made.chain.begin(), *next);
    made.diff_ids.insert(made.diff_ids.begin(), *layer(*next).diff_id);
  }
  const ImageId id = made.id;
  insert_sorted(model_.images.images, std::move(made), [](const Image& a, const Image& b) { return a.id < b.id; });
  return id;
}

void ModelBuilder::add_tag(const std::string& name, const ImageId& image) {
  Reference reference;
  reference.repository = name.substr(0, name.find_last_of(name.find('@') == std::string::npos ? ":" : "@"));
  reference.name = name;
  reference.target = image.text();
  reference.image = image;
  insert_sorted(model_.images.references.references, std::move(reference),
                [](const Reference& a, const Reference& b) { return a.name < b.name; });
}

CacheId ModelBuilder::add_writable(std::string_view seed, const std::optional<ChainId>& top) {
  const std::string name = hex_of("writable directory of " + std::string(seed));
  const CacheId init = add_dir(name + "-init", top ? layer(*top).cache : std::nullopt).id;
  return add_dir(name, init).id;
}

std::string ModelBuilder::add_container(std::string_view seed, const ImageId& image_id) {
  const std::string id = hex_of("container " + std::string(seed));
  const Image& from = image(image_id);
  const std::optional<ChainId> top = from.chain.empty() ? std::nullopt : std::optional(from.chain.back());
  const CacheId dir = add_writable(seed, top);

  Mount entry;
  entry.name = id;
  entry.path = model_.image_path / "layerdb/mounts" / id;
  entry.mount_id = file_of(dir.text());
  entry.dir = dir;
  entry.init_id = file_of(dir.text() + "-init");
  entry.init_dir = CacheId::parse(entry.init_id.bytes);
  if (top) {
    entry.parent = file_of(top->text());
    entry.parent_id = top;
  }
  insert_sorted(model_.layers.mounts, std::move(entry), [](const Mount& a, const Mount& b) { return a.name < b.name; });

  Container made;
  made.name_on_disk = id;
  made.path = RelPath("containers") / id;
  made.dir_id = ContainerId::parse(id);
  made.config_state = FileState::Kind::Present;
  made.hostconfig_state = FileState::Kind::Present;
  made.id = id;
  made.name = seed;
  made.driver = model_.driver;
  made.image = image_id;
  made.created = "2026-11-24T16:35:40.191463015Z";
  made.ports_json = "{}";
  insert_sorted(model_.containers.containers, std::move(made),
                [](const Container& a, const Container& b) { return a.name_on_disk < b.name_on_disk; });
  return id;
}

void ModelBuilder::add_volume(const std::string& name) {
  Volume volume;
  volume.name = name;
  volume.path = RelPath("volumes") / name;
  volume.has_data = true;
  insert_sorted(model_.volumes.volumes, std::move(volume),
                [](const Volume& a, const Volume& b) { return a.name < b.name; });
}

void ModelBuilder::add_network(const std::string& name, const std::string& id) {
  NetworkRecord record;
  record.key = "network/" + id;
  record.kind = "network";
  record.id = id;
  record.name = name;
  insert_sorted(model_.networks.records, std::move(record),
                [](const NetworkRecord& a, const NetworkRecord& b) { return a.key < b.key; });
}

Layer& ModelBuilder::layer(const ChainId& id) {
  return find_or_abort(model_.layers.layers, [&](const Layer& item) { return item.id == id; });
}
Image& ModelBuilder::image(const ImageId& id) {
  return find_or_abort(model_.images.images, [&](const Image& item) { return item.id == id; });
}
Container& ModelBuilder::container(std::string_view id) {
  return find_or_abort(model_.containers.containers, [&](const Container& item) { return item.name_on_disk == id; });
}
Mount& ModelBuilder::mount(std::string_view name) {
  return find_or_abort(model_.layers.mounts, [&](const Mount& item) { return item.name == name; });
}
OverlayDir& ModelBuilder::dir(const CacheId& id) {
  return find_or_abort(model_.overlay.dirs, [&](const OverlayDir& item) { return item.id == id; });
}
void ModelBuilder::remove_layer(const ChainId& id) {
  std::erase_if(model_.layers.layers, [&](const Layer& item) { return item.id == id; });
}
void ModelBuilder::remove_image(const ImageId& id) {
  std::erase_if(model_.images.images, [&](const Image& item) { return item.id == id; });
}
void ModelBuilder::remove_container(std::string_view id) {
  std::erase_if(model_.containers.containers, [&](const Container& item) { return item.name_on_disk == id; });
}
void ModelBuilder::remove_mount(std::string_view name) {
  std::erase_if(model_.layers.mounts, [&](const Mount& item) { return item.name == name; });
}

}  // namespace dfsck::test
