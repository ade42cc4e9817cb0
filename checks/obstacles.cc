// The rules that keep repairs off roots and things where they could do harm.
#include "checks/obstacles.h"

#include <algorithm>
#include <set>

#include "checks/layer_chain.h"
#include "checks/liveness.h"
#include "checks/planner.h"
#include "checks/unread.h"
#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Layers some of whose files the disk did not give, by chain ID.
// What cannot be read may be whole on the platter; another cable or another disk can give it.
// Only what a file says can be called wrong.
std::set<std::string> layers_with_read_errors(const CheckInput& input) {
  std::set<std::string> layers;
  for (size_t i = 0; i < input.content.layers.size(); ++i) {
    const LayerVerdict& verdict = input.content.layers[i];
    const bool failed = std::any_of(verdict.issues.begin(), verdict.issues.end(), [](const Issue& issue) {
      return issue.kind == IssueKind::Unreadable && speaks_of_disk(issue.code);
    });
    if (failed || (verdict.state == LayerVerdict::State::Unreadable && !verdict.is_unknown())) {
      layers.insert(input.model.layers.layers[i].id.text());
    }
  }
  return layers;
}

bool speaks_of(const Finding& finding, const std::set<std::string>& layers) {
  return layers.contains(finding.subject.id) ||
         std::any_of(finding.hits.begin(), finding.hits.end(),
                     [&](const Subject& subject) { return layers.contains(subject.id); });
}

bool is_fixable(const Finding& finding) {
  const Safety safety = problem_of(finding.problem).safety;
  return safety == Safety::Safe || safety == Safety::Ask;
}

// The layers in whose trees or tar-splits something can be repaired.
// Asked by planning, not by the class alone: a finding of class safe may have no steps here.
std::set<size_t> fixable_layers(const CheckInput& input, const std::vector<Finding>& findings) {
  std::set<size_t> layers;
  for (size_t i = 0; i < findings.size(); ++i) {
    const Finding& finding = findings[i];
    if (finding.content && problem_of(finding.problem).safety == Safety::Safe &&
        !layers.contains(finding.content->layer) && !make_plan(input, findings, {i}).steps.empty()) {
      layers.insert(finding.content->layer);
    }
  }
  return layers;
}

// What stands on a lost layer goes aside with it: what is damaged in there is repaired first, by whatever mode.
bool waits_for_fixes(const CheckInput& input, const Finding& finding, const std::set<size_t>& repairable) {
  const std::optional<ChainId> lost =
      finding.problem == problem::layer_bytes_lost ? ChainId::parse(finding.subject.id) : std::nullopt;
  return lost && std::any_of(repairable.begin(), repairable.end(), [&](size_t layer) {
           return stands_on(input, input.model.layers.layers[layer].id, *lost);
         });
}

}  // namespace

// Each of these makes every repair a gamble, of whatever class. Dry runs go on, and say what they would do.
std::vector<std::string> repair_obstacles(const Model& model) {
  std::vector<std::string> obstacles;
  for (const std::string& evidence : live_evidence(model)) {
    obstacles.push_back("a daemon is using this root: " + evidence + "; stop docker and containerd first");
  }
  for (const std::string& run : model.entries.unfinished_repairs) {
    obstacles.push_back("the repair " + escaped(run) +
                        " was cut off; docker-fsck recover finishes it or takes it back");
  }
  if (model.host.read_only) {
    obstacles.emplace_back("the filesystem is mounted read-only; the kernel may have done so after an error");
  }
  const auto broken = std::find_if(model.failures.begin(), model.failures.end(),
                                   [](const ScanFailure& failure) { return speaks_of_disk(failure.code); });
  if (broken != model.failures.end()) {
    obstacles.push_back("the disk gives errors: " + broken->op + " " + broken->path.text() + ": " +
                        errno_text(broken->code) + "; copy what is readable to another disk first");
  }
  return obstacles;
}

// Class safe is never barred for want of sight: what it writes is proven by what was read.
std::vector<std::string> barred_repairs(const CheckInput& input, const std::vector<Finding>& findings) {
  const std::set<std::string> layers = layers_with_read_errors(input);
  const std::set<size_t> repairable = fixable_layers(input, findings);
  const bool unread = has_unread(input.root);
  std::vector<std::string> barred(findings.size());
  for (size_t i = 0; i < findings.size(); ++i) {
    const Safety safety = problem_of(findings[i].problem).safety;
    if (unread && (safety == Safety::Ask || safety == Safety::Lossy || safety == Safety::Clean)) {
      barred[i] = "not everything could be read, and it may be needed by what was not";
    } else if ((safety == Safety::Ask || safety == Safety::Lossy) && speaks_of(findings[i], layers)) {
      barred[i] = "the disk gave errors when it was read, so it may be whole";
    } else if (safety == Safety::Lossy && findings[i].caused_by && is_fixable(findings[*findings[i].caused_by])) {
      barred[i] = "what it follows from can be mended";
    } else if (waits_for_fixes(input, findings[i], repairable)) {
      barred[i] = "what can be mended in these layers comes first; check again then";
    }
  }
  return barred;
}

}  // namespace dfsck
