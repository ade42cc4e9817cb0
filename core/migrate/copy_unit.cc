// Collecting results of one unit.
#include "core/migrate/copy_unit.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace dfsck {
namespace {

// A layer that could not be verified for other reasons has not been found wrong.
bool is_damage(LayerVerdict::State state) {
  return state == LayerVerdict::State::Damaged || state == LayerVerdict::State::DigestDiffers ||
         state == LayerVerdict::State::Unreadable;
}

}  // namespace

std::string_view copy_problem_name(CopyProblem::Kind kind) {
  switch (kind) {
    case CopyProblem::Kind::Unreadable: return "unreadable";
    case CopyProblem::Kind::LostBytes: return "lost-bytes";
    case CopyProblem::Kind::Attribute: return "attribute";
    case CopyProblem::Kind::Flags: return "flags";
    case CopyProblem::Kind::Unmakeable: return "unmakeable";
    case CopyProblem::Kind::TargetDiffers: return "target-differs";
  }
  return "unknown";
}

// Where there are too many, those that sort last are dropped: which ones are told must not depend on which thread
// came first.
void CopyTally::add(CopyProblem problem) {
  const std::lock_guard lock(mutex_);
  const auto key = std::make_pair(problem.path, problem.kind);
  if (!problems_.try_emplace(key, std::move(problem)).second) {
    return;
  }
  if (problems_.size() > kMaxCopyProblems) {
    problems_.erase(std::prev(problems_.end()));
    ++problems_dropped_;
  }
}

void CopyTally::omit(OmittedEntry::Kind kind, const std::string& path) {
  const std::lock_guard lock(mutex_);
  omitted_.emplace(path, kind);
  if (omitted_.size() > kMaxCopyProblems) {
    omitted_.erase(std::prev(omitted_.end()));
    ++omitted_dropped_;
  }
}

bool CopyTally::has_problems() const {
  const std::lock_guard lock(mutex_);
  return !problems_.empty();
}

void CopyTally::settle(UnitResult& result) {
  const std::lock_guard lock(mutex_);
  result.files = files;
  result.directories = directories;
  result.others = others;
  result.links = links;
  result.bytes = bytes;
  result.kept = kept;
  for (auto& [key, problem] : problems_) {
    result.problems.push_back(std::move(problem));
  }
  for (auto& [path, kind] : omitted_) {
    result.omitted.push_back({kind, path});
  }
  result.problems_dropped = problems_dropped_;
  result.omitted_dropped = omitted_dropped_;
  problems_.clear();
}

// By a hash of the path, since a layer may have a million of them. Both must agree, so a false match needs one inode
// under two paths whose hashes meet.
void StreamedFiles::add(uint64_t inode, std::string_view path) {
  files_.emplace_back(inode, std::hash<std::string_view>{}(path));
}

void StreamedFiles::sort() { std::sort(files_.begin(), files_.end()); }

bool StreamedFiles::contains(uint64_t inode, std::string_view path) const {
  return std::binary_search(files_.begin(), files_.end(),
                            std::make_pair(inode, uint64_t{std::hash<std::string_view>{}(path)}));
}

bool UnitResult::loses_data() const {
  return (verdict && is_damage(verdict->state)) ||
         std::any_of(problems.begin(), problems.end(), [](const CopyProblem& problem) { return problem.loses_data(); });
}

bool MigrationResult::all_reached() const {
  return std::all_of(units.begin(), units.end(),
                     [](const UnitResult& unit) { return unit.state != UnitResult::State::NotReached; });
}

}  // namespace dfsck
