// Files that no tar-split lists: writable layers, directories of the build cache, volumes. Only regular files of a
// sought size are opened; no link is followed.
#include <algorithm>

#include "core/codec/crc64.h"
#include "core/donor/file_range.h"
#include "core/heal/search.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

// The trees to go through: diff/ of every directory that is no layer's, and _data of every volume.
std::vector<RelPath> trees_of(const Model& model, const Derived& derived) {
  std::vector<RelPath> trees;
  for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
    const std::vector<DirOwner>& owners = derived.dirs[i].owners;
    const bool of_layer = std::any_of(owners.begin(), owners.end(),
                                      [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Layer; });
    if (!of_layer && model.overlay.dirs[i].diff.exists) {
      trees.push_back(model.overlay.dirs[i].path / "diff");
    }
  }
  for (const Volume& volume : model.volumes.volumes) {
    trees.push_back(volume.path / "_data");
  }
  return trees;
}

// Every file of a sought size has to be read here, because nothing lists its checksum: why trees come last.
std::optional<uint64_t> file_crc(const Dir& dir, const std::string& name, uint64_t size, const Cancel& cancel) {
  Result<Fd> fd = dir.open_file(name);
  if (!fd) {
    return std::nullopt;
  }
  FileRange file(std::make_shared<const Fd>(std::move(*fd)), 0, size, name);
  Crc64 crc;
  while (!cancel.requested()) {
    const Result<std::string_view> piece = file.next();
    if (!piece) {
      return std::nullopt;
    }
    if (piece->empty()) {
      return crc.value();
    }
    crc.update(piece->data(), piece->size());
  }
  return std::nullopt;
}

std::vector<FoundOrigin> search_tree(const Root& root, const RelPath& top, const Cancel& cancel,
                                     const LostFiles& lost) {
  std::vector<FoundOrigin> found;
  std::vector<RelPath> todo{top};
  while (!todo.empty() && !cancel.requested()) {
    const RelPath path = std::move(todo.back());
    todo.pop_back();
    // Opened anew from the top, by its path: a stack of open directories would need as many descriptors as the tree is
    // deep.
    const Result<Dir> dir = root.open_dir(path);
    const Result<std::vector<DirEntry>> entries = dir ? dir->list() : dir.error();
    if (!entries) {
      continue;
    }
    for (const DirEntry& entry : *entries) {
      if (entry.type == S_IFDIR) {
        todo.push_back(path / entry.name);
        continue;
      }
      const Result<FileStat> stat = entry.type == S_IFREG ? dir->stat(entry.name) : Error{};
      if (!stat || stat->size == 0 || !lost.seeks_size(stat->size)) {
        continue;
      }
      const std::optional<uint64_t> crc = file_crc(*dir, entry.name, stat->size, cancel);
      if (crc && lost.seeks(stat->size, *crc)) {
        found.push_back({stat->size, *crc, {"", std::nullopt, path / entry.name, {}}});
      }
    }
  }
  return found;
}

}  // namespace

void search_trees(const Root& root, const Model& model, const Derived& derived, const SearchJobs& how,
                  LostFiles& lost) {
  // Layers' trees are left out: search_layers has asked for them by their tar-splits.
  const std::vector<RelPath> trees = trees_of(model, derived);
  std::vector<std::vector<FoundOrigin>> found(trees.size());
  for_each_index(trees.size(), how.jobs, how.cancel,
                 [&](size_t i) { found[i] = search_tree(root, trees[i], how.cancel, lost); });
  lost.take(found);
}

}  // namespace dfsck
