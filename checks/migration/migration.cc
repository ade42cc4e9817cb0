// One migration, step by step; each step that cannot be taken ends it with a reason.
#include "checks/migration/migration.h"

#include <algorithm>
#include <set>
#include <span>

#include "checks/migration/drivers.h"
#include "checks/migration/inventory.h"
#include "checks/migration/links.h"
#include "checks/migration/measure.h"
#include "checks/migration/missed.h"
#include "checks/migration/request.h"
#include "checks/migration/source.h"
#include "checks/migration/target.h"
#include "checks/migration/verdict.h"
#include "checks/repair/repair.h"
#include "core/base/escape.h"
#include "core/base/shortage.h"
#include "core/base/text.h"
#include "core/fs/lock.h"
#include "core/migrate/end.h"
#include "core/migrate/target_file.h"
#include "core/run/was_cancelled.h"

namespace dfsck {
namespace {

// In the order of what it costs to be wrong: what can be refused by a look comes before what reads all
// of the source, and that before anything that writes.
class Migration {
 public:
  Migration(const MigrationWish& wish, const Cancel& cancel, Progress& progress)
      : wish_(wish), cancel_(cancel), progress_(progress) {
    report_.wish = wish;
  }

  MigrationReport plan() {
    if (look()) {
      report_.end = report_.obstacles.empty() ? MigrationReport::End::Planned : MigrationReport::End::Refused;
    }
    return finished();
  }

  MigrationReport carry_out() {
    if (look() && report_.obstacles.empty()) {
      if (report_.is_complete) {
        find_complete();
      } else if (begin()) {
        report_.end = MigrationReport::End::Stopped;
        if (copy() && write_files() && repair_target() && compare()) {
          end();
        }
      }
    }
    return finished();
  }

 private:
  bool is_live() const { return wish_.when == MigrationWish::When::Live; }
  bool keeps_going() const { return wish_.on_damage == MigrationWish::OnDamage::KeepGoing; }
  bool refuse(std::string why) {
    report_.obstacles.push_back(std::move(why));
    return false;
  }
  MigrationReport finished() {
    report_.cancelled = was_cancelled(cancel_);
    if (const std::optional<Error> shortage = noted_shortage(); shortage && report_.obstacles.empty()) {
      refuse(shortage->message());
    }
    return std::move(report_);
  }

  // Everything that can be found out without writing. False where there is nothing to be told of.
  bool look() {
    Result<std::unique_ptr<const MigrationSource>> source =
        MigrationSource::open(wish_.source, wish_.jobs, cancel_, progress_);
    if (!source) {
      return refuse(source.error().message());
    }
    source_ = std::move(*source);
    report_.source = source_->root().path();
    judge_users();
    if (!judge_drivers(source_->roots(), report_) || !judge_containerd_stores(source_->roots(), report_) || !choose() ||
        !check_source() || !judge_target()) {
      return false;
    }
    measure();
    if (!recall()) {
      return false;
    }
    judge_room();
    list_rewrites();
    return !cancel_.requested();
  }

  void judge_users() {
    const std::vector<std::string> users = is_live() ? std::vector<std::string>{} : source_->evidence_of_users();
    if (!users.empty()) {
      refuse("a daemon uses the source: " + users.front() +
             "; stop docker and containerd first, or copy with --live what does not change");
    }
    for (const std::string& run : source_->unfinished_repairs()) {
      refuse("the repair " + run + " of the source was cut off; docker-fsck recover finishes it or takes it back");
    }
    for (const std::string& unreadable : source_->unreadable()) {
      report_.plan.notes.push_back("a root below is copied as it is: " + unreadable);
    }
  }

  // The plan of what is copied.
  bool choose() {
    const std::vector<std::string> notes = std::move(report_.plan.notes);
    const std::vector<std::string> outside = std::move(report_.plan.outside);
    if (wish_.images.empty()) {
      planned_ = source_->roots();
      report_.plan = plan_copy(source_->root(), source_->roots(), wish_.choice);
    } else if (!choose_by_image()) {
      return false;
    }
    report_.plan.notes.insert(report_.plan.notes.begin(), notes.begin(), notes.end());
    report_.plan.outside = outside;
    name_daemon_links(source_->root(), report_);
    for (size_t i = 0; i < report_.plan.units.size(); ++i) {
      if (!is_live() || report_.plan.units[i].immutable) {
        report_.copied_units.push_back(i);
      }
    }
    return true;
  }

  // In the first of the roots that has all the images.
  bool choose_by_image() {
    ImageChoice best;
    for (const SourceRoot& root : source_->roots()) {
      ImageChoice choice = choose_images(root, wish_.images);
      if (choice.unknown.empty() && choice.ambiguous.empty()) {
        ImageSelection selection = select_images(source_->root(), root, choice.images, wish_.images);
        report_.plan = std::move(selection.plan);
        planned_ = {&root, 1};
        files_ = std::move(selection.files);
        return true;
      }
      if (&root == &source_->roots().front() || !choice.ambiguous.empty()) {
        best = std::move(choice);
      }
    }
    for (const std::vector<std::string>* lines : {&best.unknown, &best.ambiguous}) {
      for (const std::string& line : *lines) {
        refuse(line);
      }
    }
    return false;
  }

  // Its structure; files are read while they are copied.
  bool check_source() {
    const CheckOptions options{Level::Structure, wish_.jobs, {}, {}};
    Result<RootReport> check = source_->check(options, cancel_, progress_);
    if (!check) {
      return refuse(check.error().message());
    }
    report_.source_check = std::move(*check);
    const size_t lasting = lasting_errors(*report_.source_check);
    if (lasting > 0 && !is_live() && !keeps_going() && wish_.images.empty()) {
      report_.source_is_damaged = true;
      refuse("the source has " + counted(lasting, "error") +
             " that a copy cannot mend; repair it first, or copy it as it is with --keep-going");
    }
    return true;
  }

  bool judge_target() {
    target_ = open_migration_target(wish_.target, source_->root(), note_of(wish_));
    report_.target = target_.path;
    report_.final_path = wish_.final_path.empty() ? target_.path : wish_.final_path;
    report_.target_exists = target_.exists;
    for (const std::string& obstacle : target_.obstacles) {
      refuse(obstacle);
    }
    if (!target_.root) {
      return false;
    }
    Result<TargetProbe> looked = dfsck::survey_target(*target_.root);
    if (!looked) {
      return refuse(looked.error().message());
    }
    judge_probe(std::move(*looked));
    return true;
  }

  void judge_probe(TargetProbe probe) {
    for (const Capability& capability : probe.capabilities) {
      if (capability.verdict == Capability::Verdict::Fatal) {
        refuse("the target cannot hold a Docker root: " + std::string(capability.name) + ": " + capability.detail);
      }
    }
    report_.probe = std::move(probe);
  }

  // With what a finished migration has left: whether there is anything to copy, and whether that may be done.
  bool recall() {
    if (!target_.exists || !target_.trace || !target_.trace->finished || !report_.obstacles.empty()) {
      return true;
    }
    Result<MigrationComparison> compared =
        compare_migration(source_->root(), *target_.root, units_of(report_), written_as(files_),
                          request_of(wish_, report_.plan), cancel_, progress_);
    if (!compared) {
      return refuse(compared.error().message());
    }
    report_.is_complete = compared->is_same;
    report_.target_used = std::move(compared->used);
    done_before_ = std::move(compared->result);
    if (!report_.is_complete && !report_.target_used.empty()) {
      refuse("the target " + escaped(target_.path) + " has changed since its migration ended (" +
             joined(report_.target_used, ", ") +
             "): a daemon or somebody else used it, and bringing it up to date with the "
             "source would destroy what is new in it; name an empty directory");
    }
    return true;
  }

  void measure() {
    std::vector<std::string> old_places;
    for (const SourceRoot& root : source_->roots()) {
      for (const PathMove& move : moves(root)) {
        old_places.push_back(move.from);
      }
    }
    measure_migration(source_->root(), *target_.root, std::move(old_places), cancel_, progress_, report_);
    report_.inventory.source = take_inventory(planned_, report_.plan);
  }

  void judge_room() {
    report_.space = judge_space(report_.need, present(), report_.probe->facts);
    if (!report_.space->fits && !report_.is_complete) {
      refuse("the target is too small: it " + report_.space->problem);
    }
  }

  // What a migration that goes on has already put into the target.
  SpaceSum present() {
    if (!target_.trace) {
      return {};
    }
    std::vector<MigrationUnit> there(1);
    return measure_units(*target_.root, there, nullptr, 4096, wish_.jobs, cancel_, progress_).total;
  }

  void list_rewrites() {
    for (const SourceRoot& root : source_->roots()) {
      RewriteList list = dfsck::list_rewrites(source_->root_of(root), root.model, moves(root));
      for (RewriteNeed& need : list.files) {
        need.path = root.prefix.joined(need.path);
        report_.rewrites.push_back(std::move(need));
      }
      for (const RelPath& path : list.binary_files) {
        report_.binary_files.push_back(root.prefix.joined(path));
      }
    }
  }

  std::vector<PathMove> moves(const SourceRoot& root) const {
    const std::string below = root.prefix.is_root() ? "" : "/" + root.prefix.bytes();
    const std::string typed = wish_.source.starts_with('/') ? wish_.source + below : "";
    return moves_of(source_->root_of(root), root, typed, report_.final_path + below);
  }

  // Locks, and a target that was tried out.
  bool begin() {
    if (!is_live()) {
      Result<DatabaseLocks> locks = DatabaseLocks::take(source_->root());
      if (!locks) {
        return refuse(locks.error().message());
      }
      source_locks_.emplace(std::move(*locks));
    }
    Result<void> made = make_migration_target(target_);
    if (made && !target_.trace) {
      made = forget_finished_migration(*target_.root);  // of a directory that was emptied since
    }
    if (!made) {
      return refuse(made.error().message());
    }
    Result<TargetProbe> probe = probe_target(*target_.root);
    if (probe) {
      judge_probe(std::move(*probe));
    } else {
      refuse(probe.error().message());
    }
    if (!report_.obstacles.empty()) {
      target_.made.reset();
      return false;
    }
    if (target_.made) {
      target_.made->keep();
    }
    report_.target_exists = true;
    const Result<void> back = take_back_target_repairs(target_, source_->roots(), cancel_, progress_);
    return back || refuse(back.error().message());
  }

  bool copy() {
    Result<UnitMigration> copying = UnitMigration::begin(source_->root(), *target_.root, units_of(report_),
                                                         request_of(wish_, report_.plan), cancel_, progress_);
    if (!copying) {
      return refuse(copying.error().message());
    }
    const bool goes_on = !copying->copy_layers() || judge_layers(copying->so_far());
    report_.copied = copying->finish(goes_on ? UnitMigration::Rest::Copy : UnitMigration::Rest::Leave);
    if (report_.copied->stopped) {
      return refuse(report_.copied->stopped->message());
    }
    if (!report_.copied->all_reached() || !report_.obstacles.empty()) {
      return false;
    }
    if (is_live()) {
      report_.end = MigrationReport::End::Live;
      return false;
    }
    if (report_.loses_data() && !keeps_going()) {
      return refuse("parts of the source could not be read; --keep-going finishes the target without them");
    }
    return true;
  }

  // Damage that can be repaired without a loss is repaired in the target; any other ends it here, unless all is wanted.
  bool judge_layers(const std::vector<UnitResult>& so_far) {
    std::set<ChainId> damaged;
    for (size_t i = 0; i < so_far.size(); ++i) {
      const MigrationUnit& unit = report_.plan.units[report_.copied_units[i]];
      if (unit.chain && so_far[i].loses_data()) {
        damaged.insert(*unit.chain);
      }
      if (const std::string why = unit.chain ? withheld_from(so_far[i]) : ""; !why.empty() && !keeps_going()) {
        return refuse("a layer could not be copied and verified: " + why + "; --keep-going does without that");
      }
    }
    report_.damaged = judge_damaged_layers(*source_, damaged, wish_.jobs, cancel_, progress_);
    size_t lost = 0;
    for (const DamagedLayer& layer : report_.damaged) {
      lost += layer.repairable ? 0 : 1;
    }
    if (lost == 0 || keeps_going()) {
      return true;
    }
    report_.source_is_damaged = true;
    return refuse(counted(lost, "layer") + " of the source " + (lost == 1 ? "is" : "are") +
                  " damaged beyond what a copy can mend; repair the source (docker-fsck --from knows donors), or go on "
                  "with --keep-going");
  }

  // What is not a copy: paths that name the old place, and the tags of chosen images.
  bool write_files() {
    for (const WrittenFile& file : files_) {
      if (!write_file(file.path, file.bytes)) {
        return false;
      }
    }
    for (const SourceRoot& root : source_->roots()) {
      const std::vector<PathMove> changes = moves(root);
      for (const RewriteNeed& need : report_.rewrites) {
        const bool is_here = &source_->around(need.path) == &root;
        if (is_here && !need.changes.empty() && target_.root->stat(need.path) && !rewrite(need, changes)) {
          return false;
        }
      }
    }
    return true;
  }

  bool rewrite(const RewriteNeed& need, const std::vector<PathMove>& changes) {
    constexpr size_t kMaxConfig = 64U << 20;
    const Result<std::string> text = source_->root().read_small(need.path, kMaxConfig);
    const Result<RewrittenFile> rewritten = text ? rewrite_paths(need.kind, *text, changes) : text.error();
    if (!rewritten) {
      return refuse(rewritten.error().message());
    }
    return write_file(need.path, rewritten->bytes);
  }

  bool write_file(const RelPath& path, const std::string& bytes) {
    Result<std::vector<CopyProblem>> written = write_target_file(source_->root(), *target_.root, path, bytes);
    if (!written) {
      return refuse(written.error().message());
    }
    std::vector<CopyProblem>& problems = report_.copied->problems;
    problems.insert(problems.end(), written->begin(), written->end());
    return true;
  }

  // What is not covered was said before anything was copied.
  CheckOptions options_of_target_check() const {
    CheckOptions options{Level::Structure, wish_.jobs, {}, {"layers-not-checked", "containerd-store-not-checked"}};
    if (wish_.choice.without_containerd_store) {
      options.skip.emplace_back("containerd-store-missing");
    }
    return options;
  }

  // The safe repairs, and the check after them. The contents of layers are known by now.
  bool repair_target() {
    progress_.phase = Progress::Phase::Checking;
    CheckOptions options = options_of_target_check();
    options.skip.emplace_back("migration-unfinished");
    if (!report_.damaged.empty()) {
      options.level = Level::Full;
      options.layers.emplace();
      for (const DamagedLayer& layer : report_.damaged) {
        options.layers->insert(layer.layer);
      }
    }
    Result<RootReport> check = repair_root(*target_.root, options, {Mode::Preen, {}}, cancel_, progress_);
    if (!check) {
      return refuse(check.error().message());
    }
    report_.target_check = std::move(*check);
    for (const std::string& obstacle : report_.target_check->repair->obstacles) {
      refuse("the target could not be mended: " + obstacle);
    }
    return report_.obstacles.empty() && !cancel_.requested();
  }

  // What is in the target now, by name.
  bool compare() {
    const Result<void> compared = compare_inventories(*source_, wish_.jobs, cancel_, progress_, report_);
    return (compared || refuse(compared.error().message())) && !cancel_.requested();
  }

  // Nothing is changed in the target.
  void find_complete() {
    report_.copied = std::move(done_before_);
    if (is_live()) {
      report_.end = MigrationReport::End::Live;
      return;
    }
    report_.end = MigrationReport::End::Stopped;
    progress_.phase = Progress::Phase::Checking;
    Result<RootReport> check = check_root(*target_.root, options_of_target_check(), cancel_, progress_);
    if (!check) {
      refuse(check.error().message());
      return;
    }
    report_.target_check = std::move(*check);
    if (!compare()) {
      return;
    }
    if (!report_.target_used.empty()) {
      report_.inventory.gaps.clear();  // it was whole when the migration ended; what a daemon did since is not ours
    }
    report_.end = MigrationReport::End::Done;
  }

  // From here on the target is a root like any other.
  void end() {
    report_.end = MigrationReport::End::Done;
    constexpr int kCorrected = 1;
    const bool whole = has_all_of_plan(report_) && (exit_code(*report_.target_check, Strict::No) & ~kCorrected) == 0;
    const Result<void> ended = end_migration(source_->root(), *target_.root, units_of(report_), written_as(files_),
                                             {whole, report_.copied->problems}, wish_.jobs, cancel_, progress_);
    if (!ended) {
      report_.end = MigrationReport::End::Stopped;
      refuse(ended.error().message());
    }
  }

  const MigrationWish& wish_;
  const Cancel& cancel_;
  Progress& progress_;
  MigrationReport report_;
  std::unique_ptr<const MigrationSource> source_;
  std::optional<DatabaseLocks> source_locks_;
  MigrationTarget target_;
  std::span<const SourceRoot> planned_;  // those of the source that are copied, or that chosen images are of
  std::vector<WrittenFile> files_;
  MigrationResult done_before_;  // by a migration that has ended, if the source is still what it was
};

}  // namespace

MigrationReport plan_migration(const MigrationWish& wish, const Cancel& cancel, Progress& progress) {
  return Migration(wish, cancel, progress).plan();
}

MigrationReport migrate_root(const MigrationWish& wish, const Cancel& cancel, Progress& progress) {
  return Migration(wish, cancel, progress).carry_out();
}

}  // namespace dfsck
