// The check from end to end: which root, open it, check it, say what was found.
#include "cmd/check_cmd.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>

#include "checks/runner.h"
#include "cmd/default_root.h"
#include "cmd/exit_codes.h"
#include "cmd/progress_display.h"
#include "cmd/render.h"
#include "cmd/report_file.h"
#include "cmd/root_label.h"
#include "cmd/safe_text.h"
#include "cmd/signals.h"
#include "cmd/terminal.h"
#include "core/base/escape.h"
#include "core/fs/root.h"

namespace dfsck {
namespace {

Result<DefaultRoot> chosen_root(const Options& options) {
  if (!options.arguments.empty()) {
    return DefaultRoot{options.arguments[0], ""};
  }
  const Result<RootEnvironment> environment = root_environment();
  if (!environment) {
    return environment.error();
  }
  return default_root(*environment);
}

std::string cannot_open(const Error& error, const DefaultRoot& wanted) {
  const std::string path = escaped(wanted.path);
  std::string text = error.is_io(ENOENT)    ? "no such directory: " + path
                     : error.is_io(ENOTDIR) ? "not a directory: " + path
                                            : error.message();
  if (error.is_io(EACCES)) {
    text += "; run it as root";
  }
  if (!wanted.reason.empty()) {
    text += "\n  This root was chosen because " + wanted.reason + ".\n  Another one: docker-fsck DIRECTORY";
  } else if (error.is_io(ENOENT) && wanted.path.find('/') == std::string::npos) {
    text += " (nor is there a command of that name: see docker-fsck --help)";
  }
  return text;
}

double processor_seconds(const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Timing timing_since(std::chrono::steady_clock::time_point start, const Options& options, const Progress& progress) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  Timing timing;
  timing.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  timing.cpu_seconds = processor_seconds(usage);
  timing.peak_memory_bytes = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  timing.bytes_hashed = progress.bytes_done.load();
  timing.jobs = options.jobs;
  return timing;
}

// `path` as a shell would have to be given it.
std::string shell_word(const std::string& path) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./:@%+=,-").find(c) != std::string_view::npos;
  };
  return std::all_of(path.begin(), path.end(), plain) ? path : "'" + safe_text(path) + "'";
}

RenderSettings render_settings(const Options& options) {
  RenderSettings settings;
  settings.detail = options.detail;
  settings.truncate = options.truncate;
  settings.strict = options.strict;
  settings.paint = Paint(paint_for(options.color));
  settings.width = prose_width();
  if (!options.root_label.empty()) {
    settings.root_argument = options.root_label;
  } else if (!options.arguments.empty()) {
    settings.root_argument = shell_word(options.arguments[0]);
  }
  return settings;
}

Result<RootReport> checked(const Root& root, const Options& options, Progress& progress) {
  const CheckOptions check_options{options.level, options.jobs, options.only, options.skip};
  Cancel cancel;
  const SignalGuard signals(cancel);
  const ProgressDisplay display(progress, progress_style(options.progress, options.detail));
  return check_root(root, check_options, cancel, progress);
}

// Renders for the screen, and into the file of --report where there is one.
Output rendered(const RootReport& report, const Options& options, const RenderSettings& settings,
                std::optional<ReportFile>& file) {
  Output output;
  output.exit_code = exit_code(report, settings.strict);
  const std::string json = options.format == Format::Json || file ? render_json(report, settings) : "";
  output.out = options.format == Format::Json ? json : render_text(report, settings);
  if (options.mode_given == ModeGiven::No && options.detail != Detail::Quiet) {
    output.err = "docker-fsck: no mode was given, so this was a --dry-run: nothing was written\n";
  }
  if (file) {
    if (const Result<void> written = file->write(json); !written) {
      output.err += "docker-fsck: " + written.error().message() + "\n";
      output.exit_code |= kExitFailed;
    }
  }
  return output;
}

}  // namespace

Output run_check(const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const Result<DefaultRoot> wanted = chosen_root(options);
  if (!wanted) {
    return failure_output(options.format, wanted.error().message() + "; name the root: docker-fsck DIRECTORY",
                          kExitFailed);
  }
  const Result<Root> root = Root::open(wanted->path);
  if (!root) {
    return failure_output(options.format, cannot_open(root.error(), *wanted), kExitFailed);
  }
  std::optional<ReportFile> file;
  if (!options.report_file.empty()) {
    Result<ReportFile> opened = ReportFile::open(options.report_file, root->path());
    if (!opened) {
      return failure_output(options.format, opened.error().message(), kExitFailed);
    }
    file = *std::move(opened);
  }

  Progress progress;
  Result<RootReport> report = checked(*root, options, progress);
  if (!report) {
    return failure_output(options.format, report.error().message(), kExitFailed);
  }
  if (!options.root_label.empty()) {
    report = with_root_label(*std::move(report), options.root_label);
  }
  RenderSettings settings = render_settings(options);
  if (options.stats == Stats::Yes) {
    settings.timing = timing_since(start, options, progress);
  }
  return rendered(*report, options, settings, file);
}

}  // namespace dfsck
