// Descending by component; nodes are made only on the way to names that steps change.
#include "core/journal/plan_view.h"

#include "core/base/text.h"

namespace dfsck {

// What lies inside a directory that a step makes is absent until another step makes it: the new directory is empty,
// whatever was there before.
PlanView::Place PlanView::below(const Place& place, std::string_view name) {
  if (place.kind == Place::Kind::OnDisk) {
    return {Place::Kind::OnDisk, place.disk / name, 0};
  }
  return {Place::Kind::Absent, RelPath(), 0};
}

// Leaves the tree of known names at the first component that no step has touched; from there on the path on disk
// grows along.
PlanView::Place PlanView::look(const RelPath& path) const {
  const Node* node = &root_;
  Place place = root_.place;
  if (path.is_root()) {
    return place;
  }
  for (const std::string_view name : split(path.bytes(), '/')) {
    const auto found = node != nullptr ? node->children.find(name) : root_.children.end();
    const bool known = node != nullptr && found != node->children.end();
    place = known ? found->second->place : below(place, name);
    node = known ? found->second.get() : nullptr;
  }
  return place;
}

PlanView::Node& PlanView::node(const RelPath& path) {
  Node* node = &root_;
  if (path.is_root()) {
    return *node;
  }
  for (const std::string_view name : split(path.bytes(), '/')) {
    std::unique_ptr<Node>& child = node->children[std::string(name)];
    if (!child) {
      child = std::make_unique<Node>();
      child->place = below(node->place, name);
    }
    node = child.get();
  }
  return *node;
}

void PlanView::make(const RelPath& path, size_t step) {
  Node& made = node(path);
  made.place = {Place::Kind::Made, RelPath(), step};
  // Whatever earlier steps did below this name went away with what was there.
  made.children.clear();
}

void PlanView::take(const RelPath& path) {
  Node& taken = node(path);
  taken.place = {Place::Kind::Absent, RelPath(), 0};
  taken.children.clear();
}

// The whole subtree goes along, with what earlier steps made in it: later steps name it by the new path.
void PlanView::move(const RelPath& from, const RelPath& to) {
  Node moved = std::move(node(from));
  take(from);
  node(to) = std::move(moved);
}

}  // namespace dfsck
