// Writing the records that log.cc replays.
#include "core/journal/run/journal.h"
#include "core/journal/run/log.h"
#include "core/plan/json_members.h"
#include "core/plan/plan_json.h"

namespace dfsck {
namespace {

using Object = JsonValue::Object;

Object record(std::string_view kind) { return {{"record", JsonValue::string(std::string(kind))}}; }

void record_number(Object& object, std::string_view key, uint64_t number) {
  object.push_back({std::string(key), json_unsigned(number)});
}

void record_text(Object& object, std::string_view key, std::string_view text) {
  object.push_back({std::string(key), JsonValue::string(std::string(text))});
}

void add_time(Object& object, std::string_view key, const std::optional<FileTime>& time) {
  if (time) {
    object.push_back({std::string(key), json_time(*time)});
  }
}

// What is empty is left out: most steps need two or three of these, and an intent is made durable as a whole before
// its batch.
JsonValue trace_to_json(const Trace& trace) {
  Object object;
  if (trace.nothing) {
    object.push_back({"nothing", JsonValue::boolean(true)});
  }
  if (trace.object != 0) {
    record_number(object, "object", trace.object);
  }
  if (trace.was != 0) {
    record_number(object, "was", trace.was);
  }
  if (trace.keep != 0) {
    record_number(object, "keep", trace.keep);
  }
  add_time(object, "parent", trace.parent);
  add_time(object, "to_parent", trace.to_parent);
  if (trace.owner) {
    record_number(object, "uid", trace.owner->uid);
    record_number(object, "gid", trace.owner->gid);
    record_number(object, "mode", trace.owner->mode);
  }
  if (trace.capability) {
    add_bytes(object, "capability", *trace.capability);
  }
  if (trace.attribute) {
    add_bytes(object, "attribute", *trace.attribute);
  }
  add_time(object, "mtime", trace.mtime);
  return JsonValue::object(std::move(object));
}

JsonValue items_to_json(const std::vector<UndoItem>& items) {
  JsonValue::Array steps;
  steps.reserve(items.size());
  for (const UndoItem& item : items) {
    Object step;
    record_number(step, "step", item.step);
    add_time(step, "parent", item.parent);
    add_time(step, "to_parent", item.to_parent);
    steps.push_back(JsonValue::object(std::move(step)));
  }
  return JsonValue::array(std::move(steps));
}

}  // namespace

// The root's path is for people: a root is known by its inode, and may be mounted elsewhere tomorrow.
JsonValue begin_record(const BeginRecord& begin) {
  Object object = record("begin");
  object.push_back({"format", JsonValue::number(kJournalFormat)});
  record_text(object, "version", DFSCK_VERSION);
  Object root;
  add_bytes(root, "path", begin.root_path);
  record_number(root, "device", begin.root_device);
  record_number(root, "inode", begin.root_inode);
  object.push_back({"root", JsonValue::object(std::move(root))});
  record_text(object, "mode", begin.mode);
  record_text(object, "started", begin.started);
  return JsonValue::object(std::move(object));
}

JsonValue plan_record(const RunLog& log, size_t first, size_t count, PlanRecord which) {
  Object object = record("plan");
  record_number(object, "first", first);
  if (which == PlanRecord::More) {
    object.push_back({"more", JsonValue::boolean(true)});
  }
  JsonValue::Array steps;
  steps.reserve(count);
  for (size_t i = first; i < first + count; ++i) {
    steps.push_back(grouped_step_to_json(log.steps[i].step, log.steps[i].group, log.reasons));
  }
  object.push_back({"steps", JsonValue::array(std::move(steps))});
  return JsonValue::object(std::move(object));
}

// One record for the whole batch, so that it is there as a whole or not at all.
JsonValue intent_record(const RunLog& log, size_t first, size_t count) {
  Object object = record("intent");
  record_number(object, "first", first);
  record_number(object, "count", count);
  JsonValue::Array traces;
  traces.reserve(count);
  for (size_t i = first; i < first + count; ++i) {
    traces.push_back(trace_to_json(log.steps[i].trace));
  }
  object.push_back({"steps", JsonValue::array(std::move(traces))});
  return JsonValue::object(std::move(object));
}

// Steps are taken in order, so a number tells all: how many from the first on.
JsonValue done_record(size_t first, size_t count) {
  Object object = record("done");
  record_number(object, "first", first);
  record_number(object, "count", count);
  return JsonValue::object(std::move(object));
}

JsonValue given_up_record(size_t first, size_t count, GivenUp how, std::string_view why, std::string_view way_out) {
  Object object = record("given-up");
  record_number(object, "first", first);
  record_number(object, "count", count);
  if (how == GivenUp::Failed) {
    object.push_back({"failed", JsonValue::boolean(true)});
  }
  record_text(object, "why", why);
  if (!way_out.empty()) {
    record_text(object, "way_out", way_out);
  }
  return JsonValue::object(std::move(object));
}

JsonValue keep_record(const RelPath& directory, FileTime time) {
  Object object = record("keep");
  add_bytes(object, "path", directory.bytes());
  add_time(object, "time", time);
  return JsonValue::object(std::move(object));
}

// In the order in which they go back, newest first; each with the times that its directories shall have afterwards.
JsonValue undo_intent_record(const std::vector<UndoItem>& items) {
  Object object = record("undo-intent");
  object.push_back({"steps", items_to_json(items)});
  return JsonValue::object(std::move(object));
}

JsonValue back_intent_record(const std::vector<UndoItem>& items, std::string_view why) {
  Object object = record("back-intent");
  record_text(object, "why", why);
  object.push_back({"steps", items_to_json(items)});
  return JsonValue::object(std::move(object));
}

JsonValue back_done_record() { return JsonValue::object(record("back-done")); }
JsonValue undo_done_record() { return JsonValue::object(record("undo-done")); }

JsonValue end_record(RunLog::State state) {
  Object object = record("end");
  record_text(object, "state",
              state == RunLog::State::Undone    ? "undone"
              : state == RunLog::State::Stopped ? "stopped"
                                                : "finished");
  return JsonValue::object(std::move(object));
}

JsonValue acknowledged_record() { return JsonValue::object(record("acknowledged")); }

JsonValue purge_record() { return JsonValue::object(record("purge")); }

JsonValue purge_failed_record() { return JsonValue::object(record("purge-failed")); }

}  // namespace dfsck
