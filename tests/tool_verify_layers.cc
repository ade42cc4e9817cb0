// verify-layers ROOT [full|headers] [JOBS]: verifies the layers of one data root and prints a line for each, and one for
// every issue. For measuring and for looking at roots by hand; docker-fsck itself does more.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/content/verify.h"
#include "core/run/parallel.h"

namespace {

using namespace dfsck;

struct Named {
  std::string chain;
  uint64_t size = 0;
  LayerInput input;
};

std::string small(const Root& root, const RelPath& path) {
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
    owners.containers = {IdMap::shifted(static_cast<uint32_t>(*uid), 65536), IdMap::shifted(static_cast<uint32_t>(*gid), 65536)};
  }
  return owners;
}

std::vector<Named> find_layers(const Root& root) {
  std::vector<Named> layers;
  const RelPath store = "image/overlay2/layerdb/sha256";
  const Result<Dir> dir = root.open_dir(store);
  const auto entries = dir ? dir->list() : Result<std::vector<DirEntry>>(dir.error());
  if (!entries) {
    std::fprintf(stderr, "%s\n", entries.error().message().c_str());
    return layers;
  }
  for (const DirEntry& entry : *entries) {
    const RelPath path = store / entry.name;
    const std::string cache = small(root, path / "cache-id");
    if (!RelPath::is_component(cache)) {
      continue;
    }
    Named& layer = layers.emplace_back();
    layer.chain = entry.name;
    layer.size = parse_uint64(small(root, path / "size")).value_or(0);
    layer.input.tar_split = path / "tar-split.json.gz";
    layer.input.diff_dir = RelPath("overlay2") / cache / "diff";
    layer.input.diff = DiffId::parse(small(root, path / "diff"));
    layer.input.provenance = is_buildkit_id(cache) ? Provenance::RawUpper : Provenance::Unpacked;
    layer.input.owners = owners_of(root);
  }
  std::stable_sort(layers.begin(), layers.end(), [](const Named& a, const Named& b) { return a.size > b.size; });
  return layers;
}

const char* state_name(LayerVerdict::State state) {
  switch (state) {
    case LayerVerdict::State::NotChecked: return "not checked";
    case LayerVerdict::State::Verified: return "verified";
    case LayerVerdict::State::HeadersMatch: return "headers match";
    case LayerVerdict::State::Damaged: return "DAMAGED";
    case LayerVerdict::State::DigestDiffers: return "DIGEST DIFFERS";
    case LayerVerdict::State::NoReference: return "NO REFERENCE";
    case LayerVerdict::State::Unverifiable: return "unverifiable";
    case LayerVerdict::State::Unreadable: return "UNREADABLE";
    case LayerVerdict::State::Cancelled: return "cancelled";
  }
  return "?";
}

void print(const Named& layer, const LayerVerdict& verdict) {
  std::printf("%.12s %-14s %7llu entries %12llu bytes, size %llu/%llu/%llu%s%s\n", layer.chain.c_str(),
              state_name(verdict.state), static_cast<unsigned long long>(verdict.entries),
              static_cast<unsigned long long>(verdict.bytes_hashed), static_cast<unsigned long long>(layer.size),
              static_cast<unsigned long long>(verdict.tree_bytes),
              static_cast<unsigned long long>(verdict.header_bytes), verdict.reason.empty() ? "" : " ",
              verdict.reason.c_str());
  size_t shown = 0;
  for (const Issue& issue : verdict.issues) {
    if (++shown > 50) {
      std::printf("    and %zu more\n", verdict.issues.size() - 50);
      break;
    }
    std::printf("    %s %s: %s\n", std::string(issue_kind_name(issue.kind)).c_str(), escaped(issue.path).c_str(),
                issue.detail.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Root> root = argc > 1 ? Root::open(argv[1]) : Result<Root>(limit_error("read", "arguments", "none"));
  if (!root) {
    std::fprintf(stderr, "%s\n", root.error().message().c_str());
    return 2;
  }
  const Depth depth = argc > 2 && std::strcmp(argv[2], "headers") == 0 ? Depth::Headers : Depth::Full;
  const auto jobs = static_cast<unsigned>(argc > 3 ? parse_uint64(argv[3]).value_or(1) : default_jobs());
  const std::vector<Named> layers = find_layers(*root);
  std::vector<LayerVerdict> verdicts(layers.size());
  const Cancel cancel;
  Progress progress;
  for_each_index(layers.size(), jobs, cancel, [&](size_t i) {
    verdicts[i] = verify_layer(*root, layers[i].input, depth, cancel, progress);
  });
  bool clean = true;
  for (size_t i = 0; i < layers.size(); ++i) {
    print(layers[i], verdicts[i]);
    clean = clean && verdicts[i].issues.empty() &&
            (verdicts[i].state == LayerVerdict::State::Verified ||
             verdicts[i].state == LayerVerdict::State::HeadersMatch);
  }
  return clean ? 0 : 1;
}
