// Invariant: every layer's tree is what its tar was, entry by entry. The comparing is core/content's; this file gives
// each difference its problem.
#include <algorithm>
#include <set>

#include "checks/checks.h"
#include "checks/content/pull_advice.h"
#include "checks/content_advice.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// The problem of an issue; nothing for those that are reported for the whole layer.
std::optional<ProblemId> problem_for(const Issue& issue, const Remedy* remedy) {
  if (remedy != nullptr) {
    return remedy->origin.fixes.empty() ? problem::file_restorable : problem::bit_flipped;
  }
  switch (issue.kind) {
    case IssueKind::Emptied: return problem::file_emptied;
    case IssueKind::Short:
    case IssueKind::Long: return problem::file_short;
    case IssueKind::ZeroFilled: return problem::file_zero_filled;
    case IssueKind::BytesDiffer: return problem::file_differs;
    // What has no bytes is in tar-split as a whole: empty files, directories, links, devices can be made again.
    case IssueKind::Missing: return lacks_bytes(issue) ? problem::file_missing : problem::entry_missing;
    case IssueKind::Extra: return problem::file_extra;
    case IssueKind::WrongType: return lacks_bytes(issue) ? problem::entry_wrong_type : problem::entry_replaced;
    case IssueKind::OwnerMode: return problem::owner_mode_wrong;
    case IssueKind::OwnerHidden: return problem::owner_outside_namespace;
    case IssueKind::Xattr: return problem::xattr_wrong;
    case IssueKind::LinkTarget: return problem::link_target_wrong;
    case IssueKind::HardLinkSplit: return problem::hard_link_split;
    case IssueKind::WhiteoutLost: return problem::whiteout_lost;
    case IssueKind::OpaqueLost: return problem::opaque_lost;
    case IssueKind::DeviceNumber: return problem::device_number_wrong;
    case IssueKind::Unreadable:
      // What we may not read is a failure of this run, not of the root.
      return !speaks_of_disk(issue.code) ? std::nullopt : std::optional(problem::file_unreadable);
    case IssueKind::TimeDrift: return std::nullopt;
  }
  return std::nullopt;
}

class LayerJudge {
 public:
  LayerJudge(const CheckInput& input, size_t layer, FindingSink& sink)
      : model_(input.model),
        layer_(input.model.layers.layers[layer]),
        content_(input.content),
        verdict_(input.content.layers[layer]),
        number_(layer),
        sink_(sink) {
    // The directory that is proven to be the layer's, not what its file says: damage is reported where the files are.
    if (const std::optional<CacheId>& cache = input.derived.layers[layer].cache; cache) {
      diff_ = input.model.overlay.path / cache->text() / "diff";
      const DirTruth* dir = input.derived.find_dir(input.model, *cache);
      is_dir_shared_ = dir != nullptr &&
                       std::count_if(dir->owners.begin(), dir->owners.end(),
                                     [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Layer; }) > 1;
    }
    diff_id_ = input.derived.layers[layer].diff ? input.derived.layers[layer].diff : layer_.diff_id;
  }

  void judge() {
    if (verdict_.is_unknown()) {
      return;  // a failure of this run, which says it
    }
    if (const RebuiltReference* rebuilt = content_.find_reference(number_); rebuilt != nullptr) {
      judge_reference(*rebuilt);
      return;
    }
    // Every entry is missing then, and one finding for the directory says so.
    if (verdict_.tree_lost) {
      judge_lost_tree();
      return;
    }
    if (describes_another_tree(verdict_)) {
      // Naming every file of either would bury that.
      // It takes a tar-split of another layer, as merged roots and hand repairs have, or a
      // cache-id that names the wrong directory.
      bad_reference("it describes other files than the layer has");
      return;
    }
    // Before the single files, since it is their cause: what needs the bytes of one file needs the layer anew.
    judge_lost_bytes();
    for (size_t i = 0; i < verdict_.issues.size(); ++i) {
      judge_issue(i);
    }
    judge_times();
    const RelPath tar_split = layer_.path / "tar-split.json.gz";
    switch (verdict_.state) {
      // The checksums in tar-split prove every file, so what differs are the headers or the padding: the file
      // was exchanged or altered. Containers see right files; docker save and push compare the digest and fail.
      case LayerVerdict::State::DigestDiffers: {
        Finding& finding = add_layer(problem::layer_digest_differs, tar_split);
        finding.args["found"] = "sha256:" + verdict_.found_digest;
        finding.args["expected"] = diff_id_ ? diff_id_->text() : "another digest";
        finding.args["remedy"] = reference_advice(content_, number_);
        break;
      }
      case LayerVerdict::State::NoReference: bad_reference(verdict_.reason); break;
      // Information and no damage: as with redirect_dir or metacopy, a part of the layer's files is in
      // other directories, where the kernel finds them and a look at this tree alone does not.
      case LayerVerdict::State::Unverifiable:
        add_layer(problem::layer_unverifiable, diff_).args["detail"] = verdict_.reason;
        break;
      case LayerVerdict::State::Unreadable: {
        Finding& finding = add_layer(problem::file_unreadable, tar_split);
        finding.args["file"] = "the tree or tar-split.json.gz";
        finding.args["detail"] = verdict_.reason;
        break;
      }
      case LayerVerdict::State::NotChecked:
      case LayerVerdict::State::Verified:
      case LayerVerdict::State::HeadersMatch:
      case LayerVerdict::State::Damaged:
      case LayerVerdict::State::Cancelled: break;
    }
  }

 private:
  // No tar-split is no loss for containers, which never read it. But nothing in this layer can be
  // verified or restored from then on, so it counts as an error.
  void bad_reference(const std::string& detail) {
    Finding& finding = add_layer(problem::layer_reference_bad, layer_.path / "tar-split.json.gz");
    finding.args["detail"] = detail;
    finding.args["remedy"] = reference_advice(content_, number_);
    if (is_dir_shared_) {
      finding.cause = Subject{SubjectKind::OverlayDir, std::string(diff_.parent().name())};
    }
  }

  void judge_reference(const RebuiltReference& rebuilt) {
    Finding& finding = add_layer(problem::tar_split_restorable, layer_.path / "tar-split.json.gz");
    finding.args["source"] = rebuilt.source;
    finding.args["state"] = !layer_.tar_split.present() || layer_.tar_split.size == 0
                                ? "is " + layer_.tar_split.problem()
                            : verdict_.state == LayerVerdict::State::NoReference ? "cannot be used: " + verdict_.reason
                                                                                 : "is that of another layer";
    finding.content = Finding::ContentIssue{number_, 0};
  }

  // Files whose bytes are nowhere. The layer's other damage is repaired all the same.
  // The daemon believes that the layer is complete, because its layerdb entry is synced and the files
  // are not: rmi and pull change nothing as long as any image or container holds it. Setting the layer
  // aside is the only way for a pull to fetch it, and it takes images along until then: lossy.
  void judge_lost_bytes() {
    size_t lost = 0;
    for (size_t i = 0; i < verdict_.issues.size(); ++i) {
      lost += is_lost(i) ? 1 : 0;
    }
    if (lost > 0) {
      Finding& finding = add_layer(problem::layer_bytes_lost, layer_.path);
      finding.args["lost"] = counted(lost, "file");
      finding.args["pull"] = pull_advice(model_, layer_.id);
      finding.cause = Subject{SubjectKind::Layer, layer_.id.text()};  // the finding on its directory, if there is one
    }
  }

  bool is_lost(size_t i) const {
    const Issue& issue = verdict_.issues[i];
    return lacks_bytes(issue) && issue.kind != IssueKind::Unreadable && content_.find_remedy(number_, i) == nullptr;
  }

  // Where it cannot be restored, the missing directory is named by the checks of overlay2.
  void judge_lost_tree() {
    if (!content_.can_restore_tree(number_)) {
      judge_lost_bytes();
      return;
    }
    std::set<std::string> places;
    uint64_t bytes = 0;
    if (number_ < content_.remedies.size()) {
      for (const Remedy& remedy : content_.remedies[number_].files) {
        places.insert(remedy.origin.donor.empty() ? "other places of this root" : escaped(remedy.origin.donor));
        bytes += verdict_.issues[remedy.issue].expected->size;
      }
    }
    const std::string source = joined(places, ", ");
    Finding& finding = add_layer(problem::layer_tree_restorable, diff_.parent());
    finding.args["dir"] = std::string(diff_.parent().name());
    finding.args["count"] = counted(verdict_.issues.size(), "thing");
    finding.args["size"] = human_bytes(bytes);
    finding.args["source"] = source.empty() ? "nowhere: it has no bytes" : source;
    finding.content = Finding::ContentIssue{number_, 0};
  }

  Finding& add_layer(ProblemId problem, const RelPath& path) {
    Finding& finding = sink_.add(problem, {SubjectKind::Layer, layer_.id.text()}, path);
    finding.args["layer"] = layer_.id.text();
    return finding;
  }

  RelPath path_of(const Issue& issue) const {
    const std::optional<RelPath> inside = RelPath::parse(issue.path);
    return inside ? diff_.joined(*inside) : diff_;
  }

  // The daemon takes no notice of any of this: docker save sees wrong bytes, and
  // neither a lost whiteout nor a wrong owner.
  void judge_issue(size_t i) {
    const Issue& issue = verdict_.issues[i];
    const Remedy* remedy = content_.find_remedy(number_, i);
    const std::optional<ProblemId> problem = problem_for(issue, remedy);
    if (!problem) {
      return;
    }
    const std::string file = issue.path.empty() ? "the top directory" : escaped(issue.path);
    Finding& finding =
        sink_.add(*problem, {SubjectKind::File, layer_.id.text() + ":" + escaped(issue.path)}, path_of(issue));
    finding.args["layer"] = layer_.id.text();
    finding.args["file"] = file;
    finding.args["detail"] = issue.detail;
    finding.args["size"] = std::to_string(issue.expected ? issue.expected->size : 0);
    finding.args["type"] = issue.expected && issue.expected->is_hard_link
                               ? "hard link"
                               : std::string(type_name(issue.expected ? issue.expected->mode : 0));
    finding.hits = {{SubjectKind::Layer, layer_.id.text()}};
    finding.content = Finding::ContentIssue{number_, i};
    if (is_lost(i)) {
      finding.cause = Subject{SubjectKind::Layer, layer_.id.text()};
    }
    if (remedy != nullptr) {
      describe_remedy(issue, *remedy, finding);
    } else if (lacks_bytes(issue)) {
      finding.args["remedy"] = bytes_advice(content_, number_);
    }
  }

  static void describe_remedy(const Issue& issue, const Remedy& remedy, Finding& finding) {
    if (!remedy.origin.fixes.empty()) {
      const ByteFix& fix = remedy.origin.fixes.front();
      finding.args["offset"] = std::to_string(fix.offset);
      finding.args["right"] = describe_byte(fix.value);
      finding.args["found"] = describe_byte(fix.found);
      return;
    }
    finding.args["source"] = describe(remedy.origin);
    finding.args["damage"] = issue.kind == IssueKind::Missing   ? "is missing"
                             : issue.kind == IssueKind::Emptied ? "is empty"
                                                                : issue.detail;
  }

  // Times alone are information: one line for the layer says it.
  // Copies that did not keep times are common, programs that mind are few, and
  // thousands of lines would hide what matters.
  void judge_times() {
    uint64_t drifted = 0;
    const Issue* first = nullptr;
    for (const Issue& issue : verdict_.issues) {
      if (issue.kind == IssueKind::TimeDrift) {
        first = first == nullptr ? &issue : first;
        ++drifted;
      }
    }
    if (first != nullptr) {
      Finding& finding = add_layer(problem::time_drift, path_of(*first));
      finding.args["count"] = counted(drifted, "file");
      finding.args["file"] = escaped(first->path);
    }
  }

  const Model& model_;
  const Layer& layer_;
  const ContentResults& content_;
  const LayerVerdict& verdict_;
  size_t number_;
  FindingSink& sink_;
  RelPath diff_;
  bool is_dir_shared_ = false;  // several layers claim it: tar-split may be right, and cache-id wrong
  std::optional<DiffId> diff_id_;
};

}  // namespace

void check_layer_content(const CheckInput& input, FindingSink& sink) {
  for (size_t i = 0; i < input.content.layers.size(); ++i) {
    LayerJudge(input, i, sink).judge();
  }
}

}  // namespace dfsck
