// Compares the pages that a bbolt tree uses with the pages that its freelist calls free.
#include "core/codec/bolt/check.h"

namespace dfsck {
namespace {

using Kind = BoltProblem::Kind;

// The tree was walked before; this holds what the tree uses against what the list calls free. Where both claim a page,
// the next write transaction overwrites what is in use: nothing shows until then, and then data are gone.
class FreelistCheck {
 public:
  FreelistCheck(const BoltFile& file, const BoltTree& tree, std::vector<BoltProblem>& problems)
      : file_(file), tree_(tree), problems_(problems), free_(tree.reached.size(), false) {}

  void run() {
    const BoltMeta& meta = file_.metas().meta;
    if (meta.freelist < 2 || meta.freelist >= meta.high_water) {
      report(Kind::OutOfRange, meta.freelist,
             "is outside of the " + std::to_string(meta.high_water) +
                 " pages in use, but the meta page calls it the freelist");
      return;
    }
    const Result<BoltPage> page = BoltPage::parse(file_.bytes(), file_.layout(), meta.freelist);
    if (!page) {
      report(Kind::BadPage, meta.freelist, page.error().detail + " (freelist)");
    } else if (page->kind() != BoltPage::Kind::Freelist) {
      report(Kind::BadPage, meta.freelist, "is no freelist page, but the meta page calls it the freelist");
    } else if (page->span() > meta.high_water - meta.freelist) {
      report(Kind::OutOfRange, meta.freelist,
             "claims " + std::to_string(page->span()) + " pages, beyond the " + std::to_string(meta.high_water) +
                 " in use");
    } else {
      check_ids(*page);
      report_leaks();
    }
  }

 private:
  void report(Kind kind, BoltPageId page, std::string detail) {
    add_bolt_problem(problems_, {kind, page, std::move(detail)});
  }

  void check_ids(const BoltPage& freelist) {
    for (uint64_t i = 0; i < freelist.count(); ++i) {
      const BoltPageId id = freelist.free_id(i);
      if (id < 2 || id >= file_.metas().meta.high_water) {
        report(Kind::OutOfRange, id,
               "is in the freelist, but outside of the " + std::to_string(file_.metas().meta.high_water) +
                   " pages in use");
      } else if (id >= free_.size()) {
        continue;  // beyond the end of a file that is reported as too short
      } else if (free_[static_cast<size_t>(id)]) {
        report(Kind::FreeTwice, id, "is in the freelist twice");
      } else {
        // Sized by the tree's own vector, which is bounded by the file: a high-water mark from a damaged meta page may
        // be anything.
        free_[static_cast<size_t>(id)] = true;
        if (tree_.reached[static_cast<size_t>(id)]) {
          report(Kind::ReachableFreed, id, "is in use, but in the freelist");
        }
      }
    }
  }

  void report_leaks() {
    // Below a page that could not be read everything looks leaked; a list of that would bury the one page that is to
    // blame.
    if (!problems_.empty()) {
      return;
    }
    for (size_t id = 2; id < free_.size(); ++id) {
      const size_t first = id;
      while (id < free_.size() && !free_[id] && !tree_.reached[id]) {
        ++id;
      }
      if (id > first) {
        const std::string others = id - first == 1 ? "" : ", nor are the pages up to " + std::to_string(id - 1);
        report(Kind::Leaked, first, "is neither in use nor free" + others);
      }
    }
  }

  const BoltFile& file_;
  const BoltTree& tree_;
  std::vector<BoltProblem>& problems_;
  std::vector<bool> free_;
};

}  // namespace

std::vector<BoltProblem> check_bolt(const BoltFile& file) { return check_bolt(file, file.load()); }

std::vector<BoltProblem> check_bolt(const BoltFile& file, const BoltTree& tree) {
  std::vector<BoltProblem> problems = tree.problems;
  // Without a stored freelist (containerd's meta.db) all that is not reached is free by definition: bbolt finds it by a
  // walk when it opens the file, so nothing can leak and nothing in use can be free.
  const bool walked = file.state() == BoltFile::State::Complete || file.state() == BoltFile::State::Short;
  if (walked && file.metas().meta.freelist != BoltMeta::kNoFreelist) {
    FreelistCheck(file, tree, problems).run();
  }
  return problems;
}

bool is_harmless(BoltProblem::Kind kind) { return kind == Kind::Leaked; }

}  // namespace dfsck
