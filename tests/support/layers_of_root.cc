// From layerdb alone.
#include "tests/support/layers_of_root.h"

#include <cstdio>
#include <optional>

#include "core/base/text.h"

namespace dfsck::test {
namespace {

std::string small_file(const Root& root, const RelPath& path) {
  const Result<std::string> bytes = root.read_small(path, 4096);
  return bytes ? std::string(trimmed(*bytes)) : std::string();
}

// Ids from a directory name of the form <uid>.<gid>, as a remapped daemon makes it.
RootOwners owners_of(const Root& root) {
  const std::string name = root.path().substr(root.path().rfind('/') + 1);
  const size_t point = name.find('.');
  const auto uid = parse_uint64(name.substr(0, point));
  const auto gid = point == std::string::npos ? std::nullopt : parse_uint64(name.substr(point + 1));
  RootOwners owners;
  if (uid && gid) {
    owners.containers = {IdMap::shifted(static_cast<uint32_t>(*uid), 65536),
                         IdMap::shifted(static_cast<uint32_t>(*gid), 65536)};
  }
  return owners;
}

}  // namespace

std::vector<LayerOfRoot> layers_of_root(const Root& root) {
  std::vector<LayerOfRoot> layers;
  const RelPath store = "image/overlay2/layerdb/sha256";
  const Result<Dir> dir = root.open_dir(store);
  const auto entries = dir ? dir->list() : Result<std::vector<DirEntry>>(dir.error());
  if (!entries) {
    std::fprintf(stderr, "%s\n", entries.error().message().c_str());
    return layers;
  }
  for (const DirEntry& entry : *entries) {
    const RelPath path = store / entry.name;
    const std::string cache = small_file(root, path / "cache-id");
    if (!RelPath::is_component(cache)) {
      continue;
    }
    LayerOfRoot& layer = layers.emplace_back();
    layer.chain = entry.name;
    layer.size = parse_uint64(small_file(root, path / "size")).value_or(0);
    layer.input.tar_split = path / "tar-split.json.gz";
    layer.input.diff_dir = RelPath("overlay2") / cache / "diff";
    layer.input.diff = DiffId::parse(small_file(root, path / "diff"));
    layer.input.provenance = is_buildkit_id(cache) ? Provenance::RawUpper : Provenance::Unpacked;
    layer.input.owners = owners_of(root);
  }
  return layers;
}

}  // namespace dfsck::test
