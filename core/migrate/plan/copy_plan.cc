// Names of areas and kinds; the filter that keeps omissions out of the units around them.
#include "core/migrate/plan/copy_plan.h"

#include <memory>
#include <unordered_set>

namespace dfsck {
namespace {

// Lets sets of strings be asked about views.
struct ViewHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using Paths = std::unordered_set<std::string, ViewHash, std::equal_to<>>;

struct Omitted {
  Paths whole;
  Paths contents;
};

}  // namespace

std::string_view copy_area_name(CopyArea area) {
  switch (area) {
    case CopyArea::Images: return "images";
    case CopyArea::Layers: return "layers";
    case CopyArea::Containers: return "containers";
    case CopyArea::Volumes: return "volumes";
    case CopyArea::BuildCache: return "build cache";
    case CopyArea::Networks: return "networks";
    case CopyArea::Swarm: return "swarm";
    case CopyArea::Plugins: return "plugins";
    case CopyArea::Containerd: return "containerd";
    case CopyArea::Other: break;
  }
  return "other";
}

std::string_view omission_kind_name(Omission::Kind kind) {
  switch (kind) {
    case Omission::Kind::Derived: return "derived";
    case Omission::Kind::Ours: return "ours";
    case Omission::Kind::Leftover: return "leftover";
    case Omission::Kind::Orphan: return "orphan";
    case Omission::Kind::Unselected: return "unselected";
    case Omission::Kind::Foreign: return "foreign";
    case Omission::Kind::Socket: return "socket";
    case Omission::Kind::Mounted: return "mounted";
    case Omission::Kind::Found: break;
  }
  return "lost-and-found";
}

bool is_made_anew(Omission::Kind kind) {
  return kind == Omission::Kind::Derived || kind == Omission::Kind::Foreign || kind == Omission::Kind::Socket;
}

PathSet CopyPlan::mounts() const {
  PathSet paths;
  for (const PlannedBoundary& boundary : boundaries) {
    paths.insert(boundary.path.bytes());
  }
  // The directory under a mount that stays behind is copied, though nothing in it is.
  for (const Omission& omission : omissions) {
    if (omission.contents_only) {
      paths.insert(omission.path.bytes());
    }
  }
  return paths;
}

// Two lookups for each file, without a walk up its path. The sets are shared, so that the filter can outlive the plan
// and be copied into every unit.
OmitFilter CopyPlan::filter() const {
  const auto omitted = std::make_shared<Omitted>();
  for (const Omission& omission : omissions) {
    (omission.contents_only ? omitted->contents : omitted->whole).insert(omission.path.bytes());
  }
  // What is below an omitted directory is never asked about, so the entry and its directory are all that matters.
  return [omitted](std::string_view path, uint32_t) {
    const size_t slash = path.rfind('/');
    return omitted->whole.contains(path) ||
           (slash != std::string_view::npos && omitted->contents.contains(path.substr(0, slash)));
  };
}

// For paths that no walk comes to step by step.
bool omits(const OmitFilter& filter, const RelPath& path) {
  for (RelPath at = path; !at.is_root(); at = at.parent()) {
    if (filter(at.bytes(), 0)) {
      return true;
    }
  }
  return false;
}

}  // namespace dfsck
