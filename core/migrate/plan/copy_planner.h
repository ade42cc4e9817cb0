// Cutting a source into units: the walk that plan_copy and select_images share. Internal to core/migrate.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/fs/root.h"
#include "core/migrate/plan/copy_plan.h"

namespace dfsck {

// First it is told what of the source is special, by paths relative to the whole source; then it walks down from the
// top through the directories that are to be split and makes a unit of everything else that it meets. So whatever else
// there is on the disk is part of some unit.
class CopyPlanner {
 public:
  explicit CopyPlanner(const Root& source) : source_(source) {}

  // Not for copying. The first reason that is given for a path stays.
  void omit(Omission::Kind kind, const RelPath& path, std::string reason);
  void omit_contents(Omission::Kind kind, const RelPath& path, std::string reason);
  // Its members become units of their own.
  void split(const RelPath& path) { splits_.insert(path); }
  // The tree of a layer, and what is known of it if it can be verified. Its directory is split.
  void layer(const RelPath& diff, const ChainId& chain, std::optional<LayerInput> input);
  // No daemon changes it.
  void mark_immutable(const RelPath& path) { immutable_.insert(path); }
  // The area of this and of everything below it.
  void set_area(const RelPath& path, CopyArea area) { areas_[path] = area; }
  bool has_area(const RelPath& path) const { return areas_.contains(path); }
  void set_size(const RelPath& path, uint64_t bytes) { sizes_[path] = bytes; }
  // A place where something else begins. What lies above it is split: a copy reaches what is behind a link from there
  // only. `elsewhere`: its data lies outside of the source.
  void boundary(const RelPath& path, std::string text, bool elsewhere = false);
  void note(std::string text) { notes_.push_back(std::move(text)); }
  bool is_omitted(const RelPath& path) const { return omissions_.contains(path); }

  // The plan of everything at and below `top`. Once only.
  CopyPlan plan(const RelPath& top);

 private:
  struct KnownLayer {
    ChainId chain;
    std::optional<LayerInput> input;
  };

  void add(Omission omission);
  bool visit(const RelPath& path);
  bool visit_members(const RelPath& path);
  void add_unit(const RelPath& path, MigrationUnit::Kind kind);
  bool is_inside_omitted(const RelPath& path) const;
  CopyArea area_of(const RelPath& path) const;

  const Root& source_;
  std::map<RelPath, Omission> omissions_;
  std::set<RelPath> splits_;
  std::map<RelPath, KnownLayer> layers_;
  std::set<RelPath> immutable_;
  std::map<RelPath, CopyArea> areas_;
  std::map<RelPath, uint64_t> sizes_;
  std::map<RelPath, PlannedBoundary> boundaries_;
  std::vector<std::string> notes_;
  std::vector<MigrationUnit> units_;
};

// A path of one root as a path of the whole source.
inline RelPath in_source(const SourceRoot& root, const RelPath& path) { return root.prefix.joined(path); }

// What every planner of this root has to know: areas, the directories to be split, the layers of images.
void describe_root(const SourceRoot& root, CopyPlanner& planner);

}  // namespace dfsck
