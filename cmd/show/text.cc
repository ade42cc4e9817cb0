// What `show` found, for people: short ids in lists, whole ones where they are what was asked for.
#include <algorithm>

#include "cmd/render/finding_tree.h"
#include "cmd/render/safe_text.h"
#include "cmd/render/text_findings.h"
#include "cmd/show/render.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// A name that is longer than that moves its own line only.
constexpr size_t kWidestTitle = 40;
constexpr size_t kShownUsers = 20;  // things that refer to it or see it; what it refers to is never cut

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// A note stands without its label: it is a sentence of its own.
std::string facts_line(const ShownThing& thing) {
  std::string line;
  for (const ShownFact& fact : thing.facts) {
    line += (line.empty() ? "" : ", ") + (fact.label == "note" ? "" : fact.label + " ") + fact.value;
  }
  return line;
}

class ShowText {
 public:
  ShowText(const Shown& shown, const RenderSettings& settings) : shown_(shown), settings_(settings) {}

  std::string text() {
    add(shown_.description);
    for (const Description& below : shown_.below) {
      out_ += "\n";
      add(below);
    }
    add_state();
    return out_;
  }

 private:
  bool cut() const { return settings_.truncate == Truncate::Yes; }
  std::string shown(std::string_view text) const { return shown_text(text, settings_.truncate); }

  void add(const Description& description);
  void add_list(const ShownList& list);
  void add_state();
  void add_verdict();
  std::string looked_at_text() const;
  std::string title(const ShownThing& thing) const;

  const Shown& shown_;
  const RenderSettings& settings_;
  std::string out_;
};

// Names first, as everywhere where people read.
std::string ShowText::title(const ShownThing& thing) const {
  const std::string names = joined(thing.names, ", ", [&](const std::string& name) { return shown(name); });
  if (names.empty()) {
    return shown(thing.id);
  }
  return thing.id.empty() ? names : names + " (" + shown(thing.id) + ")";
}

// Ids are whole where they are what was asked for, since they are copied from here.
void ShowText::add(const Description& description) {
  const std::string& name = description.name.empty() ? description.id : description.name;
  out_ += settings_.paint.bold(
              safe_text(description.kind + " " + (description.kind == "root" && name == "." ? shown_.root : name))) +
          "\n";
  size_t width = 0;
  for (const ShownFact& fact : description.facts) {
    width = std::max(width, fact.label.size());
  }
  for (const ShownFact& fact : description.facts) {
    out_ += "  " + padded(fact.label, width + 2) + safe_text(fact.value) + "\n";
  }
  if (!description.places.empty()) {
    out_ += "\nwhere it lies\n";
  }
  for (const ShownPlace& place : description.places) {
    out_ += "  " + safe_text(place.path.text()) + "  (" + place.what + ")\n";
  }
  for (const ShownList& list : description.lists) {
    add_list(list);
  }
}

void ShowText::add_list(const ShownList& list) {
  if (list.things.empty()) {
    return;
  }
  out_ += "\n" + list.title + "\n";
  std::vector<const ShownThing*> things;
  for (const ShownThing& thing : list.things) {
    if (!thing.minor || settings_.detail == Detail::Verbose) {
      things.push_back(&thing);
    }
  }
  const size_t minor = list.things.size() - things.size();
  // A base layer has everything on it. What a thing itself refers to is bounded, and is what has to be complete.
  const bool may_be_long = list.key == "used_by" || list.key == "seen_by";
  const size_t cut_off = cut() && may_be_long && things.size() > kShownUsers ? things.size() - kShownUsers : 0;
  things.resize(things.size() - cut_off);
  size_t role_width = 0;
  size_t title_width = 0;
  for (const ShownThing* thing : things) {
    role_width = std::max(role_width, thing->role.size());
    title_width = std::max(title_width, std::min(title(*thing).size(), kWidestTitle));
  }
  for (const ShownThing* thing : things) {
    const std::string facts = shown(facts_line(*thing));
    out_ += (role_width > 0 ? "  " + padded(thing->role, role_width) : "") + (title_width > 0 ? "  " : "") +
            (facts.empty() ? title(*thing) : padded(title(*thing), title_width) + "  " + facts) + "\n";
  }
  if (cut_off > 0) {
    out_ += "  and " + std::to_string(cut_off) + " more; --no-trunc shows all\n";
  }
  if (minor > 0) {
    out_ += "  and " + std::to_string(minor) + " without a name that others were made from; -v shows them\n";
  }
}

// Says how closely it was looked at: without that "nothing is wrong" would promise more than it may.
void ShowText::add_verdict() {
  const RootReport& report = shown_.state.report;
  if (shown_.description.kind == "root") {
    return;
  }
  if (!report.findings.empty()) {
    out_ += "\nwhat is wrong with it, or worth knowing\n" + render_findings(report, finding_tree(report), settings_);
  }
  if (report.count(Severity::Error) + report.count(Severity::Warning) > 0) {
    return;
  }
  out_ += "\nnothing is wrong with it: " + looked_at_text() + "\n";
}

// With the option that looks closer, unless it was the closest.
std::string ShowText::looked_at_text() const {
  const RootReport& report = shown_.state.report;
  const auto count = [&](const char* name) {
    const auto found = report.counts.find(name);
    return found != report.counts.end() ? found->second : 0;
  };
  if (shown_.state.layers == 0) {
    return "its structure was checked, and there is nothing that its contents could be compared with";
  }
  if (report.level == Level::Structure) {
    return "its structure was checked; --quick and --full look at the files of its layers as well";
  }
  const std::string files = counted(count("files"), "file") + " in " + counted(shown_.state.layers, "layer");
  return report.level == Level::Quick
             ? "its structure and the names, sizes and headers of " + files + " were checked; --full reads them as well"
             : "its structure and the contents of " + files + " were checked, " + human_bytes(count("bytes_hashed"));
}

// With the command that tells about the rest.
void ShowText::add_state() {
  add_verdict();
  const ShownState& state = shown_.state;
  if (state.other_errors + state.other_warnings > 0) {
    out_ +=
        std::string(shown_.description.kind == "root" ? "\nthe root's structure has " : "elsewhere in this root: ") +
        counted(state.other_errors, "error") + ", " + counted(state.other_warnings, "warning") +
        "; docker-fsck --dry-run" + (settings_.root_argument.empty() ? "" : " " + settings_.root_argument) +
        " tells about them\n";
  } else if (shown_.description.kind == "root") {
    out_ += "\nnothing is wrong with the root's structure\n";
  }
  if (state.report.live) {
    out_ += "a daemon uses this root: what is said here may be stale already\n";
  }
}

}  // namespace

std::string render_show_text(const Shown& shown, const RenderSettings& settings) {
  return ShowText(shown, settings).text();
}

}  // namespace dfsck
