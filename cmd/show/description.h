// What `show` has to say of one thing, as plain data: text and JSON are made from it.
//
// All texts are escaped already (core/base/escape.h), whole (ids are not cut), and safe to print.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/relpath.h"

namespace dfsck {

struct ShownFact {
  std::string label;  // "diff id"; in JSON "diff_id". "note" is a remark that stands for itself: "missing"
  std::string value;
};

// Something that the thing refers to or is referred to by.
struct ShownThing {
  std::string role;  // what it is to the thing: "layer 2 of 3", "upper layer"; empty where the list says it
  std::string kind;  // "image", "layer", "container", "directory", "link", "volume", "network", ...
  std::string id;    // full
  std::vector<std::string> names;
  std::vector<ShownFact> facts;
  bool minor = false;  // in text only counted, unless -v is given

  ShownThing&& with(std::string label, std::string value) && {
    if (!value.empty()) {
      facts.push_back({std::move(label), std::move(value)});
    }
    return std::move(*this);
  }
};

struct ShownList {
  std::string key;    // in JSON
  std::string title;  // in text
  std::vector<ShownThing> things;
};

struct ShownPlace {
  RelPath path;      // below the root that was named
  std::string what;  // what lies there
};

struct Description {
  std::string kind;
  std::string id;    // full; for a file its path below the root
  std::string name;  // what people call it; may be empty
  std::vector<ShownFact> facts;
  std::vector<ShownPlace> places;
  std::vector<ShownList> lists;

  void fact(std::string label, std::string value) {
    if (!value.empty()) {
      facts.push_back({std::move(label), std::move(value)});
    }
  }
};

}  // namespace dfsck
