// Invariant: the registry cache's two halves, blob digest to DiffID and DiffID to blob digests, agree. Written by moby
// distribution/metadata/v2_metadata_service.go:Add, first by DiffID, then by digest. Entries of layers that are gone
// are normal: nothing ever removes them.
#include <algorithm>
#include <map>
#include <set>

#include "checks/checks.h"
#include "checks/input.h"

namespace dfsck {
namespace {

Finding& add(FindingSink& sink, ProblemId problem, const DistributionEntry& entry) {
  Finding& finding = sink.add(problem, {SubjectKind::File, entry.path.text()}, entry.path);
  finding.args["path"] = entry.path.text();
  return finding;
}

// A layer may have been pulled from many places: its entry lists up to fifty blobs, the newest last.
bool lists(const DistributionEntry& entry, const std::string& blob) {
  return std::any_of(entry.sources.begin(), entry.sources.end(),
                     [&](const DistributionEntry::Source& source) { return source.digest.hex() == blob; });
}

// One blob holds one layer. Where two DiffIDs claim it, the one that both halves name is right; if none is, then the
// entry by digest is taken for the wrong one, for it was written last.
class Halves {
 public:
  explicit Halves(const ImageStore& images) {
    for (const DistributionEntry& entry : images.diffid_by_digest) {
      by_digest_.emplace(entry.key, &entry);
    }
    for (const DistributionEntry& entry : images.v2metadata_by_diffid) {
      by_diff_.emplace(entry.key, &entry);
    }
  }

  // The half by DiffID is written first and never removed, so a digest whose DiffID has none was never written so.
  void check_counterpart(const DistributionEntry& digest, FindingSink& sink) {
    if (digest.diff && !by_diff_.contains(digest.diff->hex()) && reported_.insert(digest.key).second) {
      Finding& finding = add(sink, problem::distribution_contradiction, digest);
      finding.args["found"] = digest.diff->text();
      finding.args["expected"] = "nothing: it is missing";
    }
  }

  // A wrong entry by digest makes the daemon take another layer for the one in the manifest, and the
  // pull fails at the end: "layers from manifest don't match image configuration". Warnings and class
  // clean: all of this is a cache that a pull fills again.
  void compare(const DistributionEntry& metadata, FindingSink& sink) {
    for (const DistributionEntry::Source& source : metadata.sources) {
      const auto found = by_digest_.find(source.digest.hex());
      if (found == by_digest_.end() || !found->second->diff || found->second->diff->hex() == metadata.key ||
          !reported_.insert(source.digest.hex()).second) {
        continue;
      }
      const DistributionEntry& digest = *found->second;
      const auto counterpart = by_diff_.find(digest.diff->hex());
      // Two that agree against one that stands alone.
      const bool confirmed = counterpart != by_diff_.end() && lists(*counterpart->second, digest.key);
      Finding& finding = add(sink, problem::distribution_contradiction, confirmed ? metadata : digest);
      finding.args["found"] = confirmed ? "sha256:" + metadata.key : digest.diff->text();
      finding.args["expected"] = confirmed ? digest.diff->text() : "sha256:" + metadata.key;
    }
  }

 private:
  std::map<std::string, const DistributionEntry*> by_digest_;
  std::map<std::string, const DistributionEntry*> by_diff_;
  std::set<std::string> reported_;
};

}  // namespace

void check_distribution(const CheckInput& input, FindingSink& sink) {
  const ImageStore& images = input.model.images;
  for (const std::vector<DistributionEntry>* entries : {&images.diffid_by_digest, &images.v2metadata_by_diffid}) {
    for (const DistributionEntry& entry : *entries) {
      if (!entry.problem.empty()) {
        add(sink, problem::distribution_bad, entry).args["state"] = entry.problem;
      }
    }
  }
  Halves halves(images);
  for (const DistributionEntry& entry : images.v2metadata_by_diffid) {
    halves.compare(entry, sink);
  }
  for (const DistributionEntry& entry : images.diffid_by_digest) {
    halves.check_counterpart(entry, sink);
  }
}

}  // namespace dfsck
