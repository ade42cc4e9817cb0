// swarm/: little of it can be rebuilt, and one of its states makes the next start of the daemon delete all of it.
#include "checks/root/swarm.h"

#include "checks/root/swarm_rebuild.h"

namespace dfsck {
namespace {

Finding& add_swarm_file(ProblemId id, const RelPath& path, FindingSink& sink) {
  Finding& finding = sink.add(id, {SubjectKind::File, path.text()}, path);
  finding.args["path"] = path.text();
  return finding;
}

// Without the file a daemon is in no swarm and touches nothing else in swarm/; with a broken one it
// does not start. So moving it aside gets the daemon going, at the price of the membership: lossy,
// unless the node's own certificate tells what was in it.
void check_state(const Swarm& swarm, FindingSink& sink) {
  if (swarm.state_problem.empty()) {
    return;
  }
  const std::optional<SwarmStateRebuild> rebuild = rebuild_swarm_state(swarm);
  Finding& finding = add_swarm_file(rebuild ? problem::swarm_state_restorable : problem::swarm_state_bad,
                                    "swarm/docker-state.json", sink);
  finding.args["state"] = swarm.state_problem;
  if (rebuild) {
    finding.args["source"] = rebuild->known_from;
  }
}

}  // namespace

void check_swarm(const Swarm& swarm, FindingSink& sink) {
  if (!swarm.exists) {
    return;
  }
  // The one state that a start makes worse: a daemon that finds docker-state.json and no certificate
  // deletes all of swarm/, raft log and keys included.
  if (!swarm.has_certificate) {
    add_swarm_file(problem::swarm_certificate_missing, "swarm/certificates/swarm-node.crt", sink);
  } else {
    check_state(swarm, sink);
  }
  if (!swarm.peers_problem.empty()) {
    add_swarm_file(problem::swarm_managers_bad, "swarm/state.json", sink).args["state"] = swarm.peers_problem;
  }
  // No repair: the entries are encrypted with the node's key, and what is lost in the middle of a raft
  // log cannot be made up. Other managers have it.
  for (const Swarm::LogProblem& problem : swarm.log_problems) {
    Finding& finding = add_swarm_file(problem::swarm_log_bad, problem.path, sink);
    finding.args["offset"] = std::to_string(problem.offset);
    finding.args["detail"] = problem.detail;
  }
}

}  // namespace dfsck
