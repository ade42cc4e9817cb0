// Read-only access to bbolt files (volumes/metadata.db, network/files/local-kv.db, BuildKit's and containerd's).
//
// Works on the bytes of the whole file, in either byte order, without locks, mmap or the daemon. Nothing in the file is
// trusted: page ids, flags, counts, bounds, depth are checked, and no page is read twice. Facts: bbolt db.go,
// bucket.go, internal/common. The page-level consistency check is in check.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/codec/bolt/meta.h"
#include "core/codec/bolt/page.h"

namespace dfsck {

// One thing that is wrong with a file, by page.
struct BoltProblem {
  enum class Kind {
    TooSmall,            // less than two pages: "file size too small"
    BadMeta,             // both meta pages are invalid: "invalid database"
    FileTooShort,        // ends before the high-water mark: dockerd dies with SIGBUS when it touches the missing page
    BadPage,             // a page with another id, no known type, or contents that point outside of it
    OutOfRange,          // a reference to a page outside of [2, high-water mark)
    MultiplyReferenced,  // a page that belongs to two owners
    KeyOrder,            // keys that are not ascending, or outside of what the parent says
    TooDeep,             // more than kMaxDepth pages above one another
    ReachableFreed,      // in use, but in the freelist: the next write will overwrite it
    FreeTwice,           // twice in the freelist: it will be given to two owners
    Leaked,              // neither in use nor free: wasted space, harmless
    LimitReached,        // a limit of ours; what follows was not looked at
  };
  Kind kind;
  BoltPageId page = 0;
  std::string detail;  // a clause without the page number; escaped
};

// "page 5: calls itself page 7", or only the detail where no page is to blame.
std::string bolt_problem_text(const BoltProblem& problem);

// Appends `problem`, up to BoltFile::kMaxProblems; the last one that fits says LimitReached.
void add_bolt_problem(std::vector<BoltProblem>& problems, BoltProblem problem);

struct BoltBucket;

// Keys of a bucket that could not be read: low <= key < high. No bound where there is none or it is not known.
struct BoltHole {
  std::optional<std::string_view> low;
  std::optional<std::string_view> high;

  bool contains(std::string_view key) const { return (!low || key >= *low) && (!high || key < *high); }
};

struct BoltEntry {
  std::string_view key;
  std::string_view value;              // empty for a sub-bucket; empty values are legal and used as flags
  std::unique_ptr<BoltBucket> bucket;  // null for a plain value
  BoltPageId page = 0;                 // the leaf page where it stands
};

// One bucket with all that is below it. Views live as long as the root bucket does; the BoltFile may go before.
struct BoltBucket {
  uint64_t sequence = 0;
  BoltPageId root_page = 0;  // 0: inline, inside of its parent's page
  bool complete = true;      // every page of it and of the buckets below could be read
  // Where keys may be missing, or may not be what was written because the order of keys is broken. Of this bucket
  // alone: buckets below have their own.
  std::vector<BoltHole> holes;
  std::vector<BoltEntry> entries;            // by key, bytewise ascending, no key twice
  std::shared_ptr<const std::string> bytes;  // of the file, on the root bucket only: what all views point into

  const BoltEntry* find(std::string_view key) const;
  const BoltBucket* bucket(std::string_view key) const;               // null if there is none or it is a value
  std::optional<std::string_view> value(std::string_view key) const;  // nothing if there is none or it is a bucket
};

// What could be read of a file, and what is wrong with the rest.
struct BoltTree {
  BoltBucket root;
  std::vector<BoltProblem> problems;  // in the order of the walk; at most kMaxProblems
  std::vector<bool> reached;  // by page id: belongs to the tree. Bounded by the file's size, not by its high-water mark
};

class BoltFile {
 public:
  static constexpr size_t kMaxBytes = size_t{1} << 30;
  static constexpr size_t kMaxEntries = 4'000'000;  // in all buckets together
  static constexpr size_t kMaxDepth = 64;           // pages above one another, sub-buckets included
  static constexpr size_t kMaxProblems = 1000;

  enum class State {
    Empty,     // no bytes: a new database, which the daemon initialises without a word
    TooSmall,  // less than two pages
    NoMeta,    // no valid meta page
    Short,     // ends before its high-water mark
    Complete,  // all pages are there; what is in them is another matter
  };

  // Takes the bytes of a whole file. Damage is a state, not an error; the only error is Limit, beyond kMaxBytes.
  static Result<BoltFile> open(std::string bytes);

  State state() const { return state_; }
  bool has_meta() const { return metas_.chosen.has_value(); }
  const BoltMetas& metas() const { return metas_; }  // metas().meta counts only if has_meta()
  const BoltLayout& layout() const { return metas_.layout; }
  std::string_view bytes() const { return *bytes_; }

  // The same bytes, read as the transaction that `meta` describes left them.
  BoltFile at(const BoltMeta& meta) const;

  // The root bucket with everything below it; an empty bucket in state Empty. Any problem at all is an error:
  // Format, naming the page and the reason (Limit for kMaxEntries). Thread-safe.
  Result<BoltBucket> root() const;

  // The same, but keeps what can be read and lists the problems instead. With no valid meta page the tree is empty.
  BoltTree load() const;

  // Every branch and leaf page of the file that is whole by itself, used or not, in order of page id. Needs no meta
  // page. bbolt never overwrites a live page, so older versions of lost pages are often among them. The pages point
  // into this BoltFile.
  std::vector<BoltPage> readable_pages() const;

 private:
  BoltFile(std::string bytes);
  State judge() const;

  std::shared_ptr<const std::string> bytes_;  // shared with the root buckets that were read from it
  BoltMetas metas_;
  State state_ = State::Empty;
};

}  // namespace dfsck
