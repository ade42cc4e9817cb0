// The walk through a bbolt tree: every page once, what cannot be read is noted and left out.
#include <algorithm>

#include "core/base/escape.h"
#include "core/codec/bolt/bolt.h"

namespace dfsck {
namespace {

using Kind = BoltProblem::Kind;

// Enough to tell names, ids and digests apart; a key may hold any bytes, and many of them.
constexpr size_t kShownKeyBytes = 40;

// Keeps the promise of BoltBucket::entries where a damaged file does not: of equal keys the first one stays.
// Only a damaged file needs it, and BoltBucket::find searches by halves, so a bucket in disorder would lose keys that
// are there. Which of two equal keys is the right one nobody knows; the first is what bbolt's cursor would come to
// first.
void put_in_order(BoltBucket& bucket) {
  const auto by_key = [](const BoltEntry& left, const BoltEntry& right) { return left.key < right.key; };
  const auto same_key = [](const BoltEntry& left, const BoltEntry& right) { return left.key == right.key; };
  if (!std::is_sorted(bucket.entries.begin(), bucket.entries.end(), by_key)) {
    std::stable_sort(bucket.entries.begin(), bucket.entries.end(), by_key);
  }
  bucket.entries.erase(std::unique(bucket.entries.begin(), bucket.entries.end(), same_key), bucket.entries.end());
}

std::string shown(std::string_view key) { return "\"" + escaped_excerpt(key, kShownKeyBytes) + "\""; }

// What the parent's keys say about the keys of a page; what is missing where the page cannot be read.
using KeyRange = BoltHole;

class TreeReader {
 public:
  TreeReader(std::string_view file, const BoltMetas& metas, BoltTree& tree)
      : file_(file), layout_(metas.layout), meta_(metas.meta), tree_(tree) {}

  void read() {
    // By the file as well as by the mark: a mark of 2^60 must not ask for memory.
    const uint64_t pages = std::min<uint64_t>(meta_.high_water, file_.size() / layout_.page_size);
    tree_.reached.assign(static_cast<size_t>(pages), false);
    claim_meta_and_freelist();
    tree_.root.sequence = meta_.root_sequence;
    tree_.root.root_page = meta_.root;
    // Recursion is as deep as pages lie above one another, which usable_page bounds; each page is entered once, so the
    // whole walk is linear in the file.
    read_bucket(tree_.root, 0, 1);
  }

 private:
  void report(Kind kind, BoltPageId page, std::string detail) {
    add_bolt_problem(tree_.problems, {kind, page, std::move(detail)});
  }

  // So that a tree that runs into them is noticed. What is wrong with the freelist itself is for bolt_check.
  void claim_meta_and_freelist() {
    for (size_t id = 0; id < std::min<size_t>(2, tree_.reached.size()); ++id) {
      tree_.reached[id] = true;
    }
    if (meta_.freelist == BoltMeta::kNoFreelist || meta_.freelist >= tree_.reached.size()) {
      return;
    }
    const Result<BoltPage> page = BoltPage::parse(file_, layout_, meta_.freelist);
    const uint64_t end = std::min<uint64_t>(meta_.freelist + (page ? page->span() : 1), tree_.reached.size());
    std::fill(tree_.reached.begin() + static_cast<std::ptrdiff_t>(meta_.freelist),
              tree_.reached.begin() + static_cast<std::ptrdiff_t>(end), true);
  }

  // Reads everything below bucket.root_page; `parent` is the page that refers to it.
  void read_bucket(BoltBucket& bucket, BoltPageId parent, size_t depth) {
    bucket.complete = read_page(bucket, bucket.root_page, parent, {}, depth);
    put_in_order(bucket);
  }

  // Each of the following returns whether all of it could be read.
  bool read_page(BoltBucket& bucket, BoltPageId id, BoltPageId parent, const KeyRange& range, size_t depth) {
    const std::optional<BoltPage> page = usable_page(id, parent, depth);
    if (!page) {
      bucket.holes.push_back(range);
      return false;
    }
    return page->kind() == BoltPage::Kind::Leaf ? read_leaf(bucket, *page, range, depth)
                                                : read_branch(bucket, *page, range, depth);
  }

  // The branch or leaf page, if it can be read and belongs to nobody else.
  // The order of the tests is that of trust: first whether the number can be a page at all, then whether the page can
  // be read, then whether it is free to be taken. Claimed is last, when nothing else speaks against it.
  std::optional<BoltPage> usable_page(BoltPageId id, BoltPageId parent, size_t depth) {
    if (id < 2 || id >= meta_.high_water) {
      report(Kind::OutOfRange, id,
             "is outside of the " + std::to_string(meta_.high_water) + " pages in use; page " + std::to_string(parent) +
                 " refers to it");
      return std::nullopt;
    }
    // Cycles are stopped by the claim below; this bounds a chain of pages, each with one child, made to exhaust the
    // stack.
    if (depth > BoltFile::kMaxDepth) {
      report(Kind::TooDeep, id, "lies deeper than " + std::to_string(BoltFile::kMaxDepth) + " pages");
      return std::nullopt;
    }
    const Result<BoltPage> page = BoltPage::parse(file_, layout_, id);
    if (!page) {
      report(Kind::BadPage, id, page.error().detail);
      return std::nullopt;
    }
    if (page->kind() == BoltPage::Kind::Freelist) {
      report(Kind::BadPage, id, "is a freelist page, but page " + std::to_string(parent) + " refers to it as data");
      return std::nullopt;
    }
    if (!claim(*page, parent)) {
      return std::nullopt;
    }
    return *page;
  }

  bool claim(const BoltPage& page, BoltPageId parent) {
    if (page.span() > tree_.reached.size() - page.id()) {
      report(Kind::OutOfRange, page.id(),
             "claims " + std::to_string(page.span()) + " pages, beyond the " + std::to_string(meta_.high_water) +
                 " in use");
      return false;
    }
    const auto first = tree_.reached.begin() + static_cast<std::ptrdiff_t>(page.id());
    const auto last = first + static_cast<std::ptrdiff_t>(page.span());
    const auto taken = std::find(first, last, true);
    if (taken != last) {
      // The second owner loses it here, though it may be the right one: which of two pointers went astray cannot be
      // told from the page, so its keys count as missing in the bucket that comes second.
      report(Kind::MultiplyReferenced, static_cast<BoltPageId>(taken - tree_.reached.begin()),
             "has another owner besides page " + std::to_string(parent));
      return false;
    }
    std::fill(first, last, true);
    return true;
  }

  bool read_branch(BoltBucket& bucket, const BoltPage& page, const KeyRange& range, size_t depth) {
    const auto key = [&](uint64_t i) { return page.branch(i).key; };
    const bool ordered = check_order(bucket, page, range, key);
    bool complete = true;
    for (uint64_t i = 0; i < page.count(); ++i) {
      // Keys in disorder say nothing about the children; one report is enough.
      KeyRange below;
      if (ordered) {
        below.low = key(i);
        below.high = i + 1 < page.count() ? std::optional(key(i + 1)) : range.high;
      }
      // No early end: what lies beside a broken page is as good as before.
      complete = read_page(bucket, page.branch(i).child, page.id(), below, depth + 1) && complete;
    }
    return complete;
  }

  bool read_leaf(BoltBucket& bucket, const BoltPage& page, const KeyRange& range, size_t depth) {
    check_order(bucket, page, range, [&](uint64_t i) { return page.leaf(i).key; });
    bool complete = true;
    for (uint64_t i = 0; i < page.count(); ++i) {
      const BoltLeafElement element = page.leaf(i);
      if (!count_entry()) {
        bucket.holes.push_back({element.key, range.high});
        return false;
      }
      BoltEntry entry{.key = element.key, .value = element.value, .bucket = nullptr, .page = page.id()};
      if (element.is_bucket) {
        entry.value = {};
        entry.bucket = std::make_unique<BoltBucket>();
        read_sub_bucket(*entry.bucket, element, page.id(), depth);
        complete = entry.bucket->complete && complete;
      }
      bucket.entries.push_back(std::move(entry));
    }
    return complete;
  }

  void read_sub_bucket(BoltBucket& bucket, const BoltLeafElement& element, BoltPageId page, size_t depth) {
    if (element.value.size() < BoltPage::kBucketSize) {
      report(Kind::BadPage, page, "holds a bucket " + shown(element.key) + " without a whole bucket header");
      bucket.complete = false;
      bucket.holes.push_back({});
      return;
    }
    bucket.root_page = bolt_integer<uint64_t>(element.value, 0, layout_.order);
    bucket.sequence = bolt_integer<uint64_t>(element.value, 8, layout_.order);
    if (bucket.root_page != 0) {
      read_bucket(bucket, page, depth + 1);
    } else {
      bucket.complete = read_inline_bucket(bucket, element, page);
      if (!bucket.complete) {
        bucket.holes.push_back({});
      }
      put_in_order(bucket);
    }
  }

  bool read_inline_bucket(BoltBucket& bucket, const BoltLeafElement& element, BoltPageId host) {
    const Result<BoltPage> page =
        BoltPage::parse_inline(element.value.substr(BoltPage::kBucketSize), layout_.order, host);
    if (!page) {
      report(Kind::BadPage, host, page.error().detail + " (bucket " + shown(element.key) + ")");
      return false;
    }
    check_order(bucket, *page, {}, [&](uint64_t i) { return page->leaf(i).key; });
    for (uint64_t i = 0; i < page->count(); ++i) {
      if (!count_entry()) {
        return false;
      }
      const BoltLeafElement inner = page->leaf(i);
      if (inner.is_bucket) {  // bbolt moves a bucket out of line before it gets a sub-bucket
        report(Kind::BadPage, host, "holds an inline bucket " + shown(element.key) + " with a bucket in it");
        return false;
      }
      bucket.entries.push_back({.key = inner.key, .value = inner.value, .bucket = nullptr, .page = host});
    }
    return true;
  }

  bool count_entry() {
    // Elements of one page may share bytes, so without the second bound a small file could make endless work.
    if (entries_ == BoltFile::kMaxEntries || tree_.problems.size() == BoltFile::kMaxProblems) {
      return false;
    }
    if (++entries_ == BoltFile::kMaxEntries) {
      report(Kind::LimitReached, 0, "more than " + std::to_string(BoltFile::kMaxEntries) + " entries");
    }
    return true;
  }

  // Reports the first key of the page that is not above the one before it, or not in the parent's range.
  // An order that is broken is a hole although all pages can be read: binary search in bbolt, and in whoever reads the
  // file after us, misses keys that are there, and a page of another age may stand here.
  template <typename KeyAt>
  bool check_order(BoltBucket& bucket, const BoltPage& page, const KeyRange& range, const KeyAt& key_at) {
    for (uint64_t i = 0; i < page.count(); ++i) {
      const std::string_view key = key_at(i);
      std::string fault;
      if (i == 0 && range.low && key < *range.low) {
        fault = "first key " + shown(key) + " is below " + shown(*range.low) + ", which its parent promises";
      } else if (i > 0 && key <= key_at(i - 1)) {
        fault = "key " + shown(key) + " does not come after " + shown(key_at(i - 1));
      } else if (range.high && key >= *range.high) {
        fault = "key " + shown(key) + " is not below " + shown(*range.high) + ", where the next page begins";
      } else {
        continue;
      }
      report(Kind::KeyOrder, page.id(), std::move(fault));
      bucket.holes.push_back(range);
      return false;
    }
    return true;
  }

  std::string_view file_;
  BoltLayout layout_;
  BoltMeta meta_;
  BoltTree& tree_;
  size_t entries_ = 0;
};

std::optional<BoltProblem> state_problem(const BoltFile& file) {
  const BoltMetas& metas = file.metas();
  const std::string size = std::to_string(file.bytes().size());
  switch (file.state()) {
    case BoltFile::State::Empty:
    case BoltFile::State::Complete: return std::nullopt;
    case BoltFile::State::TooSmall: return BoltProblem{Kind::TooSmall, 0, "only " + size + " bytes"};
    case BoltFile::State::NoMeta:
      return BoltProblem{Kind::BadMeta, 0,
                         "no valid meta page (0: " + std::string(bolt_meta_state_text(metas.states[0])) +
                             ", 1: " + std::string(bolt_meta_state_text(metas.states[1])) + ")"};
    case BoltFile::State::Short:
      return BoltProblem{Kind::FileTooShort, 0,
                         "only " + size + " bytes, but " + std::to_string(metas.meta.high_water) + " pages of " +
                             std::to_string(metas.layout.page_size) + " bytes in use"};
  }
  return std::nullopt;
}

}  // namespace

BoltTree BoltFile::load() const {
  BoltTree tree;
  tree.root.bytes = bytes_;
  if (std::optional<BoltProblem> problem = state_problem(*this)) {
    tree.problems.push_back(std::move(*problem));
    tree.root.complete = false;
  }
  if (state_ == State::Complete || state_ == State::Short) {
    TreeReader(*bytes_, metas_, tree).read();
  } else if (state_ != State::Empty) {
    tree.root.holes.push_back({});  // nothing of it is there, whatever its meta page says
  }
  return tree;
}

}  // namespace dfsck
