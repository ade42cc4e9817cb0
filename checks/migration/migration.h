// Migrating a root from end to end: look at the source, try the target, copy, repair the target, check it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checks/report.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/migrate/migration.h"
#include "core/migrate/plan/inventory.h"
#include "core/migrate/plan/omissions.h"
#include "core/migrate/plan/selection.h"
#include "core/migrate/plan/space.h"
#include "core/migrate/target/rewrite.h"
#include "core/migrate/target/target_probe.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// What the user wants.
struct MigrationWish {
  enum class When {
    Offline,
    Live,  // a daemon may run on the source: only what no daemon changes is copied
  };
  enum class OnDamage {
    Stop,       // before the target is finished
    KeepGoing,  // damaged things are copied as they are
  };

  std::string source;      // as it was named
  std::string target;      // likewise
  std::string final_path;  // where the target will lie when a daemon uses it; empty: where it is
  When when = When::Offline;
  OnDamage on_damage = OnDamage::Stop;
  CopyVerify verify = CopyVerify::Copy;
  uint64_t bytes_per_second = 0;    // 0: as fast as can be
  std::vector<std::string> images;  // no others are migrated; empty: everything is
  CopyChoice choice;
  unsigned jobs = 1;
};

// A layer that is not what its digest says, in the source.
struct DamagedLayer {
  ChainId layer;
  std::vector<std::string> findings;  // what is wrong, in words; the first few
  size_t more = 0;                    // further ones
  std::vector<std::string> images;    // that have it: tags, or ids where there is none
  bool repairable = false;            // in the target, without a loss
};

// Both sides by name. Only what was seen in the target counts as moved.
struct InventoryComparison {
  Inventory source;                 // without what the plan leaves out
  std::optional<Inventory> target;  // read from there when all was copied and repaired; not of a live run
  std::vector<InventoryGap> gaps;   // what the target lacks
  size_t proven_layers = 0;         // hashed to their digests while they were copied, and are there
};

struct MigrationReport {
  enum class End {
    Refused,  // nothing was copied: `obstacles`
    Planned,  // a dry run
    Stopped,  // it can go on: `obstacles`
    Live,     // what a daemon does not change is there; an offline run has to follow
    Done,
  };

  End end = End::Refused;
  std::string source;  // resolved
  std::string target;  // resolved; of a dry run, where it would be
  std::string final_path;
  MigrationWish wish;
  std::vector<std::string> obstacles;  // in sentences for people
  std::vector<std::string> advice;     // what works where this does not, lines for the screen
  bool source_is_damaged = false;      // that is what stands against it

  std::optional<RootReport> source_check;  // without the contents of files
  std::optional<TargetProbe> probe;
  bool target_exists = false;
  std::vector<std::string> unverified_drivers;  // of the source: their layers are copied, and compared with nothing
  CopyPlan plan;
  SpaceNeed need;
  InventoryComparison inventory;
  std::optional<SpaceVerdict> space;
  std::vector<RewriteNeed> rewrites;  // paths relative to the source
  std::vector<RelPath> binary_files;  // that hold paths of the old root and are kept as they are

  // The source is as it was when this migration of it ended, so that nothing was to be copied.
  bool is_complete = false;
  std::vector<std::string> target_used;  // then: what has changed in the target since, escaped names in its top

  std::optional<MigrationResult> copied;
  std::vector<size_t> copied_units;        // what its results are of: indices into plan.units
  std::vector<DamagedLayer> damaged;       // sorted by layer
  std::optional<RootReport> target_check;  // safe repairs made, and the check afterwards
  bool cancelled = false;

  // Something of the source is not in the target as it was.
  bool loses_data() const;
  // Everything that the plan takes along is in the target, as it was, and no mount with data stays behind.
  bool is_whole() const;
};

// As for a check, with 8 where it was refused or stopped by the target, 4 where the source's damage stands against it.
int exit_code(const MigrationReport& report);

// Writes nothing. What only a copy can find out is not in the report.
MigrationReport plan_migration(const MigrationWish& wish, const Cancel& cancel, Progress& progress);
// Plans and, if nothing stands against it, migrates. The source is only read; while it works, no daemon can start on it
// (offline). Nothing that it did not make is changed in the target. After everything but End::Done, the same call goes
// on; after End::Done it finds that nothing is to be done, or brings the target up to date, if nobody has changed that
// since.
MigrationReport migrate_root(const MigrationWish& wish, const Cancel& cancel, Progress& progress);

}  // namespace dfsck
