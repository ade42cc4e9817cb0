// BuildKit's databases against overlay2 and layerdb. All of it is a cache; but a damaged file of it keeps the whole
// daemon from starting, and one record without its directory makes builds and disk usage fail.
#include <algorithm>
#include <array>
#include <set>

#include "checks/checks.h"
#include "checks/input.h"
#include "checks/unseen.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

Subject build_database(const Database& database) { return {SubjectKind::Database, database.path.text()}; }

// The three databases belong together: one that cannot be written again, or a record without its directory, takes all.
bool needs_reset(const CheckInput& input) {
  const BuildCache& cache = input.model.build_cache;
  for (const Database* database : {&cache.snapshots_db, &cache.metadata_db, &cache.content_db}) {
    if (database->state == Database::State::Bad && !database->rewritten) {
      return true;
    }
  }
  return std::any_of(input.derived.missing_dirs.begin(), input.derived.missing_dirs.end(), [](const auto& dir) {
    return std::any_of(dir.second.owners.begin(), dir.second.owners.end(),
                       [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Build; });
  });
}

// `reset`: the cache has to go anyway, and what is written again would go with it.
// Class safe only where every record survives: then nothing but the form of the file changes.
void check_database(const Database& database, ProblemId problem, bool reset, FindingSink& sink) {
  if (database.state == Database::State::Bad) {
    const ProblemId id = database.rewritten && !reset ? problem::build_database_rewritable : problem;
    Finding& finding = sink.add(id, build_database(database), database.path);
    finding.args["path"] = database.path.text();
    finding.args["detail"] = database.problem;
  }
}

// The daemon makes a new database in place of one that is missing or has no bytes, and says nothing.
bool is_lost(const Database& database) {
  return database.state == Database::State::Absent || database.state == Database::State::Empty;
}

// True if the database is lost while others that belong to it are there.
bool lost_alone(const BuildCache& cache, const Database& database) {
  const std::array siblings{&cache.snapshots_db, &cache.metadata_db, &cache.content_db};
  return is_lost(database) &&
         std::any_of(siblings.begin(), siblings.end(), [](const Database* sibling) { return !is_lost(*sibling); });
}

// snapshots.db says which directories there are, metadata_v2.db and containerdmeta.db who still wants
// them. A daemon that finds one of the three lost begins it anew and keeps the others, so that snapshots
// without a record and without a lease stay for ever. Only a warning: nothing that is used is damaged.
void check_siblings(const BuildCache& cache, FindingSink& sink) {
  for (const Database* database : {&cache.snapshots_db, &cache.metadata_db, &cache.content_db}) {
    if (lost_alone(cache, *database)) {
      Finding& finding = sink.add(problem::build_database_incomplete, build_database(*database), database->path);
      finding.args["path"] = database->path.text();
      finding.args["state"] = database->state == Database::State::Empty ? "empty" : "missing";
    }
  }
}

// A directory that is a layer too is reported with the layer; the build cache suffers from the same loss.
// BuildKit does not look at its directories when it starts. It meets the gap when a build mounts the
// snapshot or docker system df adds up sizes, and then fails as a whole.
void check_missing_dirs(const CheckInput& input, FindingSink& sink) {
  for (const auto& [id, truth] : input.derived.missing_dirs) {
    const auto is_build = [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Build; };
    const auto layer = std::find_if(truth.owners.begin(), truth.owners.end(),
                                    [](const DirOwner& owner) { return owner.kind == DirOwner::Kind::Layer; });
    if (std::none_of(truth.owners.begin(), truth.owners.end(), is_build)) {
      continue;
    }
    Finding& finding = sink.add(problem::build_snapshot_missing, {SubjectKind::BuildCache, id.text()},
                                input.model.overlay.path / id.text());
    finding.args["dir"] = id.text();
    if (layer != truth.owners.end()) {
      finding.cause = Subject{SubjectKind::Layer, layer->name};
    }
  }
}

// The daemon's adapter makes a directory before its record and removes the record before the directory
// (moby builder/builder-next/adapters/snapshot/snapshot.go), so a kill in between leaves one that no
// list has. No prune frees it: prunes work through the records.
void check_unrecorded_dirs(const CheckInput& input, FindingSink& sink) {
  if (!input.derived.owners_complete || !input.derived.build_records_complete) {
    return;
  }
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const OverlayDir& dir = input.model.overlay.dirs[i];
    const DirTruth& truth = input.derived.dirs[i];
    if (dir.id.form() != CacheId::Form::BuildKit || truth.reached || !truth.owners.empty()) {
      continue;
    }
    Finding& finding = sink.add(problem::build_dir_orphan, {SubjectKind::OverlayDir, dir.id.text()}, dir.path);
    finding.args["dir"] = dir.id.text();
    finding.args["size"] = input.sizes.text(dir.id);
    // With its database lost every cached directory is without a record; one cause explains the many.
    if (const Database& records = input.model.build_cache.snapshots_db; lost_alone(input.model.build_cache, records)) {
      finding.cause = build_database(records);
    }
  }
}

// Directories that only a build record could name, in a root without the place of these records.
// Removing buildkit/ to get space back gets none back: what only its records named is in nobody's list
// then. But it may just as well lie on a disk that is not mounted, so nothing of it is called garbage here.
void check_records_missing(const CheckInput& input, FindingSink& sink) {
  const RelPath place = "buildkit";
  if (input.model.build_cache.exists || input.derived.build_records_complete || is_unseen_link(input.model, place)) {
    return;
  }
  uint64_t count = 0;
  for (size_t i = 0; i < input.derived.dirs.size(); ++i) {
    const bool of_build = input.model.overlay.dirs[i].id.form() == CacheId::Form::BuildKit;
    count += of_build && input.derived.dirs[i].owners.empty() ? 1 : 0;
  }
  if (count > 0) {
    Finding& finding = sink.add(problem::build_records_missing, {SubjectKind::File, place.text()}, place);
    finding.args["path"] = place.text();
    finding.args["count"] = counted(count, "layer directory");
  }
}

// The daemon forgets such a record by itself, so this is only worth a word. A layerdb that could not be
// listed, or is missing as a whole, proves no layer gone.
void check_layers(const Model& model, FindingSink& sink) {
  if (!model.layers.layers_complete || !model.layers.exists) {
    return;
  }
  std::set<ChainId> gone;
  for (const BuildSnapshot& snapshot : model.build_cache.snapshots) {
    if (snapshot.chain && model.layers.find(*snapshot.chain) == nullptr) {
      gone.insert(*snapshot.chain);
    }
  }
  for (const ChainId& chain : gone) {
    sink.add(problem::build_layer_gone, {SubjectKind::BuildCache, chain.text()}, model.build_cache.snapshots_db.path)
        .args["layer"] = chain.text();
  }
}

}  // namespace

void check_build_cache(const CheckInput& input, FindingSink& sink) {
  const BuildCache& cache = input.model.build_cache;
  const bool reset = needs_reset(input);
  check_database(cache.snapshots_db, problem::build_database_bad, reset, sink);
  check_database(cache.metadata_db, problem::build_database_bad, reset, sink);
  check_database(cache.content_db, problem::build_database_bad, reset, sink);
  // Nothing points into these two: one is an index of results, the other a history of builds. Their
  // loss takes no directory along, so they need no reset. Since version 27 a daemon puts a cache.db
  // aside that does not open; before, it did not start.
  check_database(cache.cache_db, problem::build_index_bad, reset, sink);
  check_database(cache.history_db, problem::build_index_bad, reset, sink);
  check_siblings(cache, sink);
  check_missing_dirs(input, sink);
  check_unrecorded_dirs(input, sink);
  check_records_missing(input, sink);
  check_layers(input.model, sink);
}

}  // namespace dfsck
