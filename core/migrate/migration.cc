// What a run needs is made ready, held while it goes on, and let go of at its end.
#include "core/migrate/migration.h"

#include <unistd.h>

#include <cstdlib>

#include "core/base/path_text.h"
#include "core/base/try.h"
#include "core/migrate/copy_context.h"
#include "core/migrate/run.h"
#include "core/migrate/state.h"

namespace dfsck {
namespace {

// Of this process; telling it by umask(2) would change it for a moment, for all threads.
uint32_t current_umask() {
  const Result<Root> self = Root::open("/proc/self");
  const Result<std::string> status = self ? self->read_small("status", 64 * 1024) : self.error();
  const size_t at = status ? status->find("\nUmask:") : std::string::npos;
  return at == std::string::npos ? 0777U
                                 : static_cast<uint32_t>(std::strtoul(status->c_str() + at + 7, nullptr, 8)) & 0777U;
}

Result<void> check_apart(const Root& source, const Root& target) {
  if (is_at_or_below(source.path(), target.path()) || is_at_or_below(target.path(), source.path())) {
    return format_error("copy to", target.path(), "source and target lie in one another");
  }
  return {};
}

std::vector<std::string> recorded_paths(const std::vector<MigrationUnit>& units) {
  std::vector<std::string> paths;
  for (const MigrationUnit& unit : units) {
    if (MigrationRun::is_recorded(unit)) {
      paths.push_back(unit.path.bytes());
    }
  }
  return paths;
}

}  // namespace

struct UnitMigration::Run {
  const std::vector<MigrationUnit> units;
  const MigrationOptions options;
  std::optional<RootLock> lock{};
  std::optional<MigrationState> state{};
  std::optional<CopyContext> context{};
  std::optional<MigrationRun> run{};
};

UnitMigration::UnitMigration(std::unique_ptr<Run> run) : run_(std::move(run)) {}
UnitMigration::UnitMigration(UnitMigration&&) noexcept = default;
UnitMigration::~UnitMigration() = default;

Result<UnitMigration> UnitMigration::begin(const Root& source, const Root& target, std::vector<MigrationUnit> units,
                                           MigrationOptions options, const Cancel& cancel, Progress& progress) {
  TRY(check_apart(source, target));
  const Result<SourceIdentity> identity = source_identity(source);
  Result<Dir> target_top = target.open_dir(RelPath());
  if (!identity || !target_top) {
    return !identity ? identity.error() : target_top.error();
  }
  Result<RootLock> lock = RootLock::take(target);
  ASSIGN_OR_RETURN(std::optional<MigrationHistory> history,
                   lock ? read_history(target) : Result<std::optional<MigrationHistory>>(lock.error()));
  if (history && !history->is_of(*identity)) {
    return format_error("copy to", target.path(), "holds an unfinished migration of " + history->source.path);
  }
  std::unique_ptr<Run> run(new Run{std::move(units), std::move(options)});
  run->lock.emplace(std::move(*lock));
  ASSIGN_OR_RETURN(MigrationState state,
                   MigrationState::open(*run->lock, history, *identity, run->options.note, recorded_paths(run->units)));
  run->state.emplace(std::move(state));
  CopyContext& context = run->context.emplace(source, std::move(*target_top), run->options, cancel, progress);
  context.umask = current_umask();
  context.uid = ::geteuid();
  context.gid = ::getegid();
  if (history && history->one_boot) {
    // A second less: times of files come from a clock that lags a little.
    context.trusted_before = FileTime{history->started.seconds - 1, history->started.nanoseconds};
  }
  run->run.emplace(source, run->units, run->options, context, *run->state, std::move(history));
  return UnitMigration(std::move(run));
}

bool UnitMigration::copy_layers() {
  run_->run->copy_layers();
  return !run_->context->stopped();
}

const std::vector<UnitResult>& UnitMigration::so_far() const { return run_->run->so_far(); }

MigrationResult UnitMigration::finish(Rest rest) {
  if (rest == Rest::Copy) {
    run_->run->copy_others();
  }
  MigrationResult result = run_->run->finish();
  run_.reset();
  return result;
}

Result<MigrationResult> migrate_units(const Root& source, const Root& target, const std::vector<MigrationUnit>& units,
                                      const MigrationOptions& options, const Cancel& cancel, Progress& progress) {
  ASSIGN_OR_RETURN(UnitMigration migration, UnitMigration::begin(source, target, units, options, cancel, progress));
  migration.copy_layers();
  return migration.finish(UnitMigration::Rest::Copy);
}

}  // namespace dfsck
