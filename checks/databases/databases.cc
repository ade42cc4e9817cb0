// The bbolt databases of volumes and networks: whether the daemon can open them, and what stale records they hold.
#include <algorithm>
#include <map>

#include "checks/checks.h"
#include "checks/databases/network_rebuild.h"
#include "checks/databases/volume_rebuild.h"
#include "checks/input.h"
#include "checks/leftovers/leftovers.h"
#include "checks/unseen.h"
#include "core/base/escape.h"
#include "core/base/ids.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

Subject as_subject(const Database& database) { return {SubjectKind::Database, database.path.text()}; }

// True if nothing is damaged but what leads to the records.
// bbolt never writes into a page that is in use, so torn metas or free lists leave the records
// themselves whole. Writing the same records into a new file loses nothing: class safe.
bool check_rewritable(const Database& database, ProblemId rewritable, FindingSink& sink) {
  if (database.state == Database::State::Bad && database.rewritten) {
    sink.add(rewritable, as_subject(database), database.path).args["detail"] = database.problem;
    return true;
  }
  return false;
}

// A missing or empty file is no error to the daemon: it makes a new one and finds local volumes by their directories.
// What only the file knew is gone without a word: labels, and volumes of plugins. A damaged one keeps the daemon from
// starting; one that is shorter than its own page count kills it with SIGBUS, since bbolt maps the file.
void check_volume_database(const Model& model, FindingSink& sink) {
  const Database& database = model.volumes.database;
  // A daemon that starts makes the file before anything else: volumes without it mean that somebody removed it.
  const bool lost = database.state == Database::State::Absent || database.state == Database::State::Empty;
  if (check_rewritable(database, problem::volume_database_rewritable, sink) ||
      (database.state != Database::State::Bad && !lost)) {
    return;
  }
  const VolumeRebuild rebuild = rebuild_volumes(model);
  // A root that never had a volume.
  if (lost && rebuild.records.empty()) {
    return;
  }
  Finding& finding = sink.add(lost ? problem::volume_database_missing : problem::volume_database_bad,
                              as_subject(database), database.path);
  finding.args["recovered"] = rebuild.text();
  finding.args["lost"] = rebuild.lost_text();
  if (lost) {
    finding.args["state"] = database.state == Database::State::Absent ? "missing" : "empty";
  } else {
    finding.args["detail"] = database.problem;
  }
}

// The daemon drops local records without a directory when it starts (moby volume/service/restore.go).
// Such a record does not mean that data was lost: the volume may have been removed by hand. Where a
// container still wants it, the container has a finding.
void check_volume_records(const Model& model, FindingSink& sink) {
  const VolumeStore& store = model.volumes;
  if (store.database.state != Database::State::Good || !store.complete) {
    return;
  }
  for (const VolumeRecord& record : store.records) {
    if (is_local(record) && store.find(record.name) == nullptr && !is_unseen_volume(model, record.name)) {
      sink.add(problem::volume_record_stale, {SubjectKind::Volume, escaped(record.name)}, store.database.path)
          .args["volume"] = escaped(record.name);
    }
  }
}

// Records of running containers are made anew by the daemon; a network's own record is not.
// The daemon takes a network's record apart field by field and trusts each to be there (moby
// libnetwork/network.go:UnmarshalJSON): one that lacks a field makes it panic. So a single
// bad network is worth a rewrite of the file.
void check_network_records(const NetworkStore& networks, FindingSink& sink) {
  if (networks.database.state != Database::State::Good) {
    return;
  }
  // Daemons from 28.1 on do not count endpoints in the database. A root without a
  // single count is theirs, and lacks nothing.
  const bool counts = std::any_of(networks.records.begin(), networks.records.end(),
                                  [](const NetworkRecord& record) { return record.count.has_value(); });
  for (const NetworkRecord& record : networks.records) {
    const Subject subject{SubjectKind::Network, record.kind == "network" ? record.id : record.key};
    if (!record.problem.empty()) {
      const ProblemId id = record.kind == "network" ? problem::network_record_bad : problem::network_leftover_bad;
      Finding& finding = sink.add(id, subject, networks.database.path);
      finding.args["key"] = record.key;
      finding.args["detail"] = record.problem;
    } else if (record.kind == "network" && counts && networks.find("endpoint_count/" + record.id) == nullptr) {
      Finding& finding = sink.add(problem::network_count_missing, subject, networks.database.path);
      finding.args["network"] = record.name;
      finding.args["id"] = record.id;
    }
  }
}

// Which problem it is decides about the class of the repair. Networks that a container names and that are lost
// can be seen missing: lossy. Nothing left at all leaves nothing to choose: the file goes aside. In between, what
// could be saved is written, and it is asked first, since networks that no container uses may be lost unnoticed.
void check_bad_network_database(const Model& model, FindingSink& sink) {
  const Database& database = model.networks.database;
  if (check_rewritable(database, problem::network_database_rewritable, sink)) {
    return;
  }
  const NetworkRebuild rebuild = rebuild_networks(model);
  const ProblemId id = !rebuild.lost.empty()  ? problem::network_database_lost
                       : rebuild.kept.empty() ? problem::network_database_unreadable
                                              : problem::network_database_bad;
  Finding& finding = sink.add(id, as_subject(database), database.path);
  finding.args["detail"] = database.problem;
  finding.args["recovered"] = kept_networks_text(rebuild);
  if (!rebuild.lost.empty()) {
    finding.args["networks"] = lost_networks_text(rebuild.lost);
  }
}

// A daemon that starts writes its default networks at once: containers without the file mean that it was lost.
void check_network_database(const CheckInput& input, FindingSink& sink) {
  const Model& model = input.model;
  const Database& database = model.networks.database;
  const bool lost = database.state == Database::State::Absent || database.state == Database::State::Empty;
  if (database.state == Database::State::Bad) {
    check_bad_network_database(model, sink);
  } else if (lost && !model.containers.containers.empty() && !is_acknowledged(database.path, input.runs)) {
    sink.add(problem::network_database_missing, as_subject(database), database.path).args["state"] =
        database.state == Database::State::Empty ? "empty" : "missing";
  }
}

// Networks whose count of endpoints is not the number of endpoint records: such a network cannot be removed.
// Corrected by the daemon when it starts, so it is counted into one line of information.
uint64_t miscounted(const NetworkStore& networks) {
  std::map<std::string, int64_t> endpoints;
  for (const NetworkRecord& record : networks.records) {
    endpoints[record.id] += record.kind == "endpoint" ? 1 : 0;
  }
  return static_cast<uint64_t>(std::count_if(
      networks.records.begin(), networks.records.end(),
      [&](const NetworkRecord& record) { return record.count && *record.count != endpoints[record.id]; }));
}

// Sandboxes of containers that are gone, and endpoints without their network or sandbox. Those of a swarm's own
// networks belong to no container.
// A crash leaves these every time, and the daemon clears them at every start: not worth a warning.
// Where containers could not all be read, their sandboxes may be theirs after all.
void check_stale_networks(const Model& model, FindingSink& sink) {
  const NetworkStore& networks = model.networks;
  if (networks.database.state != Database::State::Good || !model.containers.complete) {
    return;
  }
  uint64_t sandboxes = 0;
  uint64_t endpoints = 0;
  for (const NetworkRecord& record : networks.records) {
    if (record.kind == "sandbox" && is_hex64(record.container) && model.containers.find(record.container) == nullptr) {
      ++sandboxes;
    }
    if (record.kind == "endpoint" &&
        (!networks.has_network(record.id) || (!record.sandbox.empty() && !networks.has_sandbox(record.sandbox)))) {
      ++endpoints;
    }
  }
  const uint64_t counts = miscounted(networks);
  if (sandboxes + endpoints + counts == 0) {
    return;
  }
  std::string what = sandboxes > 0 ? counted(sandboxes, "sandbox record") : "";
  if (endpoints > 0) {
    what += (what.empty() ? "" : " and ") + counted(endpoints, "endpoint record");
  }
  if (counts > 0) {
    what += (what.empty() ? "" : " and ") + counted(counts, "wrong endpoint count");
  }
  sink.add(problem::network_record_stale, as_subject(networks.database), networks.database.path).args["what"] = what;
}

// bbolt's own check calls this "unreachable unfreed". Nothing is wrong with any record.
void check_leaks(const Model& model, FindingSink& sink) {
  for (const Database* database : model.databases()) {
    if (database->state == Database::State::Good && database->leaked_runs > 0) {
      Finding& finding = sink.add(problem::database_leaks_pages, as_subject(*database), database->path);
      finding.args["path"] = database->path.text();
      finding.args["count"] = counted(database->leaked_runs, "page range");
    }
  }
}

}  // namespace

void check_databases(const CheckInput& input, FindingSink& sink) {
  const Model& model = input.model;
  check_volume_database(model, sink);
  check_volume_records(model, sink);
  check_network_database(input, sink);
  check_network_records(model.networks, sink);
  check_stale_networks(model, sink);
  check_leaks(model, sink);
}

}  // namespace dfsck
