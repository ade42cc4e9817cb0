// pack-layers ROOT: pretends that every layer of a data root has lost its tar-split, packs it again, and prints for
// each whether the digest came out right and whether the new file says the same as the old one; then the shares.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/codec/tar/tar_split.h"
#include "core/content/pack/pack.h"
#include "core/run/parallel.h"
#include "tests/support/layers_of_root.h"

namespace {

using namespace dfsck;

struct Layer {
  test::LayerOfRoot found;
  Result<PackedLayer> packed = PackedLayer{};
  bool same_records = false;
};

// The records of two files are the same, but for the empty one that old daemons put last.
bool have_same_records(const Root& root, const RelPath& old_path, const std::string& new_bytes) {
  const Result<Fd> old_file = root.open_file(old_path);
  const Fd new_file(::memfd_create("new", MFD_CLOEXEC));
  if (!old_file || !new_file ||
      ::write(new_file.get(), new_bytes.data(), new_bytes.size()) != static_cast<ssize_t>(new_bytes.size())) {
    return false;
  }
  constexpr uint64_t kLimit = 1ULL << 34;
  TarSplitReader old_reader(old_file->get(), "old", kLimit);
  TarSplitReader new_reader(new_file.get(), "new", kLimit);
  TarSplitRecord a;
  TarSplitRecord b;
  const auto next = [](TarSplitReader& reader, TarSplitRecord& record) {
    for (;;) {
      const Result<bool> got = reader.next(record);
      if (!got || !*got) {
        return false;
      }
      if (record.kind == TarSplitRecord::Kind::File || !record.bytes.empty()) {
        return true;
      }
    }
  };
  for (;;) {
    const bool more = next(old_reader, a);
    if (more != next(new_reader, b)) {
      return false;
    }
    if (!more) {
      return true;
    }
    if (a.kind != b.kind || a.bytes != b.bytes || a.name != b.name || a.size != b.size || a.crc64 != b.crc64 ||
        a.has_crc != b.has_crc) {
      return false;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Root> root = argc > 1 ? Root::open(argv[1]) : Result<Root>(limit_error("read", "arguments", "none"));
  if (!root) {
    std::fprintf(stderr, "%s\n", root.error().message().c_str());
    return 2;
  }
  std::vector<Layer> layers;
  for (test::LayerOfRoot& found : test::layers_of_root(*root)) {
    layers.emplace_back().found = std::move(found);
  }
  const OwnerNames names = host_owner_names();
  const Cancel cancel;
  Progress progress;
  for_each_index(layers.size(), default_jobs(), cancel, [&](size_t i) {
    std::string bytes;
    const ByteSink sink = [&bytes](std::string_view piece) {
      bytes += piece;
      return Result<void>();
    };
    layers[i].packed = pack_layer(*root, layers[i].found.input, names, cancel, progress, sink);
    layers[i].same_records = layers[i].packed && layers[i].packed->matches &&
                             have_same_records(*root, layers[i].found.input.tar_split, bytes);
  });
  size_t matching = 0;
  size_t same = 0;
  for (const Layer& layer : layers) {
    const bool matches = layer.packed && layer.packed->matches;
    matching += matches ? 1 : 0;
    same += layer.same_records ? 1 : 0;
    const std::string text = !layer.packed ? layer.packed.error().message()
                             : matches     ? layer.packed->variant
                                           : layer.packed->reason;
    std::printf("%.12s %-9s %-10s %s\n", layer.found.chain.c_str(), matches ? "rebuilt" : "NOT",
                layer.same_records ? "identical" : "-", text.c_str());
  }
  std::printf("%zu of %zu layers rebuilt, %zu identical\n", matching, layers.size(), same);
  return matching == layers.size() ? 0 : 1;
}
