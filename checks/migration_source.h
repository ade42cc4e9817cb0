// The source of a migration: the root, those of remapped daemons below it, and all that was read of them.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/model/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"
#include "core/transfer/planned_unit.h"

namespace dfsck {

// Its roots point into it: it stays where it was made.
class MigrationSource {
 public:
  // An Error where there is nothing of Docker's.
  static Result<std::unique_ptr<const MigrationSource>> open(const std::string& path, unsigned jobs, const Cancel& cancel,
                                                             Progress& progress);

  const Root& root() const { return roots_.front().root; }
  const std::vector<SourceRoot>& roots() const { return sources_; }
  const Root& root_of(const SourceRoot& source) const;

  // Why it must not be copied now: a daemon uses it, a repair was cut off. Empty where nothing stands against it.
  std::vector<std::string> obstacles() const;
  std::vector<std::string> live_evidence() const;
  // Tags, or the id where there is none, of the images that have the layer.
  std::vector<std::string> images_of(const ChainId& layer) const;

 private:
  struct Part {
    RelPath prefix;
    Root root;
    Model model;
    Derived derived;
  };

  Result<void> add(Root root, RelPath prefix, unsigned jobs, const Cancel& cancel, Progress& progress);

  std::list<Part> roots_;
  std::vector<SourceRoot> sources_;
};

}  // namespace dfsck
