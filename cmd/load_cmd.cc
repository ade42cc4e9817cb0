// Opens the archive, looks at the root, loads.
#include "cmd/load_cmd.h"

#include <cerrno>

#include "checks/obstacles.h"
#include "cmd/load_report.h"
#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/signals.h"
#include "cmd/process/spool.h"
#include "cmd/terminal/progress_display.h"
#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/fs/write/new_root.h"
#include "core/load/run.h"

namespace dfsck {
namespace {

constexpr std::string_view kStandardInput = "-";

// A failure before anything was changed for good.
struct LoadFailure {
  std::string message;
  int exit_code = kExitFailed;
};

int exit_code_of(const Error& error) { return error.kind == Error::Kind::Cancelled ? kExitCancelled : kExitFailed; }

// True for everything up to the moment when the run begins: looking and planning write nothing.
LoadFailure failure_of(const Error& error) { return {error.message() + "; nothing was changed", exit_code_of(error)}; }

// While one of them lives, signals cancel and progress is shown.
// Members in this order: the display is the first to go, since it reads the progress.
struct Watch {
  Watch(const Options& options, Cancel& cancel)
      : signals(cancel), display(progress, progress_style(options.progress, options.detail)) {}

  SignalGuard signals;
  Progress progress;
  ProgressDisplay display;
};

// An archive is read in several passes, over its index and then over its layers, and a pipe can be read
// once. So standard input is kept in a file without a name first, unless it is a file already.
Result<LoadArchive> open_archive(const Options& options, const Cancel& cancel) {
  DonorOptions how;
  how.jobs = options.jobs;
  if (options.input != kStandardInput) {
    ASSIGN_OR_RETURN(Donor donor, open_donor(options.input, cancel, how));
    return judge_archive(std::move(donor));
  }
  ASSIGN_OR_RETURN(Fd input, spooled_input(cancel));
  ASSIGN_OR_RETURN(Donor donor, open_donor(std::move(input), "standard input", cancel, how));
  return judge_archive(std::move(donor));
}

// One load, from its options to its output.
class Loading {
 public:
  explicit Loading(const Options& options) : options_(options) {}

  Output run() {
    if (std::optional<LoadFailure> failed = look(); failed) {
      return failure_output(options_.format, failed->message, failed->exit_code);
    }
    if (options_.mode == Mode::DryRun || work_->changes_nothing()) {
      return without_change();
    }
    return load();
  }

 private:
  // Everything that can be known without reading layers.
  // The root before the archive: it is the cheaper of the two, and what stands against
  // changing it makes the archive pointless.
  std::optional<LoadFailure> look() {
    Watch watch(options_, cancel_);
    OpenedRoot opened = open_root_option(options_, "docker-fsck load --root DIRECTORY -i FILE");
    if (!opened.root && !opened.is_missing) {
      return LoadFailure{opened.failure};
    }
    report_.root = opened.root ? opened.root->path() : opened.path;
    root_ = std::move(opened.root);
    report_.archive = options_.input;
    Result<LoadTarget> target = root_ ? read_load_target(*root_, options_.jobs, cancel_, watch.progress) : LoadTarget();
    if (!target) {
      return failure_of(target.error());
    }
    const std::vector<std::string> obstacles =
        target->model ? repair_obstacles(*target->model) : std::vector<std::string>();
    // A dry run is welcome on a root in use: it changes nothing, and says what would be done.
    if (!obstacles.empty() && options_.mode != Mode::DryRun) {
      return LoadFailure{"nothing was changed: " + obstacles.front()};
    }
    target_ = std::move(*target);
    Result<LoadArchive> archive = open_archive(options_, cancel_);
    if (!archive) {
      return failure_of(archive.error());
    }
    archive_ = std::move(*archive);
    // Which layers are new is known before the first is read: no more than these is made.
    Result<LoadWork> work = plan_load(*archive_, target_);
    if (!work) {
      return failure_of(work.error());
    }
    work_ = std::move(*work);
    return std::nullopt;
  }

  // The layers are read all the same, as if they were unpacked: that an archive is whole, and how
  // large it is, is what a dry run is asked for.
  Output without_change() {
    Watch watch(options_, cancel_);
    Result<std::vector<UnpackedLayer>> layers = inspect_load(*archive_, *work_, options_.jobs, cancel_, watch.progress);
    if (!layers) {
      const LoadFailure failed = failure_of(layers.error());
      return failure_output(options_.format, failed.message, failed.exit_code);
    }
    report_.layers = std::move(*layers);
    return load_output(options_, *archive_, *work_, report_);
  }

  Output load() {
    Watch watch(options_, cancel_);
    std::optional<NewRoot> made;
    // Made as late as this, when the archive is known to be good. A load that fails takes the
    // directory away again if it is still empty.
    if (!root_) {
      Result<NewRoot> root = NewRoot::make(report_.root);
      if (!root) {
        const LoadFailure failed = failure_of(root.error());
        return failure_output(options_.format, failed.message, failed.exit_code);
      }
      made.emplace(std::move(*root));
    }
    const Root& root = made ? made->root() : *root_;
    Result<LoadResult> loaded = load_images(root, *archive_, target_, *work_, options_.jobs, cancel_, watch.progress);
    if (!loaded) {
      return failure_output(options_.format, loaded.error().message(), exit_code_of(loaded.error()));
    }
    if (made) {
      made->keep();
    }
    report_.run = loaded->run;
    report_.layers = std::move(loaded->layers);
    return load_output(options_, *archive_, *work_, report_);
  }

  const Options& options_;
  Cancel cancel_;
  std::optional<Root> root_;  // nothing: it does not exist yet
  LoadTarget target_;
  std::optional<LoadArchive> archive_;
  std::optional<LoadWork> work_;
  LoadReport report_;
};

}  // namespace

Output run_load(const Options& options) { return Loading(options).run(); }

}  // namespace dfsck
