// Repairs of databases: written again whole where all their records are known, from what is left where they are not.
#include "checks/databases/fix_databases.h"

#include <sys/stat.h>
#include <algorithm>

#include "checks/databases/network_rebuild.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "core/model/records/network_records.h"

namespace dfsck {
namespace {

// What the daemon gives to a new file (moby libnetwork/internal/kvstore/boltdb, builder/builder-next/controller.go,
// volume/service/store.go).
Ownership default_owner(const Model& model, const RelPath& path) {
  const bool shared = path.name() == "local-kv.db" || path.name() == "containerdmeta.db";
  return daemon_owner(model, shared ? 0644U : 0600U);
}

// Read again and not kept from the scan: databases may be large, and few are damaged.
std::optional<BoltFile> open_database(const CheckInput& input, const RelPath& path) {
  Result<std::string> bytes = input.root.read_small(path, BoltFile::kMaxBytes);
  Result<BoltFile> file = bytes ? BoltFile::open(std::move(*bytes)) : Result<BoltFile>(bytes.error());
  return file ? std::optional(std::move(*file)) : std::nullopt;
}

// Nothing is planned where the bytes would not pass the same check that found the damage.
void write_content(const CheckInput& input, const RelPath& path, const BoltContent& content, size_t index,
                   PlanBuilder& plan) {
  if (Result<std::string> bytes = write_checked_bolt(content); bytes) {
    write_database(input, path, std::move(*bytes), index, plan);
  }
}

}  // namespace

// The old file's owner and mode stay, if it was a file: an administrator may have changed them.
void write_database(const CheckInput& input, const RelPath& path, std::string bytes, size_t index, PlanBuilder& plan) {
  Ownership owner = default_owner(input.model, path);
  if (const Result<FileStat> stat = input.root.stat(path); stat && stat->is_file()) {
    owner = {stat->uid, stat->gid, stat->mode & 07777U};
  }
  plan.add(index, stage::kDatabases, WriteFile{path, std::move(bytes), owner}, expect_now(input.root, path));
}

void fix_rewrite_database(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  for (const Database* database : input.model.databases()) {
    if (database->path == finding.path && database->rewritten) {
      write_database(input, finding.path, *database->rewritten, index, plan);
    }
  }
}

void fix_rebuild_network_database(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const NetworkRebuild networks = rebuild_networks(input.model);
  const std::optional<BoltFile> file = open_database(input, finding.path);
  if (!networks.kept.empty() && file) {
    // From the pages and not from the model: records are written back byte for byte, with
    // fields that this program knows nothing of.
    const BoltSalvage salvage = salvage_bolt(*file, network_home());
    write_content(input, finding.path, network_content(networks, salvage.root), index, plan);
  } else {
    fix_quarantine_path(input, finding, index, plan);
  }
}

void fix_network_records(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const auto& records = input.model.networks.records;
  const bool loses = std::any_of(records.begin(), records.end(), [](const NetworkRecord& record) {
    return record.kind == "network" && !record.problem.empty();
  });
  if (loses && finding.problem != problem::network_record_bad) {
    return;  // repaired together with what is lost, but not without asking for that
  }
  if (const std::optional<BoltFile> file = open_database(input, finding.path); file) {
    const BoltSalvage salvage = salvage_bolt(*file, std::nullopt);
    write_content(input, finding.path, fixed_network_content(content_of(salvage.root)), index, plan);
  }
}

}  // namespace dfsck
