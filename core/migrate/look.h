// Whether the source of a unit is still what it was when it was copied: a walk that reads metadata only.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/migrate/copy_walk.h"

namespace dfsck {

// Names of files with several names that an earlier run has copied.
class KnownLinks {
 public:
  void add(LinkTable::Key key, uint64_t links, const std::string& path);
  // Tells the table of all those that exist in the target.
  void adopt_into(CopyContext& context) const;

 private:
  struct Name {
    LinkTable::Key key;
    uint64_t links = 0;
    std::string path;
  };
  std::mutex mutex_;
  std::vector<Name> names_;
};

// Goes through the unit's source; unit.fingerprint and unit.tally are complete when `ended` is called.
void look_at_tree(CopyContext& context, CopyUnit& unit, SharedWork& work, KnownLinks& links,
                  std::function<void()> ended);

// What looking at a unit found.
struct UnitLook {
  explicit UnitLook(const MigrationUnit& unit) : probe(unit) {}

  CopyUnit probe;
  KnownLinks links;
};
// Looks at all of them; whatever was not looked at because it had to stop is null.
std::vector<std::unique_ptr<UnitLook>> look_at_units(CopyContext& context,
                                                     const std::vector<const MigrationUnit*>& units, unsigned jobs);

}  // namespace dfsck
