// The stamp of the last run, this boot, and the signs of a crash.
#include "cmd/check_due.h"

#include "checks/root/crash_signs.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"
#include "core/journal/run/stamp.h"

namespace dfsck {
namespace {

// A scan without derived truth and contents. It costs little against a check, and sees what no stamp
// can: what was running when the power went away.
std::string crash_in(const Root& root, unsigned jobs) {
  const Cancel cancel;
  Progress progress;
  const Result<Model> model = scan(root, jobs, cancel, progress);
  if (!model) {
    return "the root could not be read: " + model.error().message();
  }
  if (std::vector<std::string> signs = crash_signs(*model); !signs.empty()) {
    return signs.front();
  }
  for (const std::string& name : model->entries.remapped_roots) {
    const Result<Root> inner = root.open_below(*RelPath::parse(name));
    if (const std::string reason = inner ? crash_in(*inner, jobs) : inner.error().message(); !reason.empty()) {
      return reason;
    }
  }
  return "";
}

}  // namespace

// In the order of what it costs to know: the stamp is one file, the boot another, signs of a crash need a
// scan. Where one is in doubt, a check is due: the mark saves time, and is never trusted against evidence.
CheckDue check_due(const Root& root, unsigned jobs) {
  const Result<std::optional<Stamp>> stamp = read_stamp(root);
  if (!stamp || !*stamp) {
    return {"no run has ended clean yet", ""};
  }
  const Stamp& last = **stamp;
  if (last.verdict != Stamp::Verdict::Clean) {
    return {"the last run left errors", ""};
  }
  // A boot may follow a power loss that left no sign in the root: files of layers are not synced, so
  // they can be empty while everything that speaks of them is whole.
  const std::string boot = current_boot_id();
  if (boot.empty() || last.boot_id != boot) {
    return {"the machine was booted since the last run", ""};
  }
  return {crash_in(root, jobs), last.finished};
}

// Exit code 0 and a document of the usual schema: a unit that runs at each boot need not tell the two apart.
Output render_not_due(const CheckDue& due, const std::string& root, const Options& options) {
  const std::string& name = options.root_label.empty() ? root : options.root_label;
  const std::string reason = "it was clean at " + due.last_clean + ", and there was no crash and no boot since";
  Output output;
  if (options.format == Format::Json) {
    JsonWriter json;
    json.object();
    json.key("schema").text("docker-fsck/report/1");
    json.key("version").text(DFSCK_VERSION);
    json.key("root").text(name);
    // In place of findings, so that nobody takes an empty list of them for a check that found nothing.
    json.key("not_checked").text(reason);
    json.key("exit_code").number(0);
    json.end_object();
    output.out = json.take();
  } else if (options.detail != Detail::Quiet) {
    output.out = "docker-fsck: " + safe_text(name) + " is not checked: " + reason + "\n";
  }
  return output;
}

}  // namespace dfsck
