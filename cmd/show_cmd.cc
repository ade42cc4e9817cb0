// docker-fsck show: what something is, what hangs on it, and whether anything is wrong with it. Never writes.
#include "cmd/show_cmd.h"

#include "cmd/open_root.h"
#include "cmd/options/exit_codes.h"
#include "cmd/process/signals.h"
#include "cmd/show/describe.h"
#include "cmd/show/roots.h"
#include "cmd/show/state.h"
#include "cmd/terminal/progress_display.h"
#include "cmd/terminal/terminal.h"
#include "core/base/escape.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr size_t kShownCandidates = 20;

// In JSON with the candidates, so that a program can choose one and ask again.
Output failed(const Options& options, const std::string& message, const std::vector<ShownCandidate>& candidates,
              int exit_code) {
  Output output;
  output.exit_code = exit_code;
  output.err = "docker-fsck: " + message + "\n";
  if (options.format == Format::Json) {
    output.out = render_show_error(message, candidates, exit_code);
  }
  return output;
}

// Each as a whole command: the way out of a name that means two things is to copy a line.
Output ambiguous(const Options& options, const std::string& what, const ShowRoots& roots,
                 const std::vector<ShowRoots::Found>& found) {
  std::string message = escaped_excerpt(what, 200) + " may mean " + counted(found.size(), "thing") + ":";
  const std::string root_option = options.root.empty() ? "" : "--root " + shell_word(options.root) + " ";
  std::vector<ShownCandidate> candidates;
  for (const ShowRoots::Found& one : found) {
    candidates.push_back(roots.candidate(one));
    if (candidates.size() <= kShownCandidates) {
      message +=
          "\n  " + candidates.back().words + ": docker-fsck show " + root_option + shell_word(candidates.back().handle);
    }
  }
  if (candidates.size() > kShownCandidates) {
    message += "\n  and " + std::to_string(candidates.size() - kShownCandidates) + " more";
  }
  return failed(options, message, candidates, kExitUsage);
}

// The structure is looked at in any case. What lies in a layer is compared with what tar-split says of it.
// Contents are read on demand only: show is asked for in the middle of something else.
Level level_for(const Options& options, const Target& target) {
  return options.level.value_or(target.kind == Target::Kind::LayerFile ? Level::Quick : Level::Structure);
}

// As those of a check, so that a finding looks the same in both.
RenderSettings settings_for(const Options& options) {
  RenderSettings settings;
  settings.detail = options.detail;
  settings.truncate = options.truncate;
  settings.strict = options.strict;
  settings.paint = Paint(paint_for(options.color));
  settings.width = prose_width();
  settings.root_argument = options.root.empty() ? "" : shell_word(options.root);
  return settings;
}

// What could not be read goes to standard error, so that it is seen beside a document too.
Output rendered(Shown shown, const Options& options) {
  Output output;
  output.exit_code = shown.exit_code;
  output.out =
      options.format == Format::Json ? render_show_json(shown) : render_show_text(shown, settings_for(options));
  for (const std::string& failure : shown.failures) {
    output.err += "docker-fsck: " + failure + "\n";
  }
  return output;
}

// A list of what there is, with one line on the state: the inventory of a broken
// root is what somebody wants to see first.
Output show_inventory(const Options& options, const Root& root, const ShowRoots& roots) {
  const LookedAt& first = roots.all().front();
  Shown shown;
  shown.root = root.path();
  shown.description = describe_inventory(first.view());
  shown.state = show_state(first.view(), first.look.report(), std::nullopt);
  shown.failures = first.look.report().failures;
  shown.exit_code = exit_code(first.look.report(), options.strict);
  for (size_t i = 1; i < roots.all().size(); ++i) {
    const LookedAt& below = roots.all()[i];
    const ShownState state = show_state(below.view(), below.look.report(), std::nullopt);
    shown.below.push_back(describe_inventory(below.view()));
    shown.state.other_errors += state.other_errors;
    shown.state.other_warnings += state.other_warnings;
    shown.failures.insert(shown.failures.end(), below.look.report().failures.begin(),
                          below.look.report().failures.end());
    // Parts of codes are bits, so roots below are added to the first.
    shown.exit_code |= exit_code(below.look.report(), options.strict);
  }
  shown.failures.insert(shown.failures.end(), roots.failures().begin(), roots.failures().end());
  shown.exit_code |= roots.failures().empty() ? 0 : kExitFailed;
  return rendered(std::move(shown), options);
}

Output show_target(const Options& options, const Root& root, const LookedAt& looked, const Target& target,
                   const Cancel& cancel, Progress& progress) {
  const Result<Description> description = describe_target(looked.view(), target, cancel);
  if (!description) {
    // A path below a layer that is nowhere: the user has named something that does not exist.
    const bool unknown = description.error().kind == Error::Kind::Format;
    return failed(options, description.error().message(), {}, unknown ? kExitUsage : kExitFailed);
  }
  Shown shown;
  shown.root = root.path();
  shown.what = escaped(options.arguments[0]);
  shown.description = *description;
  RootReport report = looked.look.report();
  const Level level = level_for(options, target);
  // A second look that reads the files of these layers alone, with the same checks as any other.
  if (std::set<ChainId> layers = layers_of(looked.view(), target); level != Level::Structure && !layers.empty()) {
    CheckOptions deeper{level, options.jobs, {}, {}, nullptr, std::move(layers)};
    const Result<Examination> look = Examination::make(looked.root, deeper, OwnRepair{}, cancel, progress);
    if (!look) {
      return failed(options, look.error().message(), {}, kExitFailed);
    }
    report = look->report();
  }
  shown.state = show_state(looked.view(), report, target);
  shown.failures = report.failures;
  // Of this thing: whatever else is wrong in the root is told and does not count.
  shown.exit_code = exit_code(shown.state.report, options.strict);
  return rendered(std::move(shown), options);
}

}  // namespace

Output run_show(const Options& options) {
  const OpenedRoot opened = open_root_option(options, "docker-fsck show --root DIRECTORY [WHAT]");
  if (!opened.root) {
    return failed(options, opened.failure, {}, kExitFailed);
  }
  const Root& root = *opened.root;
  Cancel cancel;
  const SignalGuard signals(cancel);
  Progress progress;
  const ProgressDisplay display(progress, progress_style(options.progress, options.detail));
  // Structure of the whole root, whatever was asked for: what hangs on a thing can be anywhere.
  const CheckOptions structure{Level::Structure, options.jobs, {}, {}, nullptr, {}};
  const Result<ShowRoots> roots = ShowRoots::look(root, structure, cancel, progress);
  if (!roots) {
    return failed(options, roots.error().message(), {}, kExitFailed);
  }
  if (cancel.requested()) {
    return failed(options, "cancelled", {}, kExitCancelled);
  }
  const std::string what = options.arguments.empty() ? "" : options.arguments[0];
  // A path to the root itself is the root, by whatever links it is reached.
  if (options.arguments.empty() || (!what.empty() && roots->names_root(what))) {
    return show_inventory(options, root, *roots);
  }
  const std::vector<ShowRoots::Found> found = roots->find(what);
  if (found.empty()) {
    return failed(options, what.empty() ? "show what? An empty name means nothing" : roots->unknown(what), {},
                  kExitUsage);
  }
  if (found.size() > 1) {
    return ambiguous(options, what, *roots, found);
  }
  return show_target(options, root, roots->all()[found.front().root], found.front().target, cancel, progress);
}

}  // namespace dfsck
