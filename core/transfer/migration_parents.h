// The directories above the units.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/transfer/copy_context.h"

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
  // Adds what they are in the source.
  void sum_up(CopyContext& context, SetSum& sum) const;

 private:
  std::set<std::string> paths_;  // sorted: each behind those above it
};

}  // namespace dfsck
