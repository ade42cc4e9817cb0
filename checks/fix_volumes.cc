// Repairs of volumes/: options and database are written again from one another and from the volumes' directories.
#include "checks/fixes.h"
#include "checks/planner.h"
#include "checks/volume_rebuild.h"
#include "core/codec/bolt_writer.h"

namespace dfsck {
namespace {

constexpr uint32_t kPrivateFile = 0600;  // moby volume/local: opts.json; volume/service/store.go: metadata.db

}  // namespace

void fix_restore_volume_options(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  const RelPath directory_path = finding.path.parent();
  const std::string_view directory = directory_path.name();
  const VolumeRecord* record = input.model.volumes.find_record(directory);
  const std::optional<std::string> bytes = record != nullptr ? volume_options_file(*record) : std::nullopt;
  if (bytes) {
    plan.add(index, stage::kVolumes, WriteFile{finding.path, *bytes, Ownership{0, 0, kPrivateFile}},
             expect_now(input.root, finding.path));
  }
}

void fix_rebuild_volume_database(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan) {
  BoltContent content;
  std::map<std::string, std::string>& volumes = content["volumes"];
  for (const VolumeRecord& record : volume_records_to_write(input.model.volumes)) {
    volumes[record.name] = volume_record_json(record);
  }
  const Result<std::string> bytes = write_bolt(content);
  if (bytes) {
    plan.add(index, stage::kDatabases, WriteFile{finding.path, *bytes, Ownership{0, 0, kPrivateFile}},
             expect_now(input.root, finding.path));
  }
}

}  // namespace dfsck
