// Scanning and deriving; nothing is checked.
#include "cmd/save_roots.h"

#include "core/base/try.h"

namespace dfsck {

// No check goes before it: saving verifies by itself each layer that it needs.
Result<std::unique_ptr<SaveRoots::Read>> SaveRoots::read_one(const Root& root, unsigned jobs, const Cancel& cancel,
                                                             Progress& progress) {
  ASSIGN_OR_RETURN(Model model, scan(root, jobs, cancel, progress));
  auto read = std::make_unique<Read>();
  read->model = std::move(model);
  read->derived = derive(read->model);
  return read;
}

// A remapped root that cannot be opened is no reason not to save from the others; it is told of.
Result<SaveRoots> SaveRoots::read(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress) {
  SaveRoots roots(root);
  ASSIGN_OR_RETURN(std::unique_ptr<Read> first, read_one(root, jobs, cancel, progress));
  roots.roots_.push_back(std::move(first));
  for (const std::string& name : roots.roots_.front()->model.entries.remapped_roots) {
    Result<Root> inner = root.open_below(*RelPath::parse(name));
    if (!inner) {
      roots.failures_.push_back(inner.error().message());
      continue;
    }
    Result<std::unique_ptr<Read>> below = read_one(*inner, jobs, cancel, progress);
    if (!below) {
      roots.failures_.push_back(below.error().message());
      continue;
    }
    (*below)->own = std::move(*inner);
    roots.roots_.push_back(std::move(*below));
  }
  return roots;
}

std::vector<SaveRoot> SaveRoots::all() const {
  std::vector<SaveRoot> roots;
  for (const auto& read : roots_) {
    roots.push_back({read->own ? *read->own : root_, read->model, read->derived});
  }
  return roots;
}

}  // namespace dfsck
