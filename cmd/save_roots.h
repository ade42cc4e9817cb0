// The roots that images are saved out of: the one that was named, and user-namespace remapped ones below it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model/derive/derive.h"
#include "core/save/catalogue.h"

namespace dfsck {

class SaveRoots {
 public:
  // Reads `root`, which must outlive this, and the roots below it. An Error if `root` cannot be read.
  static Result<SaveRoots> read(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress);

  std::vector<SaveRoot> all() const;
  // Of roots below, and of what could not be read; escaped.
  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Read {
    std::optional<Root> own;  // of a root below
    Model model;
    Derived derived;
  };
  static Result<std::unique_ptr<Read>> read_one(const Root& root, unsigned jobs, const Cancel& cancel,
                                                Progress& progress);

  explicit SaveRoots(const Root& root) : root_(root) {}

  const Root& root_;
  std::vector<std::unique_ptr<Read>> roots_;  // the one that was named first
  std::vector<std::string> failures_;
};

}  // namespace dfsck
