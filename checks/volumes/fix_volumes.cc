// Repairs of volumes/: options and database are written again from one another and from the volumes' directories.
#include "checks/databases/fix_databases.h"
#include "checks/databases/volume_rebuild.h"
#include "checks/fix_steps.h"
#include "checks/fixes.h"
#include "core/codec/bolt/salvage.h"

namespace dfsck {
namespace {

constexpr uint32_t kPrivateFile = 0600;  // moby volume/local: opts.json

}  // namespace

// Class safe: database and file are two forms of the same options, and the database has passed its check.
void fix_restore_volume_options(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const RelPath directory_path = finding.path.parent();
  const std::string_view directory = directory_path.name();
  const VolumeRecord* record = input.model.volumes.find_record(directory);
  const std::optional<std::string> bytes = record != nullptr ? volume_options_file(*record) : std::nullopt;
  if (bytes) {
    plan.add(index, stage::kVolumes, WriteFile{finding.path, *bytes, daemon_owner(input.model, kPrivateFile)},
             expect_now(input.root, finding.path));
  }
}

// One bucket is all that the daemon keeps in this file.
void fix_rebuild_volume_database(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  BoltContent content;
  auto& volumes = content.buckets["volumes"].values;
  for (const VolumeRecord& record : rebuild_volumes(input.model).records) {
    volumes[record.name] = volume_record_json(record);
  }
  if (Result<std::string> bytes = write_checked_bolt(content); bytes) {
    write_database(input, finding.path, std::move(*bytes), index, plan);
  }
}

}  // namespace dfsck
