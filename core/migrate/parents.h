// The directories above the units.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/migrate/copy_context.h"

namespace dfsck {

// Made before anything is copied, with nobody else's access, and finished when all is.
class UnitParents {
 public:
  // Of all units, and units that are directories without what is in them.
  explicit UnitParents(const std::vector<MigrationUnit>& units);

  // Makes those that the source has. Failures that concern one directory are problems of `notes`.
  void make(CopyContext& context, CopyUnit& notes) const;
  // Gives them the attributes that they have in the source.
  void finish(CopyContext& context, CopyUnit& notes) const;
  // Removes what lies in them in the target and is neither a unit nor one of them: of earlier runs, or of others. Not
  // from the root itself, where more than a migration may lie, and never what docker-fsck keeps of its own runs.
  void remove_strays(CopyContext& context, CopyUnit& notes) const;
  // A unit, or a directory above one.
  bool holds(const std::string& path) const { return paths_.contains(path) || units_.contains(path); }
  // Adds what they are in the source.
  void sum_up(CopyContext& context, SetSum& sum) const;

 private:
  std::set<std::string> paths_;  // sorted: each behind those above it
  std::set<std::string> units_;  // those that are copied with what is in them
};

}  // namespace dfsck
