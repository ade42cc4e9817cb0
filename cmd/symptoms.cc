// Tries the table of symptoms on a message.
#include "cmd/symptoms.h"

#include <algorithm>
#include <array>
#include <regex>

#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr std::array kSymptoms = {
#define SYMPTOM(kind, pattern, sample, causes, note) Symptom{SymptomKind::kind, pattern, sample, causes, note},
#include "cmd/symptoms.def"
#undef SYMPTOM
};

// std::regex recurses for each character: texts are kept far below what the stack bears.
constexpr size_t kLongestText = 4000;
constexpr size_t kMostLines = 100;

// What is searched: each line on its own, then all of them joined, for a message that a terminal has broken.
// Whole logs are pasted, in which one line matters.
std::vector<std::string> searched_texts(std::string_view message) {
  std::vector<std::string> texts;
  std::string joined;
  for (const std::string_view line : split(message, '\n')) {
    const std::string_view text = trimmed(line);
    if (!text.empty() && texts.size() < kMostLines) {
      texts.emplace_back(text.substr(0, kLongestText));
      joined.append(joined.empty() ? "" : " ").append(text);
    }
  }
  if (texts.size() > 1) {
    texts.push_back(joined.substr(0, kLongestText));
  }
  return texts;
}

// Whole names, since one kind of damage can begin as another does.
bool names(std::string_view list, std::string_view wanted) {
  const auto items = split(list, ',');
  return !wanted.empty() && std::find(items.begin(), items.end(), wanted) != items.end();
}

}  // namespace

std::span<const Symptom> all_symptoms() { return kSymptoms; }

std::vector<const Symptom*> matching_symptoms(std::string_view message) {
  const std::vector<std::string> texts = searched_texts(message);
  std::vector<const Symptom*> matches;
  for (const Symptom& symptom : kSymptoms) {
    const std::regex pattern(symptom.pattern.begin(), symptom.pattern.end());
    if (std::any_of(texts.begin(), texts.end(),
                    [&](const std::string& text) { return std::regex_search(text, pattern); })) {
      matches.push_back(&symptom);
      // The first row that matches decides; only behind one of many meanings are further rows looked at.
      if (matches.front()->kind == SymptomKind::Specific) {
        break;
      }
    }
  }
  return matches;
}

// By kinds of damage and not by codes: a new problem of a known kind is found by the messages of that kind at once.
std::vector<const Problem*> problems_behind(const Symptom& symptom) {
  std::vector<const Problem*> problems;
  for (const std::string_view cause : split(symptom.causes, ',')) {
    for (const Problem& problem : all_problems()) {
      if (names(problem.catalogue, cause) && std::find(problems.begin(), problems.end(), &problem) == problems.end()) {
        problems.push_back(&problem);
      }
    }
  }
  return problems;
}

std::vector<const Symptom*> symptoms_of(const Problem& problem) {
  std::vector<const Symptom*> symptoms;
  for (const Symptom& symptom : kSymptoms) {
    const auto causes = split(problem.catalogue, ',');
    if (std::any_of(causes.begin(), causes.end(),
                    [&](std::string_view cause) { return names(symptom.causes, cause); })) {
      symptoms.push_back(&symptom);
    }
  }
  return symptoms;
}

}  // namespace dfsck
