// The steps that make one entry of a layer's tree what the tar says. Internal to checks.
#pragma once

#include "checks/input.h"
#include "core/plan/plan.h"

namespace dfsck {

class EntryFixer {
 public:
  // `path` is where the issue's entry lies below the root, `layer` its number; the steps are for finding `index`. All
  // must outlive it. The issue must have an expected entry.
  EntryFixer(const CheckInput& input, const RelPath& path, size_t layer, const Issue& issue, size_t index,
             PlanBuilder& plan)
      : input_(input), path_(path), layer_(layer), issue_(issue), entry_(*issue.expected), index_(index), plan_(plan) {}

  // The file with its bytes, and with all its names.
  void restore(const Remedy& remedy);
  // Everything but bytes.
  void fix();

 private:
  // Nothing where it is not known whom the entry should belong to, and there is nobody to take over from.
  std::optional<Ownership> owner() const;
  void fix_owner_and_mode();
  void add(Action action);
  bool has_place() const;
  bool will_be_there(const RelPath& inside, const RelPath& path) const;
  std::optional<RelPath> tree() const;
  void make();
  void set_xattrs();
  void drop_xattrs();
  void link();

  const CheckInput& input_;
  const RelPath& path_;
  size_t layer_;
  const Issue& issue_;
  const ExpectedEntry& entry_;
  size_t index_;
  PlanBuilder& plan_;
};

}  // namespace dfsck
