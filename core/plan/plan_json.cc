// One function for each direction; the two must agree, which a test of all kinds of actions holds them to.
#include "core/plan/plan_json.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/try.h"
#include "core/codec/json/json.h"
#include "core/plan/action_traits.h"
#include "core/plan/json_members.h"
#include "core/plan/step_groups.h"

namespace dfsck {
namespace {

// The second version added groups. Plans of the first are still read: their groups are made anew from their steps.
constexpr std::string_view kSchema = "docker-fsck/plan/2";
constexpr std::string_view kSchemaWithoutGroups = "docker-fsck/plan/1";
constexpr uint32_t kModeBits = 07777;
constexpr uint32_t kDeviceLimit = (1U << 20) - 1;  // minors have 20 bits in the kernel, majors 12

using Object = JsonValue::Object;

void add_path(Object& object, std::string_view key, const RelPath& path) { add_bytes(object, key, path.bytes()); }

void add_text(Object& object, std::string_view key, std::string_view text) {
  object.push_back({std::string(key), JsonValue::string(std::string(text))});
}

// Inodes, checksums and sizes use all 64 bits; JSON numbers in many readers have 53. They are written digit by digit
// and read back the same way.
void add_number(Object& object, std::string_view key, uint64_t number) {
  object.push_back({std::string(key), json_unsigned(number)});
}

void add_owner(Object& object, const Ownership& owner) {
  add_number(object, "uid", owner.uid);
  add_number(object, "gid", owner.gid);
  add_number(object, "mode", owner.mode);
}

JsonValue origin_to_json(const Origin& origin) {
  Object object;
  if (!origin.donor.empty()) {
    add_bytes(object, "donor", origin.donor);
  }
  if (origin.layer) {
    add_text(object, "layer", origin.layer->text());
  }
  add_path(object, "path", origin.path);
  // The wrong byte is written down beside the right one, so that a person can see what a fix changes, and another
  // look can tell whether the source is still the same.
  JsonValue::Array fixes;
  for (const ByteFix& fix : origin.fixes) {
    fixes.push_back(JsonValue::array({json_unsigned(fix.offset), json_unsigned(fix.value), json_unsigned(fix.found)}));
  }
  object.push_back({"fixes", JsonValue::array(std::move(fixes))});
  return JsonValue::object(std::move(object));
}

struct ActionWriter {
  Object& out;

  void operator()(const WriteFile& a) const {
    add_bytes(out, "bytes", a.bytes);
    add_owner(out, a.owner);
  }
  void operator()(const RestoreFile& a) const {
    add_number(out, "size", a.size);
    add_number(out, "crc64", a.crc64);
    out.push_back({"origin", origin_to_json(a.origin)});
    add_owner(out, a.owner);
  }
  void operator()(const MakeDir& a) const { add_owner(out, a.owner); }
  void operator()(const WriteSymlink& a) const { add_bytes(out, "target", a.target); }
  void operator()(const MakeNode& a) const {
    add_text(out, "type", S_ISCHR(a.type) ? "character" : S_ISBLK(a.type) ? "block" : "fifo");
    add_number(out, "major", a.major);
    add_number(out, "minor", a.minor);
    add_owner(out, a.owner);
  }
  void operator()(const Quarantine&) const {}
  void operator()(const Rename& a) const { add_path(out, "to", a.to); }
  void operator()(const SetOwnership& a) const { add_owner(out, a.owner); }
  void operator()(const SetXattr& a) const {
    add_bytes(out, "name", a.name);
    if (a.value) {
      add_bytes(out, "value", *a.value);
    }
  }
  void operator()(const SetMtime& a) const { out.push_back({"mtime", json_time({a.seconds, a.nanoseconds})}); }
  void operator()(const MakeHardLink& a) const { add_path(out, "target", a.target); }
  void operator()(const Adopt& a) const { add_number(out, "staged", a.staged); }
};

JsonValue expect_to_json(const Expect& expect) {
  Object object;
  if (expect.absent) {
    object.push_back({"absent", JsonValue::boolean(true)});
    return JsonValue::object(std::move(object));
  }
  add_number(object, "inode", expect.inode);
  add_number(object, "mode", expect.mode);
  add_number(object, "size", expect.size);
  object.push_back({"mtime", json_time({expect.mtime_seconds, expect.mtime_nanoseconds})});
  if (!expect.digest.empty()) {
    add_text(object, "digest", expect.digest);
  }
  return JsonValue::object(std::move(object));
}

JsonValue reason_to_json(const Reason& reason) {
  Object object;
  add_text(object, "code", reason.code);
  add_text(object, "slug", reason.slug);
  add_text(object, "subject", reason.subject);
  add_text(object, "safety", reason.safety);
  return JsonValue::object(std::move(object));
}

// The mode's type bits are not ours to set: a number with more than the twelve lower bits is refused.
Ownership read_owner(MemberReader& in) {
  return {in.number32("uid"), in.number32("gid"), in.number32("mode", kModeBits)};
}

uint32_t read_node_type(MemberReader& in) {
  const std::string type = in.text("type");
  if (type == "character" || type == "block") {
    return type == "block" ? S_IFBLK : S_IFCHR;
  }
  if (type != "fifo") {
    in.fail("type", "is none of \"character\", \"block\" and \"fifo\"");
  }
  return S_IFIFO;
}

// The origin's own errors are handed on as those of the action, so that a person reads which step of the plan is
// wrong.
Origin read_origin(const JsonValue& value, MemberReader& action) {
  MemberReader in(value, "origin");
  Origin origin;
  origin.donor = in.has_bytes("donor") ? in.bytes("donor") : "";
  if (in.has("layer")) {
    const std::string layer = in.text("layer");
    origin.layer = DiffId::parse(layer);
    if (!origin.layer) {
      in.fail("layer", "is no digest");
    }
  }
  origin.path = in.path("path");
  for (const JsonValue& pair : in.array("fixes")) {
    const JsonValue::Array* fix = pair.as_array();
    std::vector<int64_t> numbers;
    for (size_t i = 0; fix != nullptr && fix->size() == 3 && i < 3; ++i) {
      numbers.push_back((*fix)[i].as_int64().value_or(-1));
    }
    const auto is_byte = [](int64_t number) { return number >= 0 && number <= UINT8_MAX; };
    if (numbers.empty() || numbers[0] < 0 || !is_byte(numbers[1]) || !is_byte(numbers[2])) {
      in.fail("fixes", "holds something else than [offset, right byte, wrong byte]");
      break;
    }
    origin.fixes.push_back(
        {static_cast<uint64_t>(numbers[0]), static_cast<uint8_t>(numbers[1]), static_cast<uint8_t>(numbers[2])});
  }
  if (in.failed()) {
    action.fail("origin", in.error().message());
  }
  return origin;
}

// Unknown words are errors and never skipped: a plan of which one step is left out is another plan.
struct ActionReader {
  MemberReader& in;

  void operator()(WriteFile& a) const {
    a.bytes = in.bytes("bytes");
    a.owner = read_owner(in);
  }
  void operator()(RestoreFile& a) const {
    a.size = in.number("size");
    a.crc64 = in.number("crc64");
    a.origin = read_origin(in.member("origin"), in);
    a.owner = read_owner(in);
  }
  void operator()(MakeDir& a) const { a.owner = read_owner(in); }
  void operator()(WriteSymlink& a) const { a.target = in.bytes("target"); }
  void operator()(MakeNode& a) const {
    a.type = read_node_type(in);
    a.major = in.number32("major", kDeviceLimit);
    a.minor = in.number32("minor", kDeviceLimit);
    a.owner = read_owner(in);
  }
  void operator()(Quarantine&) const {}
  void operator()(Rename& a) const { a.to = in.path("to"); }
  void operator()(SetOwnership& a) const { a.owner = read_owner(in); }
  void operator()(SetXattr& a) const {
    a.name = in.bytes("name");
    if (in.has_bytes("value")) {
      a.value = in.bytes("value");
    }
  }
  void operator()(SetMtime& a) const {
    in.member("mtime");
    const FileTime time = in.time("mtime").value_or(FileTime{});
    a.seconds = time.seconds;
    a.nanoseconds = time.nanoseconds;
  }
  void operator()(MakeHardLink& a) const { a.target = in.path("target"); }
  void operator()(Adopt& a) const { a.staged = in.number("staged"); }
};

Action read_action(MemberReader& in) {
  const std::string op = in.text("op");
  RelPath path = in.path("path");
  std::optional<Action> action = make_action(op, std::move(path));
  if (!action) {
    in.fail("op", "is no operation that this version knows");
    return Quarantine{};  // never used, as the failure has been noted
  }
  std::visit(ActionReader{in}, *action);
  return std::move(*action);
}

// A step without an expectation would be taken whatever is there now, so each of its members must be present.
Expect read_expect(MemberReader& in) {
  Expect expect;
  expect.absent = in.truth("absent");
  if (expect.absent) {
    return expect;
  }
  expect.inode = in.number("inode");
  expect.mode = in.number32("mode");
  expect.size = in.number("size");
  in.member("mtime");
  const FileTime time = in.time("mtime").value_or(FileTime{});
  expect.mtime_seconds = time.seconds;
  expect.mtime_nanoseconds = time.nanoseconds;
  if (in.has("digest")) {
    expect.digest = in.text("digest");
  }
  return expect;
}

// Equal reasons once. Steps of one finding follow each other, so the end of the list is where an equal one is.
size_t index_of(Reason reason, std::vector<Reason>& reasons) {
  constexpr size_t kNear = 64;
  const auto from = reasons.end() - static_cast<std::ptrdiff_t>(std::min(kNear, reasons.size()));
  const auto found = std::find(from, reasons.end(), reason);
  if (found != reasons.end()) {
    return static_cast<size_t>(found - reasons.begin());
  }
  reasons.push_back(std::move(reason));
  return reasons.size() - 1;
}

}  // namespace

JsonValue step_to_json(const Step& step, const std::vector<Reason>& reasons) {
  Object object;
  add_text(object, "op", traits_of(step.action).op);
  add_path(object, "path", action_path(step.action));
  std::visit(ActionWriter{object}, step.action);
  object.push_back({"expect", expect_to_json(step.expect)});
  JsonValue::Array why;
  for (const size_t finding : step.findings) {
    if (finding < reasons.size()) {
      why.push_back(reason_to_json(reasons[finding]));
    }
  }
  object.push_back({"reasons", JsonValue::array(std::move(why))});
  return JsonValue::object(std::move(object));
}

// Reasons come with each step and not in one list, so that every record of a journal can be read by itself;
// index_of() makes one list of them again.
Result<Step> step_from_json(const JsonValue& value, std::vector<Reason>& reasons) {
  MemberReader in(value, "step");
  Step step;
  step.action = read_action(in);
  if (in.failed()) {
    return in.error();
  }
  const std::string where = "step for " + action_path(step.action).text();
  MemberReader expect(in.member("expect"), where);
  step.expect = read_expect(expect);
  if (expect.failed()) {
    return expect.error();
  }
  for (const JsonValue& item : in.array("reasons")) {
    MemberReader each(item, where);
    Reason reason{each.text("code"), each.text("slug"), each.text("subject"), each.text("safety")};
    if (each.failed()) {
      return each.error();
    }
    step.findings.push_back(index_of(std::move(reason), reasons));
  }
  if (in.failed()) {
    return in.error();
  }
  return step;
}

JsonValue grouped_step_to_json(const Step& step, const StepGroup& group, const std::vector<Reason>& reasons) {
  Object object;
  add_number(object, "group", group.number);
  if (!group.needs.empty()) {
    JsonValue::Array needs;
    for (const size_t needed : group.needs) {
      needs.push_back(json_unsigned(needed));
    }
    object.push_back({"needs", JsonValue::array(std::move(needs))});
  }
  object.push_back({"step", step_to_json(step, reasons)});
  return JsonValue::object(std::move(object));
}

// A group's number is that of its first step, so it can be no greater than the step's own. Numbers of groups are only
// ever looked up in maps: a forged one can at worst name a group that has no steps.
Result<GroupedStep> grouped_step_from_json(const JsonValue& value, size_t number, std::vector<Reason>& reasons) {
  const bool is_grouped = value.find_exact("step") != nullptr;
  MemberReader in(value, "step");
  ASSIGN_OR_RETURN(Step step, step_from_json(is_grouped ? in.member("step") : value, reasons));
  GroupedStep grouped{std::move(step), std::nullopt};
  if (is_grouped) {
    grouped.group = StepGroup{in.number("group", number), {}};
    if (in.has("needs")) {
      for (const JsonValue& needed : in.array("needs")) {
        const int64_t group = needed.as_int64().value_or(-1);
        if (group < 0) {
          in.fail("needs", "holds something else than numbers of groups");
          break;
        }
        grouped.group->needs.push_back(static_cast<size_t>(group));
      }
    }
  }
  return in.failed() ? Result<GroupedStep>(in.error()) : Result(std::move(grouped));
}

std::string to_plan_text(const PlanFile& file) {
  const std::vector<StepGroup> groups = file.plan.groups.empty() ? step_groups(file.plan.steps) : file.plan.groups;
  JsonValue::Array steps;
  steps.reserve(file.plan.steps.size());
  for (size_t i = 0; i < file.plan.steps.size(); ++i) {
    steps.push_back(grouped_step_to_json(file.plan.steps[i], groups[i], file.reasons));
  }
  Object root;
  add_bytes(root, "path", file.root_path);
  add_number(root, "device", file.root_device);
  add_number(root, "inode", file.root_inode);
  Object document;
  add_text(document, "schema", kSchema);
  add_text(document, "version", DFSCK_VERSION);
  document.push_back({"root", JsonValue::object(std::move(root))});
  document.push_back({"steps", JsonValue::array(std::move(steps))});
  return to_go_json(JsonValue::object(std::move(document))) + "\n";
}

// A plan file comes from outside of the root and may have been edited by hand. What it says is checked like anything
// else from a disk; what it wants is then checked against the root, step by step, before any of it is done.
Result<PlanFile> parse_plan_text(std::string_view text) {
  JsonLimits limits;
  limits.max_bytes = 1U << 30;
  limits.max_depth = 8;
  limits.max_values = 20'000'000;
  ASSIGN_OR_RETURN(const JsonValue value, parse_json(text, limits));
  MemberReader in(value, "plan");
  const std::string schema = in.text("schema");
  if (!in.failed() && schema != kSchema && schema != kSchemaWithoutGroups) {
    in.fail("schema", "is not \"" + std::string(kSchema) + "\": another version wrote it");
  }
  PlanFile file;
  MemberReader root(in.member("root"), "plan");
  file.root_path = root.bytes("path");
  file.root_device = root.number("device");
  file.root_inode = root.number("inode");
  const JsonValue::Array& steps = in.array("steps");
  if (in.failed() || root.failed()) {
    return in.failed() ? in.error() : root.error();
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    Result<GroupedStep> step = grouped_step_from_json(steps[i], i, file.reasons);
    if (!step) {
      Error error = step.error();
      error.where = "plan, step " + std::to_string(i) + (error.where == "step" ? "" : " (" + error.where + ")");
      return error;
    }
    // The tree that such a step would put in place lay in the staging place of the run that wrote the plan, and is
    // gone with it.
    if (traits_of(step->step.action).is_prepared) {
      return format_error("read plan", "plan, step " + std::to_string(i),
                          "puts something in place that only another run has prepared");
    }
    if (schema == kSchema && !step->group) {
      return format_error("read plan", "plan, step " + std::to_string(i), "does not say what it stands and falls with");
    }
    file.plan.steps.push_back(std::move(step->step));
    if (step->group) {
      file.plan.groups.push_back(std::move(*step->group));
    }
  }
  if (schema == kSchemaWithoutGroups) {
    file.plan.groups.clear();
  }
  return file;
}

}  // namespace dfsck
