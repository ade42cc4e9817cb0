// swarm/: nothing of it can be rebuilt, and one of its states makes the next start of the daemon delete all of it.
#include "checks/swarm.h"

namespace dfsck {
namespace {

void bad_state(const RelPath& path, const std::string& problem, FindingSink& sink) {
  if (problem.empty()) {
    return;
  }
  Finding& finding = sink.add(problem::swarm_state_bad, {SubjectKind::File, path.text()}, path);
  finding.args["path"] = path.text();
  finding.args["state"] = problem;
}

}  // namespace

void check_swarm(const Swarm& swarm, FindingSink& sink) {
  if (!swarm.exists) {
    return;
  }
  if (!swarm.has_certificate) {
    const RelPath path = "swarm/certificates/swarm-node.crt";
    sink.add(problem::swarm_certificate_missing, {SubjectKind::File, path.text()}, path).args["path"] = path.text();
  }
  bad_state("swarm/docker-state.json", swarm.state_problem, sink);
  bad_state("swarm/state.json", swarm.peers_problem, sink);
  for (const Swarm::LogProblem& problem : swarm.log_problems) {
    Finding& finding = sink.add(problem::swarm_log_bad, {SubjectKind::File, problem.path.text()}, problem.path);
    finding.args["path"] = problem.path.text();
    finding.args["offset"] = std::to_string(problem.offset);
    finding.args["detail"] = problem.detail;
  }
}

}  // namespace dfsck
