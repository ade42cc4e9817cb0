// What the names of a root will mean while a plan is carried out, without touching the root. Internal to core/journal.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/base/relpath.h"

namespace dfsck {

// A tree of only those names that steps change; everything else means what it means on disk. Costs grow with the number
// of steps and the depth of their paths.
class PlanView {
 public:
  struct Place {
    enum class Kind { OnDisk, Made, Absent } kind = Kind::OnDisk;
    RelPath disk;     // OnDisk: the path at which it (or nothing) is before the plan
    size_t step = 0;  // Made: by which step
  };

  Place look(const RelPath& path) const;
  void make(const RelPath& path, size_t step);  // something new, with nothing below it yet
  void take(const RelPath& path);
  void move(const RelPath& from, const RelPath& to);

 private:
  struct Node {
    Place place;
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
  };

  static Place below(const Place& place, std::string_view name);
  Node& node(const RelPath& path);

  Node root_;
};

}  // namespace dfsck
