// From words to images to an archive. The root is only read.
#include "cmd/save_cmd.h"

#include <unistd.h>

#include "checks/liveness.h"
#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/report_file.h"
#include "cmd/process/signals.h"
#include "cmd/render/save.h"
#include "cmd/save_choice.h"
#include "cmd/save_roots.h"
#include "cmd/terminal/progress_display.h"
#include "core/base/errno_class.h"
#include "core/base/escape.h"
#include "core/fs/lies_inside.h"
#include "core/fs/write/output.h"
#include "core/migrate/plan/driver_fit.h"
#include "core/save/container_image.h"

namespace dfsck {
namespace {

Output failed(const Options& options, const std::string& message, int exit_code) {
  return failure_output(options.format, message, exit_code);
}

// Why the archive cannot go where it is to go; empty if nothing speaks against it.
// Asked before anything is read. A terminal would be flooded, and the root must not
// grow by its own images while it is read.
std::string output_problem(const Options& options, const Root& root) {
  if (options.output_file == "-") {
    return ::isatty(STDOUT_FILENO) != 0 ? "an archive is nothing for a terminal: use -o FILE, or a pipe" : "";
  }
  if (options.output_file.empty()) {
    return "";
  }
  const Result<bool> inside = lies_inside(options.output_file, root.path());
  if (!inside) {
    return inside.error().message();
  }
  return *inside ? escaped(options.output_file) + " would lie inside the root, where nothing is written" : "";
}

// A dry run goes through the same code and writes nothing, so that what it says is what a run would do.
SaveRequest save_request(const Options& options) {
  SaveRequest request;
  request.format = options.archive_format;
  request.output = options.output_file == "-" ? "" : options.output_file;
  request.keep_going = options.keep_going == KeepGoing::Yes;
  request.dry_run = options.mode == Mode::DryRun;
  request.jobs = options.jobs;
  return request;
}

// The first thing of the roots that was withheld from us, in words: what is not found may be there. Empty: nothing was.
// An image that is "not there" may be in a directory that could not be read. Then it is 8, and not the user's mistake.
std::string why_withheld(const SaveRoots& roots) {
  for (const SaveRoot& root : roots.all()) {
    for (const ScanFailure& failure : root.model.failures) {
      if (!speaks_of_disk(failure.code)) {
        return "cannot " + failure.op + " " + failure.path.text() + ": " + errno_text(failure.code);
      }
    }
  }
  return "";
}

// Saving from a root in use works: layers do not change. What may be wrong is the list.
std::vector<std::string> warnings_of(const SaveRoots& roots) {
  std::vector<std::string> warnings = roots.failures();
  if (std::string withheld = why_withheld(roots); !withheld.empty()) {
    warnings.push_back(std::move(withheld));
  }
  for (const SaveRoot& root : roots.all()) {
    for (const std::string& evidence : live_evidence(root.model)) {
      warnings.push_back("the root is in use (" + evidence + "): images that are removed meanwhile are missed");
    }
  }
  return warnings;
}

struct SaveFailure {
  std::string message;
  int exit_code = 0;
};

// The layers of any other driver are no directories of files that are known here.
// Only if an image of that root was asked for: another root's driver keeps nobody from saving.
std::optional<SaveFailure> driver_problem(const SaveRoot& root) {
  if (fit_of_driver(root.model.driver).kind == DriverFit::Kind::Covered) {
    return std::nullopt;
  }
  return SaveFailure{
      "layers of the storage driver " + escaped(root.model.driver) + " are not covered; nothing was saved",
      kExitFailed};
}

// Fill the catalogue. They give what speaks against it.
std::optional<SaveFailure> choose_what_to_save(const Options& options, const std::vector<SaveRoot>& roots,
                                               SaveCatalogue& catalogue) {
  const auto chosen = options.save_all == SaveAll::Yes ? every_image(roots) : chosen_images(roots, options.arguments);
  if (const auto* error = std::get_if<ChoiceError>(&chosen)) {
    return SaveFailure{error->message, kExitUsage};
  }
  for (const ChosenImage& image : std::get<std::vector<ChosenImage>>(chosen)) {
    if (std::optional<SaveFailure> problem = driver_problem(roots[image.root]); problem) {
      return problem;
    }
    catalogue.add_image(image);
  }
  if (catalogue.images().empty()) {
    return SaveFailure{"there are no images in " + escaped(roots.front().root.path()), kExitUsage};
  }
  return std::nullopt;
}

std::optional<SaveFailure> choose_container(const Options& options, const std::vector<SaveRoot>& roots,
                                            SaveCatalogue& catalogue, const Cancel& cancel, Progress& progress) {
  const std::optional<ImageName> name = new_image_name(options.tag);
  if (!options.tag.empty() && !name) {
    return SaveFailure{"--tag " + escaped_excerpt(options.tag, 200) + ": is no name for an image", kExitUsage};
  }
  const auto chosen = chosen_container(roots, options.container);
  if (const auto* error = std::get_if<ChoiceError>(&chosen)) {
    return SaveFailure{error->message, kExitUsage};
  }
  const auto& container = std::get<ChosenContainer>(chosen);
  if (std::optional<SaveFailure> problem = driver_problem(roots[container.root]); problem) {
    return problem;
  }
  progress.phase = Progress::Phase::Content;
  const Result<void> added =
      add_container(catalogue, roots[container.root], container.root, container.id, name, cancel, progress);
  if (!added) {
    // 4 as for images with damaged layers: there is a container, and it cannot be saved as it is.
    const bool is_damage = added.error().kind == Error::Kind::Format;
    return SaveFailure{added.error().message(), cancel.requested() ? kExitCancelled
                                                : is_damage        ? kExitProblemsLeft
                                                                   : kExitFailed};
  }
  return std::nullopt;
}

Output rendered(const Options& options, const SaveReport& report, const SaveCatalogue& catalogue,
                std::optional<ReportFile>& file) {
  Output output;
  output.exit_code = report.exit_code;
  const std::string json = options.format == Format::Json || file ? render_save_json(report, catalogue) : "";
  std::string text = options.format == Format::Json ? json : render_save_text(report, catalogue, options);
  // Standard output may be where the archive has gone.
  // Then the report goes to standard error, since one byte more would spoil the archive.
  (options.output_file == "-" && !report.dry_run ? output.err : output.out) = std::move(text);
  if (const Result<void> written = file ? file->write(json) : Result<void>(); !written) {
    output.err += "docker-fsck: " + written.error().message() + "\n";
    output.exit_code |= kExitFailed;
  }
  return output;
}

}  // namespace

Output run_save(const Options& options) {
  const OpenedRoot opened = open_root_option(options, "docker-fsck save --root DIRECTORY -o FILE IMAGE...");
  if (!opened.root) {
    return failed(options, opened.failure, kExitFailed);
  }
  const Root& root = *opened.root;
  if (const std::string problem = output_problem(options, root); !problem.empty()) {
    return failed(options, problem, kExitUsage);
  }
  // Open before the long part, as with a check.
  std::optional<ReportFile> file;
  if (!options.report_file.empty()) {
    Result<ReportFile> report_file = ReportFile::open(options.report_file, {root.path()});
    if (!report_file) {
      return failed(options, report_file.error().message(), kExitFailed);
    }
    file = std::move(*report_file);
  }
  Cancel cancel;
  const SignalGuard signals(cancel);
  Progress progress;
  std::optional<ProgressDisplay> display(std::in_place, progress, progress_style(options.progress, options.detail));
  const Result<SaveRoots> roots = SaveRoots::read(root, options.jobs, cancel, progress);
  if (!roots) {
    return failed(options, roots.error().message(), kExitFailed);
  }
  const std::vector<SaveRoot> all = roots->all();
  SaveCatalogue catalogue(all);
  const std::optional<SaveFailure> wrong = options.container.empty()
                                               ? choose_what_to_save(options, all, catalogue)
                                               : choose_container(options, all, catalogue, cancel, progress);
  const std::string withheld = why_withheld(*roots);
  if (wrong) {
    return withheld.empty() ? failed(options, wrong->message, wrong->exit_code)
                            : failed(options, withheld + "; " + wrong->message, kExitFailed);
  }
  const Result<SaveResult> saved = save_images(catalogue, save_request(options), cancel, progress);
  // It would write between the lines of what follows.
  display.reset();
  if (!saved) {
    const bool cancelled = saved.error().kind == Error::Kind::Cancelled;
    return failed(options, cancelled ? "cancelled; nothing was saved" : saved.error().message() + "; nothing was saved",
                  cancelled ? kExitCancelled : kExitFailed);
  }
  SaveReport report{root.path(),
                    options.output_file,
                    options.archive_format,
                    options.mode == Mode::DryRun,
                    warnings_of(*roots),
                    *saved,
                    0};
  // 4 says that damaged images are missing. With something withheld it is 12:
  // whether they are damaged is not known then.
  report.exit_code = saved->complete ? kExitClean : kExitProblemsLeft | (withheld.empty() ? 0 : kExitFailed);
  return rendered(options, report, catalogue, file);
}

}  // namespace dfsck
