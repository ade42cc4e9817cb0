// Explains a problem, a kind of damage, or a message of the daemon.
#include "cmd/explain_cmd.h"

#include <algorithm>
#include <iterator>

#include "cmd/options/exit_codes.h"
#include "cmd/options/nearest.h"
#include "cmd/options/words.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"
#include "cmd/symptoms.h"
#include "cmd/terminal/terminal.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// A text of the table with its holes as <names>.
// There is no finding here that could fill them.
std::string with_open_holes(std::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '{', '<');
  std::replace(out.begin(), out.end(), '}', '>');
  return out;
}

// Such a sentence is made anew for each finding; to print "<effect>" would explain nothing.
bool is_one_hole(std::string_view text) { return text.starts_with('{') && text.find('}') == text.size() - 1; }

// By these names the table of symptoms refers to problems; they are accepted so that both can be looked up.
std::vector<const Problem*> problems_of_catalogue_id(std::string_view id) {
  std::vector<const Problem*> problems;
  for (const Problem& problem : all_problems()) {
    const auto ids = split(problem.catalogue, ',');
    if (!id.empty() && std::find(ids.begin(), ids.end(), id) != ids.end()) {
      problems.push_back(&problem);
    }
  }
  return problems;
}

std::string_view check_title(const Problem& problem) {
  for (const Check& check : all_checks()) {
    if (check.name == problem.check) {
      return check.title;
    }
  }
  return "";
}

// What a check costs that finds these problems.
// Somebody has a daemon that does not start. Only where contents are in question is it worth to read them.
std::string_view level_option(const std::vector<const Problem*>& problems) {
  const bool content =
      std::any_of(problems.begin(), problems.end(), [](const Problem* p) { return p->area() == "content"; });
  return content ? "" : "--quick ";
}

// Typed as it stands, it looks for nothing else: whoever asks about one message wants one answer.
std::string check_command(const std::vector<const Problem*>& problems) {
  return "docker-fsck " + std::string(level_option(problems)) + "--only " +
         joined(problems, ",", [](const Problem* problem) { return problem->code(); });
}

class Explanation {
 public:
  Explanation(Paint paint, size_t width) : paint_(paint), width_(width) {}

  void problem(const Problem& problem);
  void message(const std::vector<const Symptom*>& symptoms);
  void catalogue_id(std::string_view id, const std::vector<const Problem*>& problems);
  std::string text() const { return text_; }

 private:
  void line(std::string_view label, std::string_view content);
  // In the order of the table of symptoms, the most likely first, and with the class of each repair:
  // whoever pastes a message wants to know whether there is a way out without a loss.
  void candidates(const std::vector<const Problem*>& problems);

  Paint paint_;
  size_t width_;
  std::string text_;
};

void Explanation::line(std::string_view label, std::string_view content) {
  const std::string start = "  " + std::string(label) + ": ";
  text_ += start + wrapped(content, width_, start.size(), "    ") + "\n";
}

void Explanation::problem(const Problem& problem) {
  text_ += paint_.bold(problem.code() + " " + problem.slug()) + "\n";
  line("says", with_open_holes(problem.text));
  line("severity", severity_name(problem.severity));
  line("what it means", is_one_hole(problem.consequence)
                            ? std::string("depends on what is broken; each finding says it")
                            : with_open_holes(problem.consequence));
  if (problem.safety == Safety::None) {
    line("repair", "none: reported only");
    line("what you can do", with_open_holes(problem.remedy));
  } else {
    line("repair", with_open_holes(problem.remedy));
    line("class of the repair", safety_words(problem.safety));
  }
  line("area", problem.area() + " (" + std::string(check_title(problem)) + ")");
  constexpr size_t kMostSamples = 4;
  size_t shown = 0;
  for (const Symptom* symptom : symptoms_of(problem)) {
    if (symptom->kind == SymptomKind::Specific && shown < kMostSamples) {
      text_ += shown == 0 ? "  messages that hint at it:\n" : "";
      text_ += "    " + std::string(symptom->sample) + "\n";
      ++shown;
    }
  }
  line("look for it alone", check_command({&problem}));
}

void Explanation::candidates(const std::vector<const Problem*>& problems) {
  for (const Problem* problem : problems) {
    const std::string start = "  " + paint_.bold(problem->code()) + " " + problem->slug() + " (" +
                              std::string(severity_name(problem->severity)) + ", repair " +
                              std::string(safety_name(problem->safety)) + ")";
    text_ += start + "\n      " + with_open_holes(problem->text) + "\n";
  }
  text_ += "next: " + check_command(problems) + "\n";
}

// The first row that matches decides, unless its words are shared by many failures: then further rows
// are shown, since to name one cause alone would send people the wrong way.
void Explanation::message(const std::vector<const Symptom*>& symptoms) {
  for (const Symptom* symptom : symptoms) {
    if (symptom != symptoms.front()) {
      text_ += "\nThe message also fits a less likely explanation:\n";
    } else if (symptom->kind == SymptomKind::Generic) {
      text_ += "Many failures share these words. ";
    }
    const std::vector<const Problem*> problems = problems_behind(*symptom);
    if (!symptom->note.empty()) {
      text_ += std::string(symptom->note) + "\n";
    }
    if (!problems.empty()) {
      text_ += "Possible causes, the most likely first:\n";
      candidates(problems);
    }
  }
}

void Explanation::catalogue_id(std::string_view id, const std::vector<const Problem*>& problems) {
  text_ += "Damage of the kind " + std::string(id) + " is found as:\n";
  candidates(problems);
}

// Keys as in the list of problems.
void write_problem(const Problem& problem, JsonWriter& json) {
  json.object();
  json.key("code").text(problem.code());
  json.key("slug").text(problem.slug());
  json.key("area").text(problem.area());
  json.key("severity").text(severity_name(problem.severity));
  json.key("safety").text(safety_name(problem.safety));
  json.key("text").text(problem.text);
  json.key("consequence").text(problem.consequence);
  json.key("remedy").text(problem.remedy);
  json.end_object();
}

// The texts of the table as they are, with their holes: programs know the arguments from a report.
std::string as_json(const std::vector<const Problem*>& problems, const std::vector<const Symptom*>& symptoms) {
  JsonWriter json;
  json.object();
  json.key("schema").text("docker-fsck/explain/1");
  json.key("version").text(DFSCK_VERSION);
  json.key("problems").array();
  for (const Problem* problem : problems) {
    write_problem(*problem, json);
  }
  json.end_array();
  json.key("notes").array();
  for (const Symptom* symptom : symptoms) {
    if (!symptom->note.empty()) {
      json.text(symptom->note);
    }
  }
  json.end_array();
  json.end_object();
  return json.take();
}

// Usage and not failure: nothing is wrong with the program or a root. What a daemon says is not needed
// to find damage, so the hint is to check.
Output unknown(const Options& options, const std::string& words) {
  const std::string hint = did_you_mean(words, selector_names());
  return failure_output(
      options.format,
      "nothing is known of \"" + escaped_excerpt(words, 80) + "\"" +
          (hint.empty() ? "; docker-fsck list problems shows all codes, and docker-fsck ROOT finds out "
                          "what is wrong whatever the daemon says"
                        : hint),
      kExitUsage);
}

}  // namespace

Output run_explain(const Options& options) {
  // Shells split what people paste without quotes.
  const std::string words = joined(options.arguments, " ");
  Explanation explanation(Paint(paint_for(options.color)), prose_width());
  std::vector<const Problem*> problems;
  std::vector<const Symptom*> symptoms;
  // Codes and slugs first: a message never looks like one, and a code that is typed is meant exactly.
  if (const Problem* problem = find_problem(trimmed(words))) {
    problems = {problem};
    explanation.problem(*problem);
  } else if (problems = problems_of_catalogue_id(trimmed(words)); !problems.empty()) {
    explanation.catalogue_id(trimmed(words), problems);
  } else if (symptoms = matching_symptoms(words); !symptoms.empty()) {
    explanation.message(symptoms);
    for (const Symptom* symptom : symptoms) {
      const auto behind = problems_behind(*symptom);
      std::copy_if(behind.begin(), behind.end(), std::back_inserter(problems), [&](const Problem* candidate) {
        return std::find(problems.begin(), problems.end(), candidate) == problems.end();
      });
    }
  } else {
    return unknown(options, words);
  }
  Output output;
  output.out = options.format == Format::Json ? as_json(problems, symptoms) : explanation.text();
  return output;
}

}  // namespace dfsck
