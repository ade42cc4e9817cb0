// What is in the root and cannot be judged here: layers of other storage drivers, containerd's image store. Saying so
// is a finding, and a check that had to leave something out ends as one that was made in part (checks/report.h).
#include <algorithm>
#include <string>
#include <vector>

#include "checks/checks.h"
#include "checks/input.h"
#include "core/base/escape.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

std::string size_text(const SizeSoFar& size) { return (size.is_all ? "" : "more than ") + human_bytes(size.bytes); }

std::string containers_text(const UncoveredDriver& driver) {
  const size_t count = driver.missing_containers.size();
  return count == 0 ? ""
                    : "; nor have the writable layers of " + counted(count, "container") + ", first " +
                          escaped(driver.missing_containers.front());
}

// Known without knowing the driver: most keep something under the layer's cache-id in a known place.
void check_missing(const CheckInput& input, FindingSink& sink) {
  const UncoveredDriver& driver = input.model.uncovered_driver;
  if (driver.missing.empty() && driver.missing_containers.empty()) {
    return;
  }
  const RelPath place = driver.layers_path;
  Finding& finding = sink.add(problem::layer_dirs_missing, kRootSubject, place);
  finding.args["missing"] = std::to_string(driver.missing.size());
  finding.args["count"] = counted(input.model.layers.layers.size(), "layer");
  finding.args["place"] = place.text();
  finding.args["containers"] = containers_text(driver);
  finding.args["layer"] = driver.missing.empty() ? "none" : driver.missing.front().text();
  const Layer* first = driver.missing.empty() ? nullptr : input.model.layers.find(driver.missing.front());
  const std::string id = first != nullptr ? first->cache->text() : "ID";
  finding.args["example"] = escaped(input.root.path() + "/" + place.bytes() + "/" + id);
  for (const ChainId& layer : driver.missing) {
    finding.hits.push_back({SubjectKind::Layer, layer.text()});
  }
  for (const std::string& container : driver.missing_containers) {
    finding.hits.push_back({SubjectKind::Container, escaped(container)});
  }
}

// A warning in every run, and 8 in the exit code, because an exit code of 0 would promise that the
// layers were looked at. Whoever knows skips it by name.
void check_driver(const CheckInput& input, FindingSink& sink) {
  const Model& model = input.model;
  const bool is_broken = model.driver == "overlay2" || model.driver == "fuse-overlayfs";  // a finding of its own
  if (model.driver.empty() || model.driver_covered || is_broken) {
    return;
  }
  sink.add(problem::layers_not_checked, kRootSubject, *RelPath::parse(model.driver)).args["object"] =
      "the " + counted(model.layers.layers.size(), "layer") + " of storage driver " + model.driver + " (" +
      size_text(model.uncovered_driver.size) + ")";
  check_missing(input, sink);
}

std::string contents_of(const ContainerdStore& store) {
  const std::string images = store.images > 0 ? "the " + counted(store.images, "image") : "images";
  return images + (store.containers.empty() ? " and layers"
                                            : " and the layers of " + counted(store.containers.size(), "container"));
}

void check_containerd(const CheckInput& input, FindingSink& sink) {
  const ContainerdStore& store = input.model.containerd_store;
  // What a daemon left that has gone back to a storage driver since is no store.
  const bool only_traces = store.containers.empty() && store.place.empty();
  if (!store.is_used() || (only_traces && !input.model.driver.empty())) {
    return;
  }
  // The worst way to be moved: images and what containers wrote are in containerd's directory, which is no part
  // of the root unless dockerd starts its own. A daemon without it starts and lists nothing, with no error.
  if (store.place.empty() && !store.containers.empty()) {
    Finding& finding = sink.add(problem::containerd_store_missing, kRootSubject, "containerd/daemon");
    finding.args["count"] = counted(store.containers.size(), "container");
    finding.args["outside"] = "/var/lib/containerd";
    finding.args["first"] = escaped(store.containers.front());
    for (const std::string& container : store.containers) {
      finding.hits.push_back({SubjectKind::Container, escaped(container)});
    }
  }
  const std::string place =
      store.place.empty() ? "(which was not found)" : escaped(store.place) + " (" + size_text(store.size) + ")";
  sink.add(problem::containerd_store_not_checked, kRootSubject, "containerd/daemon").args["object"] =
      contents_of(store) + " in the containerd image store " + place;
}

std::string hidden_things(const HiddenContent& hidden) {
  std::vector<std::string> things;
  const auto add = [&](bool is_hidden, const char* name) {
    if (is_hidden) {
      things.emplace_back(name);
    }
  };
  add(hidden.whiteouts, "whiteouts");
  add(hidden.marks, "opaque marks");
  add(hidden.attributes, "capabilities");
  add(hidden.owners, "owners and modes");
  add(hidden.nodes, "devices");
  add(hidden.parts, "moved directories and files without bytes of their own (redirect_dir, metacopy)");
  std::string text;
  for (size_t i = 0; i < things.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == things.size() ? " and " : ", ") + things[i];
  }
  return text;
}

std::string why_hidden(const HiddenContent& hidden) {
  std::string why = hidden.filesystem.empty() ? "" : "hidden by the filesystem " + escaped(hidden.filesystem);
  if (hidden.in_namespace || hidden.unprivileged) {
    why += why.empty() ? "" : "; ";
    why += hidden.in_namespace ? "this user namespace cannot see trusted attributes"
                               : "without CAP_SYS_ADMIN trusted attributes cannot be seen";
  }
  return why;
}

// Seen from a user namespace or over some filesystems, whole classes of things are not shown: whiteouts
// look like lost, owners like wrong. A layer would be "repaired" into damage.
void check_hidden(const CheckInput& input, FindingSink& sink) {
  const HiddenContent& hidden = input.content.hidden;
  if (!hidden.any() || input.model.layers.layers.empty()) {
    return;
  }
  Finding& finding = sink.add(problem::content_hidden, kRootSubject, input.model.overlay.path);
  finding.args["object"] = hidden_things(hidden) + " of layers (" + why_hidden(hidden) + ")";
  if (hidden.in_namespace || hidden.unprivileged) {
    finding.args["places"] = hidden.in_namespace ? "on the host" : "on the host, as root";
  }
  for (const std::string& place : hidden.real_places) {
    std::string& places = finding.args["places"];
    places += (places.empty() ? "" : " or ") + escaped(place);
  }
}

// The directory in overlay2 that a path leads through.
std::string dir_of(const Model& model, const RelPath& place) {
  const std::string below = place.bytes().substr(model.overlay.path.bytes().size() + 1);
  return escaped(below.substr(0, below.find('/')));
}

// Found where files of a layer are missing exactly below a mount point. umount is not run from
// here: what is mounted may be somebody's data.
void check_mounted_over(const CheckInput& input, FindingSink& sink) {
  const std::vector<Boundary>& all = input.model.host.boundaries;
  for (const RelPath& place : input.content.mounted_over) {
    const auto boundary =
        std::find_if(all.begin(), all.end(), [&](const Boundary& each) { return each.path == place; });
    Finding& finding =
        sink.add(problem::content_mounted_over, {SubjectKind::OverlayDir, dir_of(input.model, place)}, place);
    finding.args["object"] =
        "what " + (boundary == all.end() ? "is mounted at " + place.text() : described(*boundary)) + " hides";
    finding.args["command"] = "umount " + shell_word(input.root.path() + "/" + place.bytes());
  }
}

}  // namespace

void check_other_stores(const CheckInput& input, FindingSink& sink) {
  check_driver(input, sink);
  check_mounted_over(input, sink);
  check_hidden(input, sink);
  check_containerd(input, sink);
}

}  // namespace dfsck
