// A migration as JSON, schema "docker-fsck/migrate/1". Never shortened; keys stand in a fixed order.
#include <algorithm>

#include "cmd/render/json.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/migration/migration.h"
#include "cmd/render/migration/sums.h"
#include "core/base/escape.h"

namespace dfsck {
namespace {

// "end" tells what the exit code does not: whether anything was written, and whether the same command goes on.
std::string_view end_name(MigrationReport::End end) {
  switch (end) {
    case MigrationReport::End::Refused: return "refused";
    case MigrationReport::End::Planned: return "planned";
    case MigrationReport::End::Stopped: return "stopped";
    case MigrationReport::End::Live: return "live-part-done";
    case MigrationReport::End::Done: return "done";
  }
  return "";
}

std::string_view verify_name(CopyVerify verify) {
  switch (verify) {
    case CopyVerify::None: return "none";
    case CopyVerify::Copy: return "copy";
    case CopyVerify::Full: return "full";
  }
  return "";
}

class MigrationJson {
 public:
  explicit MigrationJson(const MigrationView& view) : view_(view), report_(view.report) {}

  // All keys in every document, null where there is nothing: one reader for dry run and run.
  std::string document() {
    json_.object();
    json_.key("schema").text("docker-fsck/migrate/1");
    json_.key("version").text(DFSCK_VERSION);
    json_.key("end").text(end_name(report_.end));
    json_.key("source").text(report_.source.empty() ? report_.wish.source : report_.source);
    json_.key("target").text(report_.target.empty() ? report_.wish.target : report_.target);
    json_.key("final_path").text(report_.final_path);
    json_.key("live").boolean(report_.wish.when == MigrationWish::When::Live);
    json_.key("verify").text(verify_name(report_.wish.verify));
    json_.key("complete").boolean(report_.is_complete);
    json_.key("target_used").texts(report_.target_used);
    json_.key("obstacles").texts(report_.obstacles);
    json_.key("advice").texts(report_.advice);
    probe();
    room();
    omissions();
    boundaries();
    inventories();
    json_.key("notes").texts(report_.plan.notes);
    rewrites();
    copied();
    damaged();
    check("source_check", report_.source_check);
    check("target_check", report_.target_check);
    switched();
    json_.key("next").texts(view_.next);
    json_.key("cancelled").boolean(report_.cancelled);
    json_.key("exit_code").number(view_.exit_code);
    json_.end_object();
    return json_.take();
  }

 private:
  // By slugs, which stay what they are when the words get better.
  void probe() {
    json_.key("filesystem");
    if (!report_.probe) {
      json_.null();
      return;
    }
    json_.object();
    json_.key("type").text(report_.probe->filesystem);
    json_.key("able").boolean(report_.probe->able());
    json_.key("capabilities").array();
    for (const Capability& capability : report_.probe->capabilities) {
      json_.object();
      json_.key("name").text(capability.slug);
      json_.key("verdict").text(capability_verdict_name(capability.verdict));
      json_.key("detail").text(capability.detail);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  // "need" is what it takes at most: blocks and inodes of the target differ from those of the source.
  void room() {
    json_.key("room");
    if (!report_.space) {
      json_.null();
      return;
    }
    json_.object();
    json_.key("need_bytes").number(report_.space->need_bytes);
    json_.key("need_inodes").number(report_.space->need_inodes);
    json_.key("free_bytes").number(report_.space->free_bytes);
    json_.key("free_inodes");
    if (report_.space->free_inodes) {
      json_.number(*report_.space->free_inodes);
    } else {
      json_.null();
    }
    json_.key("content_bytes").number(report_.need.total.content_bytes);
    json_.key("files").number(report_.need.total.files);
    json_.end_object();
  }

  // Everything that is not in the target, each with its reason and whether something makes it anew.
  // What came only while the copy was made stands in the same list: it is as little there.
  void omissions() {
    json_.key("outside").texts(report_.plan.outside);
    json_.key("left_out").array();
    for (const Omission& omission : report_.plan.omissions) {
      json_.object();
      json_.key("path").text(omission.path.text());
      json_.key("kind").text(omission_kind_name(omission.kind));
      json_.key("contents_only").boolean(omission.contents_only);
      json_.key("made_anew").boolean(is_made_anew(omission.kind));
      json_.key("reason").text(omission.reason);
      json_.key("bytes").number(omission.bytes);
      json_.end_object();
    }
    for (const OmittedEntry& left : sockets_and_mounts(report_)) {
      json_.object();
      json_.key("path").text(escaped(left.path));
      json_.key("kind").text(left.kind == OmittedEntry::Kind::Socket ? "socket" : "mount-point");
      json_.end_object();
    }
    json_.end_array();
  }

  // What lies elsewhere in the source and becomes a plain directory, so that a script that has mounted it knows.
  void boundaries() {
    json_.key("boundaries").array();
    for (const PlannedBoundary& boundary : report_.plan.boundaries) {
      json_.object();
      json_.key("path").text(boundary.path.text());
      json_.key("text").text(boundary.text);
      json_.end_object();
    }
    json_.end_array();
    json_.key("links_to_old_place").array();
    for (const OldLink& link : report_.need.old_links) {
      json_.object();
      json_.key("path").text(escaped(link.path));
      json_.key("target").text(escaped(link.target));
      json_.end_object();
    }
    json_.end_array();
  }

  // Keys are made of the names of kinds, so that a new kind appears in all places at once.
  void counts(std::string_view key, const Inventory& inventory) {
    json_.key(key).object();
    for (size_t i = 0; i < kInventoryKinds; ++i) {
      std::string kind(inventory_kind_name(static_cast<InventoryKind>(i)));
      std::replace(kind.begin(), kind.end(), ' ', '_');
      json_.key(kind + "s").number(uint64_t{inventory.names[i].size()});
    }
    json_.key("volume_data").array();
    for (const auto& [name, count] : inventory.volumes) {
      json_.object();
      json_.key("name").text(escaped(name));
      json_.key("names").number(count.names);
      json_.key("bytes").number(count.bytes);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  // "whole" is the sum of it: what a script asks before it switches a daemon by itself.
  void inventories() {
    const InventoryComparison& inventory = report_.inventory;
    json_.key("inventory").object();
    counts("source", inventory.source);
    if (inventory.target) {
      counts("target", *inventory.target);
    } else {
      json_.key("target").null();
    }
    json_.key("lacking").array();
    for (const InventoryGap& gap : inventory.gaps) {
      json_.object();
      json_.key("kind").text(inventory_kind_name(gap.kind));
      json_.key("name").text(gap.name);
      json_.key("detail").text(gap.detail);
      json_.end_object();
    }
    json_.end_array();
    json_.key("whole").boolean(report_.is_whole());
    json_.end_object();
  }

  void changes(std::string_view key, const std::vector<PathChange>& changes) {
    json_.key(key).array();
    for (const PathChange& change : changes) {
      json_.object();
      json_.key("member").text(change.member);
      json_.key("before").text(escaped(change.before));
      json_.key("after").text(escaped(change.after));
      json_.end_object();
    }
    json_.end_array();
  }

  // Both values of each path, so that somebody can check them. Mentions are not changed: nobody
  // knows what they mean to whoever wrote them.
  void rewrites() {
    json_.key("rewritten").array();
    for (const RewriteNeed& need : report_.rewrites) {
      json_.object();
      json_.key("path").text(need.path.text());
      changes("changes", need.changes);
      changes("mentions", need.mentions);
      json_.key("problem").text(need.problem);
      json_.end_object();
    }
    json_.end_array();
    json_.key("binary_mentions").array();
    for (const RelPath& path : report_.binary_files) {
      json_.text(path.text());
    }
    json_.end_array();
  }

  // "parts_done_before" tells a run that went on from one that began.
  void copied() {
    json_.key("copied");
    if (!report_.copied) {
      json_.null();
      return;
    }
    const MigrationSums sums = migration_sums(report_);
    json_.object();
    json_.key("resumed").boolean(report_.copied->resumed);
    json_.key("parts").number(sums.units);
    json_.key("parts_done_before").number(sums.units_done);
    json_.key("parts_changed_since").number(sums.units_changed);
    json_.key("files").number(sums.files);
    json_.key("bytes").number(sums.bytes);
    json_.key("layers").number(sums.layers);
    json_.key("layers_verified").number(sums.layers_verified);
    json_.key("problems").array();
    for (const CopyProblem* problem : copy_problems(report_)) {
      json_.object();
      json_.key("kind").text(copy_problem_name(problem->kind));
      json_.key("path").text(escaped(problem->path));
      json_.key("lost_bytes").number(problem->lost);
      json_.key("detail").text(problem->detail);
      json_.end_object();
    }
    json_.end_array().end_object();
  }

  // "more" counts findings that are not listed: a layer can have as many as files.
  void damaged() {
    json_.key("damaged_layers").array();
    for (const DamagedLayer& layer : report_.damaged) {
      json_.object();
      json_.key("layer").text(layer.layer.text());
      json_.key("images").texts(layer.images);
      json_.key("mendable").boolean(layer.repairable);
      json_.key("findings").texts(layer.findings);
      json_.key("more").number(uint64_t{layer.more});
      json_.end_object();
    }
    json_.end_array();
  }

  // Complete reports, as docker-fsck gives them for a root of its own.
  void check(std::string_view key, const std::optional<RootReport>& report) {
    json_.key(key);
    if (!report) {
      json_.null();
      return;
    }
    json_.object();
    write_root(*report, json_);
    json_.end_object();
  }

  // The backup's name is the way back.
  void switched() {
    json_.key("switched");
    if (!view_.switched) {
      json_.null();
      return;
    }
    json_.object();
    const std::optional<SwitchedConfig>& done = view_.switched->done;
    json_.key("file").text(done ? escaped(done->path) : "");
    json_.key("backup").text(done && done->backup ? escaped(*done->backup) : "");
    json_.key("failure").text(view_.switched->failure);
    json_.end_object();
  }

  const MigrationView& view_;
  const MigrationReport& report_;
  JsonWriter json_;
};

}  // namespace

std::string render_migration_json(const MigrationView& view) { return MigrationJson(view).document(); }

}  // namespace dfsck
