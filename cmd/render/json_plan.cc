// Steps as JSON.
#include "cmd/render/json_plan.h"

#include "core/base/escape.h"
#include "core/fs/stat.h"
#include "core/plan/action_traits.h"

namespace dfsck {
namespace {

// Numbers of the host, and the mode as a number too: these are what is written.
void write_owner(const Ownership& owner, JsonWriter& json) {
  json.key("owner").object();
  json.key("uid").number(uint64_t{owner.uid});
  json.key("gid").number(uint64_t{owner.gid});
  json.key("mode").number(uint64_t{owner.mode});
  json.end_object();
}

// Writes what an action holds beside its path.
// One overload for each action: a new one that is forgotten here does not compile.
struct WriteFields {
  JsonWriter& json;

  void text_or_null(const std::string& text) const {
    if (text.empty()) {
      json.null();
    } else {
      json.text(text);
    }
  }

  void operator()(const WriteFile& action) const {
    // For people and comparisons. The file of --plan holds them exactly; this document is not one that can be applied.
    json.key("bytes").text(escaped(action.bytes));
    write_owner(action.owner, json);
  }
  void operator()(const RestoreFile& action) const {
    json.key("size").number(action.size);
    // Where bytes come from is part of what a user decides about: a donor of today may be another file tomorrow.
    json.key("origin").object();
    json.key("donor");
    text_or_null(escaped(action.origin.donor));
    json.key("layer");
    text_or_null(action.origin.layer ? action.origin.layer->text() : "");
    json.key("path").text(action.origin.path.text());
    json.key("fixes").array();
    for (const ByteFix& fix : action.origin.fixes) {
      json.object();
      json.key("offset").number(fix.offset);
      json.key("value").number(uint64_t{fix.value});
      json.key("found").number(uint64_t{fix.found});
      json.end_object();
    }
    json.end_array();
    json.end_object();
    write_owner(action.owner, json);
  }
  void operator()(const MakeDir& action) const { write_owner(action.owner, json); }
  void operator()(const WriteSymlink& action) const { json.key("target").text(escaped(action.target)); }
  void operator()(const MakeNode& action) const {
    json.key("type").text(type_name(action.type));
    json.key("major").number(uint64_t{action.major});
    json.key("minor").number(uint64_t{action.minor});
    write_owner(action.owner, json);
  }
  void operator()(const Quarantine&) const {}
  void operator()(const Rename& action) const { json.key("to").text(action.to.text()); }
  void operator()(const SetOwnership& action) const { write_owner(action.owner, json); }
  void operator()(const SetXattr& action) const {
    json.key("name").text(escaped(action.name));
    json.key("value");
    if (action.value) {
      json.text(escaped(*action.value));
    } else {
      json.null();
    }
  }
  void operator()(const SetMtime& action) const {
    json.key("seconds").number(action.seconds);
    json.key("nanoseconds").number(action.nanoseconds);
  }
  void operator()(const MakeHardLink& action) const { json.key("target").text(action.target.text()); }
  void operator()(const Adopt& action) const { json.key("staged").number(action.staged); }
};

// What has to be true right before the step. A plan that is shown says with it what it was made for.
void write_expect(const Expect& expect, JsonWriter& json) {
  json.key("expect").object();
  json.key("absent").boolean(expect.absent);
  if (!expect.absent) {
    json.key("inode").number(expect.inode);
    json.key("mode").number(uint64_t{expect.mode});
    json.key("size").number(expect.size);
    json.key("mtime_seconds").number(expect.mtime_seconds);
    json.key("mtime_nanoseconds").number(expect.mtime_nanoseconds);
    json.key("digest");
    if (expect.digest.empty()) {
      json.null();
    } else {
      json.text(expect.digest);
    }
  }
  json.end_object();
}

// The words of a finding's status, with which they are read together.
std::string_view result_name(StepResult::State state) {
  switch (state) {
    case StepResult::State::Done: return "done";
    case StepResult::State::Failed: return "failed";
    case StepResult::State::Skipped: return "skipped";
  }
  return "";
}

}  // namespace

void write_plan(const Plan& plan, const std::vector<StepResult>& results, JsonWriter& json) {
  json.array();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    json.object();
    json.key("op").text(traits_of(step.action).op);
    json.key("path").text(action_path(step.action).text());
    // The first of the findings that asked for it; others may have asked for the same step.
    json.key("why").number(uint64_t{step.findings.front()});
    std::visit(WriteFields{json}, step.action);
    write_expect(step.expect, json);
    // After a repair, where the plan is what was done.
    if (i < results.size()) {
      json.key("result").text(result_name(results[i].state));
      if (!results[i].why.empty()) {
        json.key("reason").text(results[i].why);
      }
      if (!results[i].way_out.empty()) {
        json.key("way_out").text(results[i].way_out);
      }
    }
    json.end_object();
  }
  json.end_array();
}

}  // namespace dfsck
