// A small root with something for every kind of action, plans that use them all, and pictures of the tree to compare.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/fs/root.h"
#include "core/fs/write/mutation.h"
#include "core/plan/expect.h"
#include "core/plan/plan.h"
#include "core/plan/reason.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {

// What can be seen of each path, `.docker-fsck` apart. Exact has inode numbers; Shape has groups of hard links in their
// place and no times of objects that the plans make without setting one.
using Picture = std::map<std::string, std::string>;
enum class PictureKind { Exact, Shape };
Picture picture_of(const std::string& root, PictureKind kind);

// Inodes of everything in the tree, `.docker-fsck` included.
std::set<uint64_t> all_inodes(const std::string& root);

// Builds the tree below an empty root, with fixed times everywhere.
void build_repair_tree(const TempRoot& temp);

// The first plan for the tree, and the second, which goes on where the first ended (and must be made then).
Plan first_plan(const Root& root);
Plan second_plan(const Root& root);
std::vector<Reason> plan_reasons();

// As fast as memory where the machine has such a place: tests that make hundreds of trees.
void use_fast_temporary_directory();

// Counts the mutating calls, and ends the process or fails calls at one of them.
class CallCounter : public MutationHook {
 public:
  enum class Act { Count, DieBefore, DieAfter, FailOnce, FailFromThere };
  static constexpr int kDied = 77;

  explicit CallCounter(Act act, size_t at = 0, int code = 0) : act_(act), at_(at), code_(code) {
    set_mutation_hook(this);
  }
  ~CallCounter() override { set_mutation_hook(nullptr); }

  int before(std::string_view call) override;
  void after(std::string_view call) override;
  size_t calls() const { return calls_; }
  const std::string& struck() const { return struck_; }  // name of the call that failed

 private:
  Act act_;
  size_t at_;
  int code_;
  size_t calls_ = 0;
  std::string struck_;
};

}  // namespace dfsck::test
