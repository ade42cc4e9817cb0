// Finds files of writes and operations that were cut off. Only names are looked at. The temporary files of containers
// and of overlay2 directories are recorded with these.
#include "core/model/model.h"

#include <algorithm>

namespace dfsck {
namespace {

constexpr std::string_view kTemporary = ".tmp-";  // moby pkg/ioutils/fswriters.go:NewAtomicFileWriter

class Leftovers {
 public:
  Leftovers(StateReader& reader, RootEntries& entries) : reader_(reader), entries_(entries) {}

  // Temporary files directly in `path`; `prefix` narrows down which.
  void in(const RelPath& path, std::string_view prefix = kTemporary) {
    for (const DirEntry& entry : reader_.list(path).entries) {
      if (entry.type == S_IFREG && entry.name.starts_with(prefix)) {
        entries_.temporary_files.push_back(path / entry.name);
      }
    }
  }

  // The same in each directory directly in `path`.
  void in_each(const RelPath& path, std::string_view prefix = kTemporary) {
    for (const DirEntry& entry : reader_.list(path).entries) {
      if (entry.type == S_IFDIR) {
        in(path / entry.name, prefix);
      }
    }
  }

  // tmp/ is renamed to tmp-old at each start and removed in the background, so both may be there, of any size:
  // counted, never descended into.
  void count(const RelPath& path) {
    const size_t found = reader_.list(path).entries.size();
    if (found > 0) {
      entries_.temporary_dirs.push_back({path, found});
    }
  }

 private:
  StateReader& reader_;
  RootEntries& entries_;
};

}  // namespace

// Everywhere that the daemon writes by AtomicWriteFile. Its readers pass over such names, since they fail the test
// for ids, so they do no harm but take space; each may be the newer copy of a damaged target.
void scan_leftovers(const Root& root, Model& model) {
  StateReader reader(root);
  Leftovers leftovers(reader, model.entries);
  leftovers.in(model.image_path);
  leftovers.in(model.image_path / "imagedb/content/sha256");
  leftovers.in_each(model.image_path / "imagedb/metadata/sha256");
  leftovers.in(model.image_path / "distribution/diffid-by-digest/sha256");
  leftovers.in(model.image_path / "distribution/v2metadata-by-diffid/sha256");
  leftovers.in_each("volumes", ".tmp-opts.json");
  leftovers.in_each("plugins", ".tmp-config.json");
  std::sort(model.entries.temporary_files.begin(), model.entries.temporary_files.end());
  leftovers.count("tmp");
  leftovers.count("tmp-old");
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck
