// Scans buildkit/: its five databases, which overlay2 directories and layers the snapshots are, and what killed builds
// left (moby builder/builder-next/adapters/snapshot/snapshot.go).
#include "core/base/ids.h"
#include "core/model/model.h"
#include "core/model/records/database_file.h"

namespace dfsck {
namespace {

const RelPath kBase = "buildkit";

// Absent and empty are different: a bucket with a "parent", even an empty one, is itself a directory of overlay2; one
// without it is only a name. A chain ID can be the key itself, where a layer of an image serves as a base.
BuildSnapshot read_snapshot(std::string_view key, const BoltBucket& bucket) {
  BuildSnapshot snapshot;
  snapshot.key = key;
  if (const auto parent = bucket.value("parent"); parent) {
    snapshot.parent = std::string(*parent);
  }
  snapshot.committed = bucket.value("committed").value_or("");
  snapshot.chain = ChainId::parse(bucket.value("chainid").value_or(key));
  return snapshot;
}

// From this database and not from the cache records: a record that was committed lazily names a snapshot that does
// not exist yet, and its files are in its mutable twin's directory.
void scan_snapshots(const DatabaseFile& database, BuildCache& cache) {
  for (const BoltEntry& entry : database.tree.root.entries) {
    if (entry.bucket) {
      cache.snapshots.push_back(read_snapshot(entry.key, *entry.bucket));
    }
  }
}

// Bundles and ingests of builds that were killed; nothing reads them again.
void scan_build_leftovers(StateReader& reader, BuildCache& cache) {
  const RelPath executor = kBase / "executor";
  for (const DirEntry& entry : reader.list(executor).entries) {
    if (entry.type == S_IFDIR && is_buildkit_id(entry.name)) {
      cache.executor_leftovers.push_back(executor / entry.name);
    }
  }
  const RelPath ingest = kBase / "content/ingest";
  for (const DirEntry& entry : reader.list(ingest).entries) {
    cache.ingest_leftovers.push_back(ingest / entry.name);
  }
}

}  // namespace

void scan_build_cache(const Root& root, Model& model) {
  StateReader reader(root);
  BuildCache& cache = model.build_cache;
  cache.exists = reader.list(kBase).state == FileState::Kind::Present;
  const DatabaseFile snapshots = read_database(reader, kBase / "snapshots.db");
  // The only owner of many directories: where it cannot be read, none of BuildKit's form may be called an orphan.
  cache.snapshots_db = snapshots.facts;
  scan_snapshots(snapshots, cache);
  cache.metadata_db = read_database(reader, kBase / "metadata_v2.db").facts;
  if (cache.metadata_db.state == Database::State::Absent) {
    // Before 20.10 the records were in another file, which newer daemons convert at their first start.
    const DatabaseFile older = read_database(reader, kBase / "metadata.db");
    cache.metadata_db = older.facts.state == Database::State::Absent ? cache.metadata_db : older.facts;
  }
  cache.content_db = read_database(reader, kBase / "containerdmeta.db").facts;
  cache.cache_db = read_database(reader, kBase / "cache.db").facts;
  cache.history_db = read_database(reader, kBase / "history.db").facts;
  scan_build_leftovers(reader, cache);
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck
