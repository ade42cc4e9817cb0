// What lies directly in the root: things of the wrong type, other storage drivers, other versions' data, identity,
// plugins.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "checks/checks.h"
#include "checks/input.h"
#include "checks/liveness.h"
#include "checks/root/swarm.h"
#include "checks/unseen.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// Nothing is moved away: what stands there may be somebody's backup, and an empty directory in its
// place would hide that something is lost.
void check_types(const RootEntries& entries, FindingSink& sink) {
  for (const RootEntries::WrongType& wrong : entries.wrong_types) {
    Finding& finding = sink.add(problem::root_entry_wrong_type, {SubjectKind::File, wrong.path.text()}, wrong.path);
    finding.args["path"] = wrong.path.text();
    finding.args["type"] = type_name(wrong.mode);
  }
}

// Volumes are listed by the types of directory entries, which are not followed: a link is no volume to
// docker volume ls, and is one as soon as a container names it.
bool is_volume(const RelPath& path) { return path.parent() == RelPath("volumes"); }
bool is_volume_data(const RelPath& path) { return path.is_below("volumes") && path.name() == "_data"; }

// What becomes of a link in this place that leads to a directory.
std::string effect_of_link(const Boundary& link) {
  const RelPath& path = link.path;
  if (is_link_of_part(link)) {
    return "A daemon follows it, and all works. What removes it removes the link alone: what is behind keeps its "
           "space.";
  }
  const std::string refused =
      "docker volume rm refuses: \"Unable to remove a directory outside of the local volume root\".";
  if (is_volume(path)) {
    return "docker volume ls does not list the volume until a container uses it, and " + refused;
  }
  return is_volume_data(path) ? "All works, but " + refused : "A daemon follows it, and all works.";
}

// What a daemon says to one that leads to none; `place` is its absolute path.
std::string effect_of_broken(const Boundary& link, const std::string& place) {
  const RelPath& path = link.path;
  if (is_link_of_part(link)) {
    return "A daemon does not see it either: what needs it is hidden or does not start. Nothing that hangs on it was "
           "judged.";
  }
  if (is_volume_data(path)) {
    return "No container that uses the volume starts: \"error evaluating symlinks from mount source\".";
  }
  if (is_volume(path)) {
    return "No container that uses the volume starts: \"mkdir " + place + ": file exists\".";
  }
  if (path == RelPath("containerd")) {
    return "A daemon that starts a containerd of its own does not start: \"timeout waiting for containerd to start\".";
  }
  return "The daemon does not start: \"mkdir " + place + ": file exists\".";
}

// Whether a daemon looks at this place at all, when nothing is behind the link. What tmp is does not matter: the daemon
// makes it anew.
bool matters(const Model& model, const RelPath& path, bool is_broken) {
  constexpr std::array<std::string_view, 8> kDrivers{"overlay2", "fuse-overlayfs", "btrfs",   "zfs",
                                                     "aufs",     "devicemapper",   "overlay", "vfs"};
  const std::vector<std::string_view> parts = split(path.bytes(), '/');
  const std::string_view name = parts.size() > 1 && parts.front() == "image" ? parts[1] : parts.front();
  const bool of_other_driver =
      std::find(kDrivers.begin(), kDrivers.end(), name) != kDrivers.end() && name != model.driver;
  return path != RelPath("tmp") && !(is_broken && (of_other_driver || path == RelPath("rootfs")));
}

// A linked driver directory stops all containers and is an error; all else works, with one exception for volumes.
ProblemId problem_of_link(const Model& model, const Boundary& link) {
  if (!link.problem.empty()) {
    return problem::area_link_broken;
  }
  if (link.path.bytes() == model.driver) {
    return problem::driver_linked;
  }
  return link.path == RelPath("volumes") ? problem::volumes_linked : problem::area_linked;
}

void check_links(const CheckInput& input, FindingSink& sink) {
  for (const Boundary& link : input.model.host.boundaries) {
    const bool is_broken = !link.problem.empty();
    const bool is_told_apart = is_link_to_file(link) || container_behind(input.model, link) != nullptr;
    if (link.kind != Boundary::Kind::Link || is_told_apart || !matters(input.model, link.path, is_broken)) {
      continue;
    }
    const std::string place = escaped(input.root.path() + "/" + link.path.bytes());
    Finding& finding = sink.add(problem_of_link(input.model, link), {SubjectKind::File, link.path.text()}, link.path);
    finding.args["path"] = link.path.text();
    finding.args["target"] = escaped(is_broken ? link.source : link.leads_to);
    finding.args["place"] = place;
    finding.args["effect"] = is_broken ? effect_of_broken(link, place) : effect_of_link(link);
    if (is_broken) {
      finding.args["where"] = link.problem;
    }
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What a daemon of another driver left: it works if that driver is chosen again, and takes space until
// then. Not called garbage, since images and containers of the time are in it.
void check_other_drivers(const Model& model, FindingSink& sink) {
  std::set<std::string> drivers(model.entries.driver_dirs.begin(), model.entries.driver_dirs.end());
  drivers.insert(model.entries.image_drivers.begin(), model.entries.image_drivers.end());
  for (const std::string& driver : drivers) {
    if (driver == model.driver) {
      continue;  // covered, or said to be not checked
    }
    const bool has_dir = contains(model.entries.driver_dirs, driver);
    const bool has_images = contains(model.entries.image_drivers, driver);
    Finding& finding =
        sink.add(problem::root_other_driver, kRootSubject, RelPath() / (has_dir ? driver : "image/" + driver));
    finding.args["driver"] = escaped(driver);
    finding.args["what"] = escaped((has_dir ? driver + "/" : "") + (has_dir && has_images ? " and " : "") +
                                   (has_images ? "image/" + driver : ""));
  }
}

// moby daemon/graphdriver/driver.go:scanPriorDrivers: a directory that is not empty counts, vfs does not.
// One stray file in such a directory is enough: the daemon does not look at what it is.
void check_several_drivers(const Model& model, FindingSink& sink) {
  std::vector<std::string> prior;
  for (const std::string& driver : model.entries.driver_dirs) {
    if (driver != "vfs") {
      prior.push_back(driver);
    }
  }
  if (prior.size() < 2) {
    return;
  }
  std::set<std::string> used;
  for (const Container& container : model.containers.containers) {
    if (!container.driver.empty()) {
      used.insert(container.driver);
    }
  }
  Finding& finding = sink.add(problem::root_several_drivers, kRootSubject, {});
  finding.args["drivers"] = joined(prior, ", ", escaped);
  finding.args["used"] = used.empty() ? escaped(model.driver) : joined(used, ", ", escaped);
}

// Not damage: but whoever went back to an older daemon finds things missing from its lists, and this says why.
void check_newer_data(const RootEntries& entries, FindingSink& sink) {
  for (const RelPath& path : entries.newer_files) {
    Finding& finding = sink.add(problem::root_newer_data, {SubjectKind::File, path.text()}, path);
    finding.args["path"] = path.text();
    finding.args["version"] = path == RelPath("image/identity-cache.db") ? "29" : "25";
  }
}

// The daemon accepts an empty file and never makes a new one; without a file it does. So moving it
// aside is all that it takes, and loses nothing.
void check_engine_id(const FileState& engine_id, FindingSink& sink) {
  if (!engine_id.present() || (!trimmed(engine_id.bytes).empty() && !engine_id.zero_filled())) {
    return;
  }
  Finding& finding = sink.add(problem::engine_id_empty, {SubjectKind::File, "engine-id"}, "engine-id");
  finding.args["state"] = engine_id.empty() || engine_id.zero_filled() ? engine_id.problem() : "blank";
}

void check_plugins(const RootEntries& entries, FindingSink& sink) {
  for (const Plugin& plugin : entries.plugins) {
    const Subject subject{SubjectKind::File, plugin.path.text()};
    // Daemons mean to finish this when they start, and use a relative path that leads nowhere (moby
    // plugin/manager.go:reload). So it stays for ever.
    if (plugin.removing) {
      sink.add(problem::plugin_removing_left, subject, plugin.path).args["plugin"] = plugin.id;
    } else if (!plugin.config_problem.empty()) {
      Finding& finding = sink.add(problem::plugin_config_bad, subject, plugin.path / "config.json");
      finding.args["plugin"] = plugin.id;
      finding.args["state"] = plugin.config_problem;
    }
  }
}

}  // namespace

void check_root_entries(const CheckInput& input, FindingSink& sink) {
  const RootEntries& entries = input.model.entries;
  check_types(entries, sink);
  check_links(input, sink);
  check_other_drivers(input.model, sink);
  check_several_drivers(input.model, sink);
  check_newer_data(entries, sink);
  check_engine_id(entries.engine_id, sink);
  check_swarm(entries.swarm, sink);
  check_plugins(entries, sink);
  if (user_evidence(input.model).empty()) {  // a running task is not left over
    for (const RelPath& task : entries.runtime_tasks) {
      sink.add(problem::runtime_state_left, {SubjectKind::File, task.text()}, task).args["path"] = task.text();
    }
  }
}

}  // namespace dfsck
