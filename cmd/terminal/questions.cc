// What is asked and how answers are understood.
#include "cmd/terminal/questions.h"

#include <algorithm>

#include "checks/table.h"
#include "cmd/options/words.h"
#include "cmd/render/safe_text.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// No answer is taken for granted: an empty line is none.
constexpr std::string_view kPrompt =
    "Repair it? y yes, n no, a all of this kind, o none of this kind, s show the steps, q quit: ";

const Problem& problem_at(const RootReport& report, size_t finding) {
  return problem_of(report.findings[finding].finding.problem);
}

// Kinds are problems of the table: what "all of this kind" means can be looked up.
std::set<ProblemId> kinds_of(const RootReport& report, const RepairGroup& group) {
  std::set<ProblemId> kinds;
  for (const size_t finding : group) {
    kinds.insert(report.findings[finding].finding.problem);
  }
  return kinds;
}

}  // namespace

// Repeats until it gets an answer that it knows. A terminal that goes away answers no.
bool confirmed(Conversation& conversation, const std::string& question, const Cancel& cancel) {
  while (true) {
    conversation.say(question + " [y/n] ");
    const std::optional<std::string> line = conversation.read_line(cancel);
    const std::string_view answer = line ? trimmed(*line) : "n";
    if (answer == "y" || answer == "yes" || answer == "n" || answer == "no") {
      return answer.front() == 'y';
    }
  }
}

// By kind, because a root with a thousand lost links has one question in it and not a thousand. A group
// of several kinds is made unasked only if all of them are wanted, and left if any of them is not.
Answers Questions::ask(const RootReport& report, const std::vector<RepairGroup>& groups) {
  Answers answers;
  answers.chosen.resize(groups.size());
  for (size_t i = 0; i < groups.size() && !answers.quit; ++i) {
    const std::set<ProblemId> kinds = kinds_of(report, groups[i]);
    const auto is_in = [](const std::set<ProblemId>& known) {
      return [&known](ProblemId kind) { return known.contains(kind); };
    };
    if (std::any_of(kinds.begin(), kinds.end(), is_in(unwanted_))) {
      continue;
    }
    if (std::all_of(kinds.begin(), kinds.end(), is_in(wanted_))) {
      answers.chosen[i] = true;
      continue;
    }
    const Reply reply = ask_about(report, groups[i], i + 1, groups.size());
    answers.chosen[i] = reply == Reply::Yes || reply == Reply::All;
    answers.quit = reply == Reply::Quit;
    if (reply == Reply::All) {
      wanted_.insert(kinds.begin(), kinds.end());
    } else if (reply == Reply::None) {
      unwanted_.insert(kinds.begin(), kinds.end());
    }
  }
  const auto count = static_cast<size_t>(std::count(answers.chosen.begin(), answers.chosen.end(), true));
  // Quitting leaves open what is to become of the answers so far, so that is asked. Whoever is gone has
  // not confirmed anything, and nothing is made.
  if (answers.quit && count > 0 && (gone_ || !confirms(count))) {
    answers.chosen.assign(groups.size(), false);
  }
  return answers;
}

bool Questions::confirms(size_t chosen) {
  return confirmed(conversation_, "Make the " + counted(chosen, "repair") + " that you said yes to?", cancel_);
}

// The steps only on demand: most know from the remedy what they want.
Questions::Reply Questions::ask_about(const RootReport& report, const RepairGroup& group, size_t number, size_t count) {
  conversation_.say("\n(" + std::to_string(number) + " of " + std::to_string(count) + ") " + described(report, group));
  while (true) {
    conversation_.say(kPrompt);
    const Reply reply = read_reply();
    if (reply == Reply::Show) {
      conversation_.say(steps(report, group));
    } else if (reply == Reply::Unclear) {
      conversation_.say("One letter is enough: y, n, a, o, s or q.\n");
    } else {
      return reply;
    }
  }
}

// At the end of input somebody has gone away, which is not the same as having said no to the rest.
Questions::Reply Questions::read_reply() {
  const std::optional<std::string> line = conversation_.read_line(cancel_);
  if (!line) {
    gone_ = true;
    return Reply::Quit;
  }
  const std::string_view answer = trimmed(*line);
  // Whole words too; nothing else that merely begins so.
  if (answer == "y" || answer == "yes")
    return Reply::Yes;
  if (answer == "n" || answer == "no")
    return Reply::No;
  if (answer == "a" || answer == "all")
    return Reply::All;
  if (answer == "o" || answer == "none")
    return Reply::None;
  if (answer == "s" || answer == "show")
    return Reply::Show;
  if (answer == "q" || answer == "quit")
    return Reply::Quit;
  return Reply::Unclear;
}

// All findings of the group, since the answer is for all: they share steps and cannot be parted.
std::string Questions::described(const RootReport& report, const RepairGroup& group) const {
  std::string text;
  for (const size_t finding : group) {
    const Problem& problem = problem_at(report, finding);
    const ReportedFinding& reported = report.findings[finding];
    text += (text.empty() ? "" : "  and with it ") + problem.code() + " " +
            std::string(severity_name(problem.severity)) + " " + problem.slug() + ": " +
            shown_text(reported.message, truncate_) + "\n";
    text += "  repair (" + std::string(safety_words(problem.safety)) + "): " + shown_text(reported.remedy, truncate_) +
            "\n";
  }
  return text;
}

std::string Questions::steps(const RootReport& report, const RepairGroup& group) const {
  std::set<size_t> numbers;
  for (const size_t finding : group) {
    numbers.insert(report.findings[finding].steps.begin(), report.findings[finding].steps.end());
  }
  std::string text;
  for (const size_t step : numbers) {
    text += "  would " + shown_text(describe(report.plan.steps[step].action), truncate_) + "\n";
  }
  return text;
}

}  // namespace dfsck
