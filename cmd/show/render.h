// What `show` found, as text and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "cmd/render/render.h"
#include "cmd/show/description.h"
#include "cmd/show/state.h"

namespace dfsck {

struct Shown {
  std::string root;  // path of the root that was named
  std::string what;  // as typed; empty: the inventory
  Description description;
  ShownState state;
  std::vector<Description> below;  // of an inventory: roots below
  std::vector<std::string> failures;
  int exit_code = 0;
};

std::string render_show_text(const Shown& shown, const RenderSettings& settings);
// Schema "docker-fsck/show/1"; see docker-fsck(8).
std::string render_show_json(const Shown& shown);

// A thing that the words may have meant.
struct ShownCandidate {
  std::string kind;    // "image"
  std::string words;   // "image app:1"
  std::string handle;  // what means it and nothing else
};
// In place of the document when there is none.
std::string render_show_error(const std::string& message, const std::vector<ShownCandidate>& candidates, int exit_code);

}  // namespace dfsck
