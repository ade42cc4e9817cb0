// The roots that `show` looks at, and what was typed against all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checks/runner.h"
#include "cmd/show/render.h"
#include "cmd/show/target.h"
#include "cmd/show/view.h"

namespace dfsck {

// One root and what was found in it.
struct LookedAt {
  const Root& root;
  RelPath prefix;  // below the root that was named
  Examination look;

  ShowView view() const { return {root, prefix, look.model(), look.derived()}; }
};

class ShowRoots {
 public:
  // Looks at `root`, which must outlive this, and at the remapped roots below it. An Error if `root` cannot be looked
  // at.
  static Result<ShowRoots> look(const Root& root, const CheckOptions& options, const Cancel& cancel,
                                Progress& progress);

  const std::vector<LookedAt>& all() const { return roots_; }
  const std::vector<std::string>& failures() const { return failures_; }  // of roots below

  struct Found {
    size_t root = 0;  // index into all()
    Target target;
  };
  // Everything that `what` may mean, as a path or as a name. `what` is not the root itself: see names_root.
  std::vector<Found> find(const std::string& what) const;
  // Whether it is a path to the root that was named.
  bool names_root(const std::string& what) const;
  // Why nothing was found, with what comes near.
  std::string unknown(const std::string& what) const;
  ShownCandidate candidate(const Found& found) const;

 private:
  std::vector<std::unique_ptr<Root>> below_;  // do not move
  std::vector<LookedAt> roots_;
  std::vector<std::string> failures_;
};

}  // namespace dfsck
