// Invariant: the owners of all files of a root fit one map from the ids of containers to those on disk. Which map it
// is, is nothing wrong; that none fits means that nothing can be said of owners.
#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/text.h"
#include "core/fs/lock.h"

namespace dfsck {
namespace {

std::string map_text(const IdMap& map) {
  const std::string text = map.text();
  return (text.starts_with("shifted") ? "are " : "are mapped: ") + text;
}

std::string map_text(const IdMapping& map) {
  return map_text(map.users) + (map.users == map.groups ? "" : ", groups " + map_text(map.groups));
}

std::string evidence_text(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return text;
}

}  // namespace

void check_owners(const CheckInput& input, FindingSink& sink) {
  const RootOwners& owners = input.model.owners;
  // With no map for all of it, an owner that differs from a header may be the right one. Nothing is
  // compared and nothing written, and that must be said: a check that leaves out owners has not seen them.
  if (!owners.known) {
    sink.add(problem::owners_undetermined, kRootSubject, {}).args["reason"] = owners.doubt;
  } else if (!owners.containers.is_identity() && !owners.by_name_alone) {
    Finding& finding = sink.add(problem::owners_shifted, kRootSubject, {});
    finding.args["map"] = map_text(owners.containers);
    finding.args["evidence"] = evidence_text(owners.known_by);
  }
  // chown does not touch access lists. In the namespace their ids are nobody's, so that they
  // grant nothing more than before: information.
  if (const uint64_t lists = input.content.unshifted_acls; lists > 0) {
    sink.add(problem::acls_unshifted, kRootSubject, {}).args["count"] = counted(lists, "access list");
  }
  // A repair that was cut off may be in there. So none is begun here: the lock cannot be had.
  if (input.model.entries.hides_own_runs) {
    sink.add(problem::own_runs_hidden, kRootSubject, kOwnDirectory).args["path"] = kOwnDirectory;
  }
}

}  // namespace dfsck
