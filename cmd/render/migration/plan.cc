// First what nobody makes anew, then what travels, then the rest.
#include "cmd/render/migration/plan.h"

#include "checks/migration/missed.h"
#include "cmd/render/migration/sums.h"
#include "cmd/render/text_section.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

class PlanText {
 public:
  PlanText(const MigrationReport& report, const RenderSettings& settings) : report_(report), settings_(settings) {}

  // What is lost for good comes first, because it has to be decided about before the run; it is the
  // same text for a dry run and for the run itself.
  std::string text() {
    omitted("STAYS BEHIND, and nothing makes it anew", false);
    missed_mounts();
    travels();
    omitted("left out, and made anew when it is needed", true);
    rewritten();
    old_links();
    section("note", report_.plan.notes);
    return std::move(out_);
  }

 private:
  bool verbose() const { return settings_.detail == Detail::Verbose; }
  void section(const std::string& heading, const std::vector<std::string>& lines) {
    out_ += text_section(heading, lines, settings_);
  }

  // Two lists in place of one, because the first is a loss and the second is none.
  void omitted(const std::string& heading, bool made_anew) {
    std::vector<Omission> omissions;
    for (const Omission& omission : report_.plan.omissions) {
      if (is_made_anew(omission.kind) == made_anew) {
        omissions.push_back(omission);
      }
    }
    std::vector<std::string> lines = made_anew ? std::vector<std::string>() : report_.plan.outside;
    if (verbose()) {
      for (const Omission& omission : omissions) {
        lines.push_back(omission.path.text() + (omission.contents_only ? "/*" : "") + ": " + omission.reason + " (" +
                        human_bytes(omission.bytes) + ")");
      }
    } else {
      for (const OmissionSum& sum : omission_sums(omissions)) {
        lines.push_back(sum.text());
      }
    }
    section(made_anew ? heading : settings_.paint.bold(heading), lines);
  }

  // Whatever is mounted there is not lost, but the target is not the whole root without it: exit code 4.
  void missed_mounts() {
    std::vector<std::string> lines;
    for (const RelPath& path : dfsck::missed_mounts(report_)) {
      lines.push_back("what is mounted or linked at " + path.text() +
                      " does not travel: bring it into the root, or copy it yourself");
    }
    section(settings_.paint.red("NOT THE WHOLE ROOT"), lines);
  }

  // The inventory of the source, which the target's is compared with at the end.
  void travels() {
    std::vector<std::string> lines = inventory_lines(report_.inventory.source);
    lines.push_back("altogether " + counted(report_.need.total.files, "file") + ", " +
                    human_bytes(report_.need.total.content_bytes));
    for (const PlannedBoundary& boundary : report_.plan.boundaries) {
      lines.push_back(boundary.path.text() + ": " + boundary.text);
    }
    section("what travels", lines);
  }

  // A link in a volume is the user's, and may well be right: a container sees other paths than
  // the host. So it is told and not touched.
  void old_links() {
    std::vector<std::string> lines;
    for (const OldLink& link : report_.need.old_links) {
      lines.push_back(escaped(link.path) + " -> " + escaped(link.target));
    }
    section("links in volumes that lead to the old place, kept as they are: look whether they matter to you", lines);
  }

  void rewritten() {
    std::vector<std::string> lines;
    for (const RewriteNeed& need : report_.rewrites) {
      if (!need.problem.empty()) {
        lines.push_back(need.path.text() + ": cannot be rewritten: " + need.problem);
      } else if (!need.changes.empty()) {
        lines.push_back(need.path.text() + ": " + counted(need.changes.size(), "path"));
        for (const PathChange& change : verbose() ? need.changes : std::vector<PathChange>{}) {
          lines.push_back("  " + change.member + ": " + escaped(change.before) + " becomes " + escaped(change.after));
        }
      }
    }
    section("rewritten for the new place", lines);
    lines.clear();
    for (const RewriteNeed& need : report_.rewrites) {
      for (const PathChange& mention : need.mentions) {
        lines.push_back(need.path.text() + ": " + mention.member + ": " + escaped(mention.before));
      }
    }
    section("mentions of the old place that are not touched: look whether they matter to you", lines);
    lines.clear();
    for (const RelPath& path : report_.binary_files) {
      lines.push_back(path.text());
    }
    // They are told of, since to write into them would be to guess at what a path in them means.
    section("databases that hold paths of the old place, kept as they are", lines);
  }

  const MigrationReport& report_;
  const RenderSettings& settings_;
  std::string out_;
};

}  // namespace

std::string render_migration_plan(const MigrationReport& report, const RenderSettings& settings) {
  return PlanText(report, settings).text();
}

// The same lines for both sides, so that they can be laid side by side.
std::vector<std::string> inventory_lines(const Inventory& inventory) {
  const auto count = [&](InventoryKind kind) { return counted(inventory.of(kind).size(), inventory_kind_name(kind)); };
  uint64_t names = 0;
  for (const auto& [volume, data] : inventory.volumes) {
    names += data.names;
  }
  return {
      count(InventoryKind::Image) + " with " + count(InventoryKind::Tag) + ", " + count(InventoryKind::Layer),
      count(InventoryKind::Container) + " with " + count(InventoryKind::WritableLayer),
      count(InventoryKind::Volume) + " with " + counted(names, "name") + ", " + human_bytes(inventory.volume_bytes()),
      count(InventoryKind::Network) + ", " + count(InventoryKind::Plugin)};
}

}  // namespace dfsck
