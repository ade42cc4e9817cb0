// The JSON documents of `show`.
#include "cmd/options/words.h"
#include "cmd/render/json_finding.h"
#include "cmd/render/json_writer.h"
#include "cmd/show/render.h"

namespace dfsck {
namespace {

constexpr const char* kShowSchema = "docker-fsck/show/1";

// Labels are for people; as keys they have no blanks or dots, which most query languages take for syntax.
std::string key_of(std::string label) {
  for (char& c : label) {
    c = c == ' ' || c == '-' || c == '.' ? '_' : c;
  }
  return label;
}

// Facts of the same label become one: keys are unique.
// Two members of one name are legal JSON that most readers lose half of.
void write_facts(const std::vector<ShownFact>& facts, JsonWriter& json) {
  json.key("facts").object();
  for (size_t i = 0; i < facts.size(); ++i) {
    bool first = true;
    for (size_t j = 0; j < i; ++j) {
      first = first && facts[j].label != facts[i].label;
    }
    if (!first) {
      continue;
    }
    std::string value = facts[i].value;
    for (size_t j = i + 1; j < facts.size(); ++j) {
      value += facts[j].label == facts[i].label ? "; " + facts[j].value : "";
    }
    json.key(key_of(facts[i].label)).text(value);
  }
  json.end_object();
}

// Lists by their own keys, "used_by", "uses" and so on, the same for all kinds of things.
void write_list(const ShownList& list, JsonWriter& json) {
  json.key(list.key).array();
  for (const ShownThing& thing : list.things) {
    json.object();
    json.key("role").text(thing.role);
    json.key("kind").text(thing.kind);
    json.key("id").text(thing.id);
    json.key("names").texts(thing.names);
    write_facts(thing.facts, json);
    json.end_object();
  }
  json.end_array();
}

void write_description(const Description& description, JsonWriter& json) {
  json.key("kind").text(description.kind);
  json.key("id").text(description.id);
  json.key("name").text(description.name);
  write_facts(description.facts, json);
  json.key("places").array();
  for (const ShownPlace& place : description.places) {
    json.object();
    json.key("path").text(place.path.text());
    json.key("what").text(place.what);
    json.end_object();
  }
  json.end_array();
  for (const ShownList& list : description.lists) {
    write_list(list, json);
  }
}

// Findings in the same form as a report has them, so that one reader does for both. The
// counts of the rest of the root stand apart.
void write_state(const Shown& shown, JsonWriter& json) {
  const RootReport& report = shown.state.report;
  json.key("daemon").object();
  json.key("live").boolean(report.live);
  json.key("evidence").texts(report.evidence);
  json.end_object();
  json.key("level").text(level_name(report.level));
  json.key("findings").array();
  for (const ReportedFinding& reported : report.findings) {
    write_finding(reported, report.plan, json);
  }
  json.end_array();
  json.key("summary").object();
  json.key("errors").number(uint64_t{report.count(Severity::Error)});
  json.key("warnings").number(uint64_t{report.count(Severity::Warning)});
  json.key("infos").number(uint64_t{report.count(Severity::Info)});
  json.key("other_errors").number(uint64_t{shown.state.other_errors});
  json.key("other_warnings").number(uint64_t{shown.state.other_warnings});
  json.end_object();
}

void open_document(JsonWriter& json) {
  json.object();
  json.key("schema").text(kShowSchema);
  json.key("version").text(DFSCK_VERSION);
}

}  // namespace

std::string render_show_json(const Shown& shown) {
  JsonWriter json;
  open_document(json);
  json.key("root").text(shown.root);
  json.key("what").text(shown.what);
  write_description(shown.description, json);
  json.key("below").array();
  for (const Description& below : shown.below) {
    json.object();
    write_description(below, json);
    json.end_object();
  }
  json.end_array();
  write_state(shown, json);
  json.key("failures").texts(shown.failures);
  json.key("cancelled").boolean(shown.state.report.cancelled);
  json.key("exit_code").number(shown.exit_code);
  json.end_object();
  return json.take();
}

// "candidates" also where there are none.
std::string render_show_error(const std::string& message, const std::vector<ShownCandidate>& candidates,
                              int exit_code) {
  JsonWriter json;
  open_document(json);
  json.key("error").object();
  json.key("message").text(message);
  json.end_object();
  json.key("candidates").array();
  for (const ShownCandidate& candidate : candidates) {
    json.object();
    json.key("kind").text(candidate.kind);
    json.key("words").text(candidate.words);
    json.key("show").text(candidate.handle);
    json.end_object();
  }
  json.end_array();
  json.key("exit_code").number(exit_code);
  json.end_object();
  return json.take();
}

}  // namespace dfsck
