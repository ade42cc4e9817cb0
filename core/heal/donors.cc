// A directory with an image store is a root; everything else is an archive or a layout.
#include "core/heal/donors.h"

#include <algorithm>
#include <utility>

#include "core/base/try.h"

namespace dfsck {
namespace {

// An unpacked archive has manifest.json, blobs/ or directories of ids at its top; a directory image/ is what every
// graph-driver root has had since 1.10.
bool is_docker_root(const Root& root) {
  const Result<FileStat> store = root.stat(RelPath("image"));
  return store && store->is_dir();
}

Result<std::unique_ptr<const RootDonor>> read_root(Root root, unsigned jobs, const Cancel& cancel) {
  Progress progress;
  // A donor is read by the same scanner as the root in hand, and trusted as little: what it has counts only by digest.
  ASSIGN_OR_RETURN(Model model, scan(root, jobs, cancel, progress));
  Derived derived = derive(model);
  return std::make_unique<const RootDonor>(RootDonor{std::move(root), std::move(model), std::move(derived)});
}

}  // namespace

const Donor* Donors::find_archive(const std::string& path) const {
  const auto found =
      std::find_if(archives.begin(), archives.end(), [&](const Donor& donor) { return donor.path() == path; });
  return found != archives.end() ? &*found : nullptr;
}

const Root* Donors::find_root(const std::string& path) const {
  const auto found =
      std::find_if(roots.begin(), roots.end(), [&](const auto& donor) { return donor->root.path() == path; });
  return found != roots.end() ? &(*found)->root : nullptr;
}

Result<Donors> open_donors(const std::vector<std::string>& paths, unsigned jobs, const Cancel& cancel) {
  Donors donors;
  for (const std::string& path : paths) {
    // A plan may be applied from another directory, or by a service without one.
    ASSIGN_OR_RETURN(const std::string absolute, resolved_path(path));
    Result<Root> root = Root::open(absolute);
    if (root && is_docker_root(*root)) {
      ASSIGN_OR_RETURN(auto read, read_root(std::move(*root), jobs, cancel));
      donors.roots.push_back(std::move(read));
      continue;
    }
    DonorOptions options;
    options.jobs = jobs;
    ASSIGN_OR_RETURN(Donor donor, open_donor(absolute, cancel, options));
    donors.archives.push_back(std::move(donor));
  }
  return donors;
}

}  // namespace dfsck
