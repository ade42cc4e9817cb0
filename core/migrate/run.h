// One run of a migration, from the state of the run before to that for the next. Internal to core/migrate.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/fs/root.h"
#include "core/migrate/copy_context.h"
#include "core/migrate/copy_unit.h"
#include "core/migrate/look.h"
#include "core/migrate/migration.h"
#include "core/migrate/parents.h"
#include "core/migrate/readback.h"
#include "core/migrate/state.h"
#include "core/run/shared_work.h"

namespace dfsck {

class MigrationRun {
 public:
  // All must outlive it.
  MigrationRun(const Root& source, const std::vector<MigrationUnit>& units, const MigrationOptions& options,
               CopyContext& context, MigrationState& state, std::optional<MigrationHistory> history);

  // In this order, each once. What comes before the layers is done with them.
  void copy_layers();
  void copy_others();
  MigrationResult finish();

  // State is kept as JSON: a unit whose name cannot be told in it is copied file by file each time.
  static bool is_recorded(const MigrationUnit& unit);

  const std::vector<UnitResult>& so_far() const { return result_.units; }

 private:
  void sort_units();
  void skip_done_units();
  bool skip_if_done(size_t index, UnitLook& look);
  void remove_gone_units();
  void copy_units(const std::vector<size_t>& units);
  void read_back_units();

  void copy_unit(size_t index, SharedWork& work);
  void end_unit(size_t index);
  void remove_unit(const std::string& path);
  bool sync();
  void commit(bool all);
  void read_back_unit(size_t index, ReadBack how, SharedWork& work);
  void end_read_back(size_t index, ReadBack how, SharedWork& work, const std::shared_ptr<CopyUnit>& probe);

  const DoneUnit* find_done(const MigrationUnit& unit) const;
  void settle(const Result<void>& done) {
    if (!done) {
      context_.fail(done.error());
    }
  }

  const Root& source_;
  const std::vector<MigrationUnit>& units_;
  const MigrationOptions& options_;
  CopyContext& context_;
  MigrationState& state_;
  std::optional<MigrationHistory> history_;
  MigrationResult result_;
  const MigrationUnit no_unit_;
  CopyUnit notes_{no_unit_};  // of what is in no unit
  const UnitParents parents_;
  std::vector<std::unique_ptr<CopyUnit>> work_;  // by unit, while it is copied
  std::vector<size_t> order_;                    // heaviest first
  std::vector<size_t> to_copy_;
  std::vector<size_t> to_read_back_;
  std::map<size_t, DoneUnit> done_before_;

  std::mutex sync_mutex_;
  bool sync_failed_ = false;  // guarded by sync_mutex_ while units are copied

  std::mutex mutex_;
  // Guarded by the mutex.
  std::vector<std::pair<size_t, DoneUnit>> finished_;  // not durable yet
  uint64_t finished_bytes_ = 0;
  std::map<size_t, std::string> content_;  // of units that were copied in this run, or before and not read back yet
};

}  // namespace dfsck
