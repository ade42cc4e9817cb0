// A migration for a tired person: what stands against it, what went where, what is left out, what to type next.
#include "cmd/render/migration/migration.h"

#include "cmd/options/exit_codes.h"
#include "cmd/render/migration/plan.h"
#include "cmd/render/migration/sums.h"
#include "cmd/render/safe_text.h"
#include "cmd/render/text_failures.h"
#include "cmd/render/text_findings.h"
#include "cmd/render/text_repair.h"
#include "cmd/render/text_section.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

class MigrationText {
 public:
  MigrationText(const MigrationView& view, const RenderSettings& settings)
      : view_(view), report_(view.report), settings_(settings) {}

  // What is wrong stands right above the summary, where a screen that has scrolled still shows it.
  // --quiet leaves out what the plan says and none of what went wrong.
  std::string text() {
    if (settings_.detail != Detail::Quiet) {
      title();
      target();
      if (report_.space) {
        out_ += render_migration_plan(report_, settings_);
      }
    }
    missed();
    damaged();
    problems();
    repaired();
    obstacles();
    summary();
    return std::move(out_);
  }

 private:
  bool verbose() const { return settings_.detail == Detail::Verbose; }

  void section(const std::string& heading, const std::vector<std::string>& lines) {
    out_ += text_section(heading, lines, settings_);
  }

  // With what was typed: a log shows which migration it was, and a dry run says so in its first line.
  void title() {
    const MigrationWish& wish = report_.wish;
    out_ += settings_.paint.bold(std::string("docker-fsck ") + DFSCK_VERSION + ": migrate " + safe_text(wish.source) +
                                 " to " + safe_text(wish.target)) +
            (report_.end == MigrationReport::End::Planned ? ", dry run: nothing is written" : "") + "\n";
    if (!report_.final_path.empty() && report_.final_path != report_.target) {
      out_ += "it will be used as " + safe_text(report_.final_path) + "\n";
    }
    if (wish.when == MigrationWish::When::Live) {
      out_ += "live: only what no daemon changes is copied\n";
    }
  }

  // A capability that is there is of no interest; what the filesystem cannot
  // keep has to be seen before the copy is made.
  void target() {
    if (!report_.probe) {
      return;
    }
    std::vector<std::string> lines;
    // A dry run writes nothing, also not to try whether it could.
    size_t untested = 0;
    for (const Capability& capability : report_.probe->capabilities) {
      untested += capability.verdict == Capability::Verdict::NotTested ? 1 : 0;
      const bool interesting = capability.verdict == Capability::Verdict::Fatal ||
                               capability.verdict == Capability::Verdict::Warning || verbose();
      if (interesting) {
        lines.push_back(std::string(capability.name) + ": " + std::string(capability_verdict_name(capability.verdict)) +
                        (capability.detail.empty() ? "" : ": " + capability.detail));
      }
    }
    out_ += "target: " + report_.probe->filesystem + (report_.target_exists ? "" : ", the directory is to be made") +
            ", " + (report_.probe->able() ? "able to hold a Docker root" : "not able to hold a Docker root") +
            (untested > 0 ? " as far as can be told without writing to it" : "") + "\n";
    for (const std::string& line : lines) {
      out_ += "  " + shown_text(line, settings_.truncate) + "\n";
    }
    if (report_.space) {
      const SpaceVerdict& space = *report_.space;
      out_ += "room: " + human_bytes(space.need_bytes) + " and " + counted(space.need_inodes, "inode") +
              " are needed at most, " + human_bytes(space.free_bytes) +
              (space.free_inodes ? " and " + counted(*space.free_inodes, "inode") : "") + " are free\n";
    }
  }

  // What the plan does not have, because it came while the copy was made.
  // A mount that came while the copy was made is in no plan, so that nobody has agreed to its absence.
  void missed() {
    std::vector<std::string> lines;
    for (const OmittedEntry& left : sockets_and_mounts(report_)) {
      lines.push_back(escaped(left.path) +
                      (left.kind == OmittedEntry::Kind::Socket ? ": a socket" : ": mounted there"));
    }
    section("left out besides, because it was not there at first", lines);
  }

  // Two very different things in one list, so each line says which: what is repaired on the way, and
  // what will be as broken there as it is here.
  void damaged() {
    std::vector<std::string> lines;
    for (const DamagedLayer& layer : report_.damaged) {
      const std::string images = joined(layer.images, ", ");
      lines.push_back("layer " + layer.layer.text() + (images.empty() ? "" : " (" + images + ")") +
                      (layer.repairable ? ": is mended in the target" : ": CANNOT be mended from what the root has"));
      for (const std::string& finding : layer.findings) {
        lines.push_back("  " + finding);
      }
      if (layer.more > 0) {
        lines.push_back("  and " + std::to_string(layer.more) + " more");
      }
    }
    section(settings_.paint.red("DAMAGED LAYERS OF THE SOURCE"), lines);
  }

  // Files that could not be copied as they are, each with what could not be kept of it.
  void problems() {
    std::vector<std::string> lines;
    for (const CopyProblem* problem : copy_problems(report_)) {
      lines.push_back(escaped(problem->path) + ": " + problem->detail);
    }
    section(settings_.paint.red("NOT COPIED AS IT IS"), lines);
  }

  // The target's own check, in the words of every check, so that its codes can be looked up.
  void repaired() {
    if (!report_.target_check) {
      return;
    }
    unread(*report_.target_check);
    out_ += render_repair(*report_.target_check, settings_);
    const RootReport& now = report_.target_check->now();
    const std::string findings = render_findings(now, finding_tree(now), settings_);
    out_ += findings.empty() ? "" : "\n" + settings_.paint.bold("LEFT IN THE TARGET") + ":" + findings;
  }

  // Of the target. What it has is not vouched for then.
  void unread(const RootReport& check) {
    out_ += render_failures(check, " IN THE TARGET", settings_);
    for (const RootReport& below : check.below) {
      unread(below);
    }
  }

  // A stopped migration is half there and goes on with the same command; a refused one has written
  // nothing. The headings must not be mistaken for one another.
  void obstacles() {
    const bool stopped = report_.end == MigrationReport::End::Stopped;
    section(settings_.paint.red(stopped ? "STOPPED, AND CAN GO ON" : "NOTHING WAS COPIED"), report_.obstacles);
    section("what works instead", report_.advice);
    if (view_.switched && !view_.switched->failure.empty()) {
      section(settings_.paint.red("THE DAEMON WAS NOT SWITCHED"), {view_.switched->failure});
    }
  }

  // Of a migration that had ended before.
  // A target that a daemon has used since is ahead of the source: to bring it
  // up to date would take from it what is new.
  // "Nothing was copied" in so many words: it is the answer to the question why it took no time.
  void complete() {
    if (!report_.is_complete) {
      return;
    }
    out_ += "complete: the source is as it was when its migration to this target ended; nothing " +
            std::string(report_.end == MigrationReport::End::Planned ? "would be" : "was") + " copied\n";
    if (!report_.target_used.empty()) {
      out_ += "the target was used since (" + joined(report_.target_used, ", ") + " changed): it is left as it is\n";
    }
  }

  void summary() {
    const MigrationSums sums = migration_sums(report_);
    out_ += "\n";
    complete();
    if (report_.copied) {
      out_ += "copied: " + counted(sums.files, "file") + ", " + human_bytes(sums.bytes) + " in this run" +
              (sums.units_done > 0 ? "; " + counted(sums.units_done, "part") + " of " + std::to_string(sums.units) +
                                         " were there already"
                                   : "") +
              "\n";
      verified(sums);
      compared();
    }
    if (report_.cancelled) {
      // What was copied stays and counts: the state of the migration is in the target.
      out_ += settings_.paint.red("CANCELLED") + ": the same command goes on where it was\n";
    }
    if (settings_.detail != Detail::Quiet) {
      out_ += "exit code " + exit_code_meaning(view_.exit_code) + "\n";
    }
    // At the very end, where the cursor is: these lines are what is typed next.
    if (!view_.next.empty()) {
      out_ += "\nnext:\n";
      for (const std::string& line : view_.next) {
        out_ += "  " + safe_text(line) + "\n";
      }
    }
  }

  // Of layers only: volumes and writable layers have nothing that they could be compared with.
  void verified(const MigrationSums& sums) {
    if (report_.wish.verify != CopyVerify::None) {
      out_ +=
          "verified: " + counted(sums.layers_verified, "layer") + " of " + std::to_string(sums.layers) +
          " proven by their digests" +
          (report_.unverified_drivers.empty() ? "" : "; layers of " + report_.unverified_drivers.front() + " are not") +
          "\n";
    }
  }

  // The target as it was found after all was done.
  // Read from the target again and not added up from what was copied: that is the only count which
  // a copy that went wrong cannot have right.
  void compared() {
    const InventoryComparison& inventory = report_.inventory;
    if (!inventory.target) {
      return;
    }
    out_ += "found in the target: " + joined(inventory_lines(*inventory.target), "; ") + "\n";
    std::vector<std::string> lines;
    for (const InventoryGap& gap : inventory.gaps) {
      lines.push_back(std::string(inventory_kind_name(gap.kind)) + " " + gap.name + ": " + gap.detail);
    }
    section(settings_.paint.red("THE TARGET LACKS"), lines);
    out_ += lines.empty() ? "" : "\n";
  }

  const MigrationView& view_;
  const MigrationReport& report_;
  const RenderSettings& settings_;
  std::string out_;
};

}  // namespace

std::string render_migration_text(const MigrationView& view, const RenderSettings& settings) {
  return MigrationText(view, settings).text();
}

}  // namespace dfsck
