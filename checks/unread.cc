// Errors of the disk are findings of their own and are not meant here.
#include "checks/unread.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "checks/problems.h"
#include "checks/unseen.h"
#include "core/base/errno_class.h"
#include "core/fs/root_unread.h"

namespace dfsck {
namespace {

// Checks that look at one thing at a time.
// What they say of a thing needs nothing but the thing itself.
bool stands_alone(const Finding& finding) {
  constexpr std::array<std::string_view, 5> kAlone{"root_environment", "root_entries", "layer_content",
                                                   "damage_pattern", "layer_duplicates"};
  return std::find(kAlone.begin(), kAlone.end(), problem_of(finding.problem).check) != kAlone.end();
}

// What says of a place that it is unseen hangs on nothing.
bool says_unseen(const Finding& finding) {
  return finding.problem == problem::area_link_broken || problem_of(finding.problem).check == "unseen_places";
}

std::string_view top_of(const RelPath& path) {
  const std::string_view bytes = path.bytes();
  return bytes.substr(0, bytes.find('/'));
}

bool touches(const RelPath& one, const RelPath& other) { return one.is_at_or_below(other) || other.is_below(one); }

class Hidden {
 public:
  explicit Hidden(const Model& model) : model_(model) {
    for (const ScanFailure& failure : model.failures) {
      if (!speaks_of_disk(failure.code)) {
        paths_.push_back(failure.path);
        web_ = web_ || is_of_web(failure.path);
      }
    }
    for (const UnseenPlace& place : unseen_places(model)) {
      paths_.push_back(place.path);
      web_ = web_ || place.is_of_web;
    }
  }

  // Silence in place of a guess. An image whose layer could not be read looks like one
  // without a layer, and its repair would be lossy.
  bool hides(const Finding& finding) const {
    if (paths_.empty() || problem_of(finding.problem).check == "root_environment" || says_unseen(finding)) {
      return false;
    }
    return (web_ && !stands_alone(finding)) || touches_unread(finding.path) || neighbour_is_unread(finding) ||
           layer_touches_unread(finding);
  }

 private:
  // Part of what refers to one another.
  bool is_of_web(const RelPath& path) const {
    const std::string_view top = top_of(path);
    return top.empty() || top == "image" || top == "containers" || top == "buildkit" || top == "volumes" ||
           top == "network" || top == model_.driver;
  }
  bool touches_unread(const RelPath& path) const {
    return std::any_of(paths_.begin(), paths_.end(), [&](const RelPath& unread) { return touches(unread, path); });
  }
  // The files of swarm/, or of a plugin, are judged by one another.
  bool neighbour_is_unread(const Finding& finding) const {
    return problem_of(finding.problem).check == "root_entries" &&
           std::any_of(paths_.begin(), paths_.end(),
                       [&](const RelPath& unread) { return top_of(unread) == top_of(finding.path); });
  }
  // A finding on content speaks of the layer's own files as well.
  bool layer_touches_unread(const Finding& finding) const {
    for (const Subject& subject : finding.hits.empty() ? std::vector{finding.subject} : finding.hits) {
      const std::optional<ChainId> id = subject.kind == SubjectKind::Layer ? ChainId::parse(subject.id) : std::nullopt;
      const Layer* layer = id ? model_.layers.find(*id) : nullptr;
      if (layer != nullptr && (touches_unread(layer->path) ||
                               (layer->cache && touches_unread(model_.overlay.path / layer->cache->text())))) {
        return true;
      }
    }
    return false;
  }

  const Model& model_;
  std::vector<RelPath> paths_;
  bool web_ = false;
};

// Root is refused too: by FUSE mounts of another user, by NFS with root_squash, by security modules. To
// say "run it as root" to root would help nobody.
std::string what_helps(const HostFacts& host) {
  if (!host.is_root) {
    return "run it as root";
  }
  if (!host.knows_all_ids) {
    return "run it on the host: in this user namespace not every owner is known";
  }
  return "even root was refused: FUSE and NFS mounts, and security modules like SELinux and AppArmor, do that (see the "
         "kernel "
         "log)";
}

std::vector<RootUnread> unread_of(const Root& root, size_t from) {
  std::vector<RootUnread> unread = unread_in(root, from);
  std::erase_if(unread, [](const RootUnread& each) { return speaks_of_disk(each.code); });
  return unread;
}

// Names what was not read since the count was `from`, and what came of that. False if there is nothing.
bool name_unread(const Root& root, size_t from, std::string_view consequence, RootReport& report) {
  const std::vector<RootUnread> unread = unread_of(root, from);
  for (const RootUnread& each : unread) {
    report.failures.push_back("cannot " + each.op + " " + each.path.text() + ": " + errno_text(each.code) + ", so " +
                              std::string(consequence));
  }
  return !unread.empty();
}

}  // namespace

void drop_what_hangs_on_unread(const Model& model, std::vector<Finding>& findings) {
  const Hidden hidden(model);
  std::erase_if(findings, [&](const Finding& finding) { return hidden.hides(finding); });
}

// Bytes that were not found in all places are not lost yet. The single files stay reported as damaged, which they are.
void note_search(const Root& root, size_t from, std::vector<Finding>& findings, RootReport& report) {
  if (name_unread(root, from, "not every place was searched for lost bytes", report)) {
    std::erase_if(findings, [](const Finding& finding) { return finding.problem == problem::layer_bytes_lost; });
  }
}

void note_planning(const Root& root, size_t from, RootReport& report) {
  name_unread(root, from, "not every repair could be planned", report);
}

bool has_unread(const Root& root) { return !unread_of(root, 0).empty(); }

// Failures and not findings: exit code 8 says that the check is not complete, and
// what it found besides stands all the same.
void add_unread(const Model& model, const ContentResults& content, RootReport& report) {
  bool refused = false;
  for (const ScanFailure& failure : model.failures) {
    if (!speaks_of_disk(failure.code)) {
      report.failures.push_back("cannot " + failure.op + " " + failure.path.text() + ": " + errno_text(failure.code));
      refused = refused || is_refusal(failure.code);
    }
  }
  const auto add = [&](const LayerVerdict& verdict, const std::string& what) {
    if (verdict.is_unknown()) {
      report.failures.push_back(what + " could not be judged: " + verdict.reason);
      refused = refused || is_refusal(verdict.code);
    }
  };
  for (size_t i = 0; i < content.layers.size(); ++i) {
    add(content.layers[i], "layer " + model.layers.layers[i].id.text());
  }
  for (const DuplicateDirectory& duplicate : content.duplicates) {
    add(duplicate.verdict, model.overlay.dirs[duplicate.dir].path.text());
  }
  if (refused) {
    report.failures.push_back("what hangs on these was not judged; " + what_helps(model.host));
  }
}

}  // namespace dfsck
