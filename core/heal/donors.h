// The donors of a repair: copies of images outside the root that may supply bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/donor/donor.h"
#include "core/fs/root.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"

namespace dfsck {

// Another Docker root, read as this one is.
struct RootDonor {
  Root root;
  Model model;
  Derived derived;
};

// Constant once opened; may be read from many threads.
struct Donors {
  std::vector<Donor> archives;
  std::vector<std::unique_ptr<const RootDonor>> roots;

  const Donor* find_archive(const std::string& path) const;
  const Root* find_root(const std::string& path) const;
  bool empty() const { return archives.empty() && roots.empty(); }
};

// Opens each path: a Docker data root, else what open_donor takes. Paths are made absolute, because a plan names them.
// An error is the first one's, and names its path. `cancel` must outlive the donors.
Result<Donors> open_donors(const std::vector<std::string>& paths, unsigned jobs, const Cancel& cancel);

}  // namespace dfsck
