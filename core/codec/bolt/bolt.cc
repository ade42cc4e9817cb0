// bbolt files: what state the file is in, and strict access to its tree (tree.cc reads it).
#include "core/codec/bolt/bolt.h"

#include <algorithm>

namespace dfsck {
namespace {

constexpr std::string_view kReadBolt = "read bbolt file";

}  // namespace

std::string bolt_problem_text(const BoltProblem& problem) {
  using Kind = BoltProblem::Kind;
  const bool whole_file = problem.kind == Kind::TooSmall || problem.kind == Kind::BadMeta ||
                          problem.kind == Kind::FileTooShort || problem.kind == Kind::LimitReached;
  return whole_file ? problem.detail : "page " + std::to_string(problem.page) + ": " + problem.detail;
}

// One place is kept for the word that there are more. The walk stops at this count as well (TreeReader::count_entry),
// so that a file made to be wrong everywhere costs neither memory nor time.
void add_bolt_problem(std::vector<BoltProblem>& problems, BoltProblem problem) {
  if (problems.size() + 1 < BoltFile::kMaxProblems) {
    problems.push_back(std::move(problem));
  } else if (problems.size() < BoltFile::kMaxProblems) {
    problems.push_back({BoltProblem::Kind::LimitReached, 0, "more problems than are listed"});
  }
}

const BoltEntry* BoltBucket::find(std::string_view key) const {
  const auto entry = std::lower_bound(entries.begin(), entries.end(), key,
                                      [](const BoltEntry& left, std::string_view right) { return left.key < right; });
  return entry != entries.end() && entry->key == key ? &*entry : nullptr;
}

const BoltBucket* BoltBucket::bucket(std::string_view key) const {
  const BoltEntry* entry = find(key);
  return entry != nullptr ? entry->bucket.get() : nullptr;
}

std::optional<std::string_view> BoltBucket::value(std::string_view key) const {
  const BoltEntry* entry = find(key);
  return entry != nullptr && entry->bucket == nullptr ? std::optional(entry->value) : std::nullopt;
}

Result<BoltFile> BoltFile::open(std::string bytes) {
  if (bytes.size() > kMaxBytes) {
    return limit_error(kReadBolt, "",
                       std::to_string(bytes.size()) + " bytes are more than " + std::to_string(kMaxBytes));
  }
  return BoltFile(std::move(bytes));
}

BoltFile::BoltFile(std::string bytes)
    : bytes_(std::make_shared<const std::string>(std::move(bytes))),
      metas_(read_bolt_metas(*bytes_)),
      state_(judge()) {}

BoltFile BoltFile::at(const BoltMeta& meta) const {
  BoltFile file = *this;
  file.metas_.chosen = 0;
  file.metas_.meta = meta;
  file.state_ = file.judge();
  return file;
}

BoltFile::State BoltFile::judge() const {
  if (bytes_->empty()) {
    return State::Empty;
  }
  const uint64_t pages = bytes_->size() / metas_.layout.page_size;
  if (pages < 2) {
    return State::TooSmall;
  }
  // In the order of db.go:mmap, so that the message is the daemon's: the size is looked at before the meta pages are.
  if (!has_meta()) {
    return State::NoMeta;
  }
  return metas_.meta.high_water > pages ? State::Short : State::Complete;
}

Result<BoltBucket> BoltFile::root() const {
  if (state_ == State::Empty) {
    return BoltBucket{};
  }
  BoltTree tree = load();
  if (tree.problems.empty()) {
    return std::move(tree.root);
  }
  const BoltProblem& first = tree.problems.front();
  return first.kind == BoltProblem::Kind::LimitReached ? limit_error(kReadBolt, "", first.detail)
                                                       : format_error(kReadBolt, "", bolt_problem_text(first));
}

// Overflow pages are tried as well, each by its own header: what lies there is the middle of a long page, and passes
// for a page only if it happens to name its own id. Callers take what they find here only with further proof.
std::vector<BoltPage> BoltFile::readable_pages() const {
  std::vector<BoltPage> pages;
  // Not only up to the high-water mark: a file grows ahead of its use, and a page beyond the mark may be left of a
  // transaction whose meta page was lost.
  for (BoltPageId id = 2; id < bytes_->size() / metas_.layout.page_size; ++id) {
    const Result<BoltPage> page = BoltPage::parse(*bytes_, metas_.layout, id);
    if (page && page->kind() != BoltPage::Kind::Freelist) {
      pages.push_back(*page);
    }
  }
  return pages;
}

}  // namespace dfsck
