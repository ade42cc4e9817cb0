// From the options to a migration, to daemon.json, to a report.
#include "cmd/migrate_cmd.h"

#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/report_file.h"
#include "cmd/process/signals.h"
#include "cmd/render/migration/migration.h"
#include "cmd/terminal/progress_display.h"
#include "cmd/terminal/terminal.h"
#include "core/base/escape.h"
#include "core/fs/host.h"
#include "core/model/records/mount_table.h"
#include "core/model/scan/host_facts.h"

namespace dfsck {
namespace {

MigrationWish wish_of(const Options& options) {
  MigrationWish wish = options.migration;
  wish.source = options.arguments[0];
  wish.target = options.arguments[1];
  wish.jobs = options.jobs;
  wish.on_damage =
      options.keep_going == KeepGoing::Yes ? MigrationWish::OnDamage::KeepGoing : MigrationWish::OnDamage::Stop;
  return wish;
}

// The mount point that the path lies below.
// For the next steps: a daemon that starts before the disk is mounted makes a second, empty root below
// the mount point, and all seems to be lost.
std::string mount_point_of(const std::string& path, const HostSnapshot& host) {
  const std::vector<MountEntry> mounts = parse_mountinfo(host.mountinfo);
  const MountEntry* mount = mount_holding(mounts, path);
  return mount != nullptr ? mount->point : "/";
}

std::vector<std::string> what_comes_next(const MigrationReport& report, const Options& options,
                                         const std::optional<SwitchOutcome>& switched) {
  // A target that was used since is where the daemon is by now.
  // There is nothing to type next after a refusal but what the refusal says.
  const bool is_over = report.end == MigrationReport::End::Done || report.end == MigrationReport::End::Live;
  if (!is_over || !report.target_used.empty()) {
    return {};
  }
  const HostSnapshot host = read_host();
  NextStepFacts facts;
  facts.old_root = report.source;
  facts.new_root = report.end == MigrationReport::End::Live ? report.target : report.final_path;
  facts.config = options.daemon_config.empty() ? kDaemonConfig : options.daemon_config;
  facts.switched = switched ? switched->done : std::nullopt;
  facts.selinux = host.selinux_enabled;
  facts.mount_point = mount_point_of(report.final_path, host);
  facts.on_command_line = command_line_roots();
  // Only then do the steps speak of removing the old root at the end.
  facts.is_whole = report.is_whole() && !has_failed(*report.target_check);
  facts.in_memory = report.probe && lies_in_memory(report.probe->filesystem);
  for (const PlannedBoundary& boundary : report.plan.boundaries) {
    if (boundary.elsewhere) {
      facts.elsewhere.push_back(report.source + "/" + boundary.path.text());
    }
  }
  facts.live_only = report.end == MigrationReport::End::Live;
  return next_steps(facts);
}

// Only to a target that is whole, or that the user takes with damage that is in the source as well.
// A daemon that starts on a target with gaps makes what it can without them: it drops records of volumes
// that have no directory, and users make their containers anew. Hence the refusal, even with --keep-going.
std::optional<SwitchOutcome> switched_daemon(const MigrationReport& report, const Options& options) {
  if (options.switch_daemon == Switch::No || report.end != MigrationReport::End::Done) {
    return std::nullopt;
  }
  SwitchOutcome outcome;
  if (!report.inventory.gaps.empty()) {
    outcome.failure = "the target lacks things that the source has, so the daemon was not switched to it";
    return outcome;
  }
  if ((exit_code(report) & ~kExitCorrected) != 0 && options.keep_going == KeepGoing::No) {
    outcome.failure =
        "the target is not whole, so the daemon was not switched to it; --keep-going does that all the same";
    return outcome;
  }
  Result<SwitchedConfig> done =
      switch_data_root(options.daemon_config.empty() ? kDaemonConfig : options.daemon_config, report.final_path);
  if (done) {
    outcome.done = std::move(*done);
  } else {
    outcome.failure = done.error().message();
  }
  return outcome;
}

// daemon.json is changed here, after the migration has ended and before the text that says whether it was.
Output rendered(const MigrationReport& report, const Options& options, std::optional<ReportFile>& file) {
  MigrationView view{report, switched_daemon(report, options), {}, exit_code(report)};
  view.next = what_comes_next(report, options, view.switched);
  // The data is there, but the daemon still uses the old root: a script that starts it next must not go on.
  if (view.switched && !view.switched->failure.empty()) {
    view.exit_code = (view.exit_code & ~kExitCorrected) | kExitFailed;
  }
  RenderSettings settings;
  settings.detail = options.detail;
  settings.truncate = options.truncate;
  settings.paint = Paint(paint_for(options.color));
  settings.width = prose_width();
  Output output;
  output.exit_code = view.exit_code;
  const std::string json = options.format == Format::Json || file ? render_migration_json(view) : "";
  output.out = options.format == Format::Json ? json : render_migration_text(view, settings);
  if (const Result<void> written = file ? file->write(json) : Result<void>(); !written) {
    output.err += "docker-fsck: " + written.error().message() + "\n";
    output.exit_code |= kExitFailed;
  }
  return output;
}

}  // namespace

Output run_migrate(const Options& options) {
  const MigrationWish wish = wish_of(options);
  std::optional<ReportFile> file;
  if (!options.report_file.empty()) {
    Result<ReportFile> opened = ReportFile::open(options.report_file, {wish.source, wish.target});
    if (!opened) {
      return failure_output(options.format, opened.error().message(), kExitFailed);
    }
    file = *std::move(opened);
  }
  if (options.switch_daemon == Switch::Yes) {
    // Asked before hours of copying. dockerd refuses to start where a setting is both in the file and
    // on its command line, so the switch would take the daemon down.
    if (const std::vector<CommandLineRoot> elsewhere = command_line_roots(); !elsewhere.empty()) {
      return failure_output(options.format,
                            "nothing was done: --switch sets data-root in daemon.json, but " +
                                escaped(elsewhere.front().file) + " gives the daemon " + elsewhere.front().option +
                                ", and it does not start with both",
                            kExitFailed);
    }
  }
  Cancel cancel;
  Progress progress;
  std::optional<MigrationReport> report;
  {
    // For the copy alone: what follows is quick and should not be cut in half.
    const SignalGuard signals(cancel);
    const ProgressDisplay display(progress, progress_style(options.progress, options.detail));
    report =
        options.mode == Mode::DryRun ? plan_migration(wish, cancel, progress) : migrate_root(wish, cancel, progress);
  }
  return rendered(*report, options, file);
}

}  // namespace dfsck
