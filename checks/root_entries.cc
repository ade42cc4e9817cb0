// What lies directly in the root: things of the wrong type, other storage drivers, other versions' data, identity,
// plugins.
#include <algorithm>
#include <map>
#include <set>

#include "checks/checks.h"
#include "checks/input.h"
#include "checks/liveness.h"
#include "checks/swarm.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

const Subject kRoot{SubjectKind::Root, ""};

template <typename Range>
std::string listed(const Range& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + escaped(name);
  }
  return text;
}

void check_types(const RootEntries& entries, FindingSink& sink) {
  for (const RootEntries::WrongType& wrong : entries.wrong_types) {
    Finding& finding = sink.add(problem::root_entry_wrong_type, {SubjectKind::File, wrong.path.text()}, wrong.path);
    finding.args["path"] = wrong.path.text();
    finding.args["type"] = type_name(wrong.mode);
  }
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_other_drivers(const Model& model, FindingSink& sink) {
  std::set<std::string> drivers(model.entries.driver_dirs.begin(), model.entries.driver_dirs.end());
  drivers.insert(model.entries.image_drivers.begin(), model.entries.image_drivers.end());
  for (const std::string& driver : drivers) {
    if (driver == model.driver && model.driver_covered) {
      continue;
    }
    const bool has_dir = contains(model.entries.driver_dirs, driver);
    const bool has_images = contains(model.entries.image_drivers, driver);
    Finding& finding = sink.add(problem::root_other_driver, kRoot, RelPath() / (has_dir ? driver : "image/" + driver));
    finding.args["driver"] = escaped(driver);
    finding.args["what"] = escaped((has_dir ? driver + "/" : "") + (has_dir && has_images ? " and " : "") +
                                   (has_images ? "image/" + driver : ""));
  }
}

// moby daemon/graphdriver/driver.go:scanPriorDrivers: a directory that is not empty counts, vfs does not.
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
  Finding& finding = sink.add(problem::root_several_drivers, kRoot, {});
  finding.args["drivers"] = listed(prior);
  finding.args["used"] = used.empty() ? escaped(model.driver) : listed(used);
}

void check_newer_data(const RootEntries& entries, FindingSink& sink) {
  for (const RelPath& path : entries.newer_files) {
    Finding& finding = sink.add(problem::root_newer_data, {SubjectKind::File, path.text()}, path);
    finding.args["path"] = path.text();
    finding.args["version"] = path == RelPath("image/identity-cache.db") ? "29" : "25";
  }
}

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
