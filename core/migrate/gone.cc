// A unit that is gone is only a name of an earlier run: what counts is what the directories above today's units may
// hold.
#include "core/migrate/gone.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/migrate/copy_file.h"

namespace dfsck {

std::vector<std::string> gone_units(const MigrationHistory& history, const std::vector<MigrationUnit>& units) {
  std::set<std::string> wanted;
  for (const MigrationUnit& unit : units) {
    wanted.insert(unit.path.bytes());
  }
  std::vector<std::string> gone;
  std::set_difference(history.begun.begin(), history.begun.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(gone));
  return gone;
}

// First what is no longer wanted below directories that stay, then whole names in the top: those are only removed if
// an earlier run has brought them, since the target's top may have things of others.
void remove_gone(CopyContext& context, CopyUnit& notes, const UnitParents& parents,
                 const std::vector<std::string>& gone) {
  parents.remove_strays(context, notes);
  for (const std::string& path : gone) {
    const std::string top = path.substr(0, path.find('/'));
    if (!parents.holds(top) && !context.stopped()) {
      clear_name(context, notes, context.target, top, top);
    }
  }
}

}  // namespace dfsck
