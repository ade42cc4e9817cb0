// Which link id each directory of overlay2 has. Three places say it: its link file, the short link that points to
// it, and the lower files of whatever stands on it. They vote; a link id goes to one directory only.
#include <algorithm>
#include <array>
#include <tuple>

#include "core/base/text.h"
#include "core/model/derive/steps.h"

namespace dfsck::deriving {
namespace {

enum Source : size_t { kFile, kShortLink, kLower, kSources };

// A link id is 26 random characters: where two places name the same one for a directory, neither does so by accident.
// The question is only which place is the broken one.
struct Votes {
  std::map<LinkId, std::array<size_t, kSources>> by_link;

  // The shapes of damage decide the weights. A link file is empty after a crash of a daemon that wrote it in place
  // (before 20.10.27, 23.0.8, 24.0.7), and l/ is lost as a whole by copies that skip links; lower files were written
  // when all was well, and a layer has as many as there are layers above.
  static size_t weight(const std::array<size_t, kSources>& votes) {
    // However many layers stand on it, together they count as much as the two others.
    return votes[kFile] + std::min<size_t>(votes[kShortLink], 1) + std::min<size_t>(votes[kLower], 2);
  }
};

struct Candidate {
  size_t weight;
  bool by_file;
  LinkId link;
  CacheId dir;
};

class Election {
 public:
  Election(const Model& model, Derived& derived) : model_(model), derived_(derived) {
    for (const OverlayDir& dir : model.overlay.dirs) {
      votes_[dir.id];
      if (dir.link_id) {
        ++votes_[dir.id].by_link[*dir.link_id][kFile];
      }
    }
    // Directories that are gone still have a right to their link id: others name it in their lower files, and what is
    // put back must be found under it.
    for (const auto& [id, truth] : derived.missing_dirs) {
      votes_[id];
    }
    for (const ShortLink& link : model.overlay.links) {
      if (link.id && link.points_to && votes_.contains(*link.points_to)) {
        ++votes_[*link.points_to].by_link[*link.id][kShortLink];
      }
    }
    for (size_t i = 0; i < model.overlay.dirs.size(); ++i) {
      vote_by_lower(model.overlay.dirs[i], derived.dirs[i]);
    }
  }

  // A strict order that the disk's order cannot change: the heaviest first, then those whose own file says it, then
  // by id. What a directory cannot get, because another has it, it loses to the better proof.
  void decide() {
    std::vector<Candidate> candidates;
    for (const auto& [dir, votes] : votes_) {
      for (const auto& [link, counts] : votes.by_link) {
        candidates.push_back({Votes::weight(counts), counts[kFile] > 0, link, dir});
      }
    }
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tie(b.weight, b.by_file, a.link, a.dir) < std::tie(a.weight, a.by_file, b.link, b.dir);
    });
    std::map<LinkId, CacheId> taken;
    for (const Candidate& candidate : candidates) {
      DirTruth& truth = truth_of(candidate.dir);
      if (!truth.link && taken.try_emplace(candidate.link, candidate.dir).second) {
        truth.link = candidate.link;
        truth.link_proof = proof(votes_[candidate.dir].by_link[candidate.link]);
      }
    }
    // Only what has an owner gets an id that nobody remembers: to an orphan a new name would be of no use. It is
    // derived from the directory's name, so that a dry run and the repair choose the same.
    for (auto& [id, votes] : votes_) {
      DirTruth& truth = truth_of(id);
      if (!truth.link && !truth.owners.empty()) {
        truth.link = LinkId::derived_from(id.text());
        truth.link_proof = "a new one: nothing remembers the old";
      }
    }
  }

 private:
  // The pieces of a lower file name, nearest first, the directories that this one stands on. Only a file of the
  // right length can be trusted to be in step.
  void vote_by_lower(const OverlayDir& dir, const DirTruth& truth) {
    if (!dir.lower.present() || !truth.parent_known) {
      return;
    }
    const auto pieces = split(dir.lower.bytes, ':');
    std::vector<CacheId> below;
    // Bounded by the number of pieces: parents can run in a circle, since they come from a disk.
    for (const DirTruth* at = &truth; at != nullptr && at->parent_known && at->parent && below.size() <= pieces.size();
         at = derived_.find_dir(model_, *at->parent)) {
      below.push_back(*at->parent);
    }
    // The direct parent's id is believed from a file of any length, ids further down only from one of the right length.
    const size_t trusted = below.size() == pieces.size() ? pieces.size() : std::min<size_t>(1, pieces.size());
    for (size_t n = 0; n < trusted && n < below.size(); ++n) {
      const std::optional<LinkId> link = link_of_piece(pieces[n]);
      const auto votes = votes_.find(below[n]);
      // Pieces beyond the first matter only where the directory has no word of its own.
      if (link && votes != votes_.end() && (n == 0 || votes->second.by_link.empty())) {
        ++votes->second.by_link[*link][kLower];
      }
    }
  }

  static std::string proof(const std::array<size_t, kSources>& votes) {
    if (votes[kShortLink] > 0) {
      return votes[kLower] > 0 ? "a short link and the layers above name it" : "a short link names it";
    }
    return votes[kLower] > 0 ? "the layers above name it" : "its link file says so";
  }

  DirTruth& truth_of(const CacheId& id) { return *derived_.find_dir(model_, id); }

  const Model& model_;
  Derived& derived_;
  std::map<CacheId, Votes> votes_;
};

}  // namespace

void derive_links(const Model& model, Derived& derived) {
  Election election(model, derived);
  election.decide();
}

}  // namespace dfsck::deriving
