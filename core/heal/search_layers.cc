// tar-split names every file of a layer with its size and CRC-64, so that a layer is searched without its files.
#include "core/codec/tar/layer_stream.h"
#include "core/content/layers/verify_layers.h"
#include "core/heal/search.h"
#include "core/run/parallel.h"

namespace dfsck {

void search_layers(const Root& root, const Model& model, const Derived& derived, const std::string& donor,
                   const SearchJobs& how, LostFiles& lost) {
  std::vector<std::vector<FoundOrigin>> found(model.layers.layers.size());
  for_each_index(found.size(), how.jobs, how.cancel, [&](size_t i) {
    const std::optional<LayerInput> input = layer_input(model, derived, i);
    const Result<Fd> fd = input && !input->tree_lost ? root.open_file(input->tar_split) : Error{};
    if (!fd) {
      return;
    }
    LayerStream stream(fd->get(), input->tar_split.text());
    LayerEntry entry;
    while (!how.cancel.requested()) {
      const Result<LayerStream::Kind> kind = stream.next(entry);
      // A tar-split that breaks off has still named the files before the break.
      if (!kind || *kind == LayerStream::Kind::End) {
        return;
      }
      const std::optional<RelPath> inside = RelPath::parse(entry.path);
      if (*kind != LayerStream::Kind::Entry || entry.size == 0 || !lost.seeks(entry.size, entry.crc64) || !inside) {
        continue;
      }
      RelPath path = input->diff_dir.joined(*inside);
      // Of this root, a file that was itself found damaged is no source, whatever its tar-split says that it holds.
      if (!donor.empty() || !lost.is_damaged(path)) {
        found[i].push_back({entry.size, entry.crc64, {donor, std::nullopt, std::move(path), {}}});
      }
    }
  });
  lost.take(found);
}

}  // namespace dfsck
