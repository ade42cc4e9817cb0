// The manual pages against the tables: same entries, same order, same words.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "checks/table.h"
#include "cmd/options/exit_codes.h"
#include "cmd/options/option_table.h"

namespace dfsck {
namespace {

// Lines of a page without roff's escapes for hyphens and without its quotes around arguments.
std::vector<std::string> page(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path << " cannot be read; tests run in the top directory";
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    std::string plain;
    for (const char c : line) {
      if (c != '\\' && c != '"') {
        plain += c;
      }
    }
    lines.push_back(plain);
  }
  return lines;
}

// The section between two .SH lines.
std::vector<std::string> section(const std::vector<std::string>& lines, const std::string& title) {
  std::vector<std::string> found;
  bool inside = false;
  for (const std::string& line : lines) {
    if (line.starts_with(".SH")) {
      inside = line == ".SH " + title;
    } else if (inside) {
      found.push_back(line);
    }
  }
  return found;
}

// The tags of .TP entries: the lines after them.
std::vector<std::string> tags(const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  for (size_t i = 0; i + 1 < lines.size(); ++i) {
    if (lines[i] == ".TP") {
      found.push_back(lines[i + 1]);
    }
  }
  return found;
}

std::string documented(const OptionRow& row) {
  const std::string both =
      (row.letter != 0 ? std::string("-") + row.letter + ", " : std::string()) + "--" + std::string(row.name);
  return row.argument.empty() ? both : both + " " + std::string(row.argument);
}

// ".BR -n ,  --dry-run" and ".BI --only  NAME" without macro and doubled blanks.
std::string tag_text(std::string tag) {
  tag.erase(0, tag.find(' ') + 1);
  for (const auto& [from, to] : {std::pair{" , ", ", "}, std::pair{" ,", ","}, std::pair{"  ", " "}}) {
    for (size_t at = tag.find(from); at != std::string::npos; at = tag.find(from)) {
      tag.replace(at, std::string(from).size(), to);
    }
  }
  return tag;
}

TEST(ManualPage, DescribesEveryOptionInTheOrderOfTheTable) {
  std::vector<std::string> expected;
  for (const OptionRow& row : all_options()) {
    expected.push_back(documented(row));
  }
  std::vector<std::string> found;
  for (const std::string& tag : tags(section(page("man/docker-fsck.8"), "OPTIONS"))) {
    found.push_back(tag_text(tag));
  }
  EXPECT_EQ(found, expected);
}

TEST(ManualPage, ListsEveryExitCode) {
  std::vector<std::string> expected;
  for (const int code : {kExitClean, kExitCorrected, kExitProblemsLeft, kExitFailed, kExitUsage, kExitCancelled}) {
    expected.push_back(".B " + std::to_string(code));
  }
  EXPECT_EQ(tags(section(page("man/docker-fsck.8"), "EXIT STATUS")), expected);
}

struct Entry {
  std::string heading;  // "DF0322 short-link-missing"
  std::string severity;
  std::string safety;
  size_t lines = 0;  // of text
};

// What stands in ".BR word ," or ".BR word ." at `index`.
std::string word_at(const std::vector<std::string>& lines, size_t index) {
  std::istringstream line(index < lines.size() ? lines[index] : "");
  std::string macro;
  std::string word;
  line >> macro >> word;
  return word;
}

std::vector<Entry> entries(const std::vector<std::string>& lines) {
  std::vector<Entry> found;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with(".SS DF")) {
      found.push_back({lines[i].substr(4), word_at(lines, i + 1), word_at(lines, i + 3), 0});
    } else if (lines[i].starts_with(".S")) {
      continue;
    } else if (!found.empty() && !lines[i].starts_with(".")) {
      ++found.back().lines;
    }
  }
  return found;
}

TEST(ProblemsPage, HasAnEntryForEveryProblem) {
  const std::vector<Entry> found = entries(page("man/docker-fsck-problems.7"));
  for (const Problem& problem : all_problems()) {
    const std::string heading = problem.code() + " " + problem.slug();
    const auto entry = std::find_if(found.begin(), found.end(), [&](const Entry& e) { return e.heading == heading; });
    if (entry == found.end()) {
      ADD_FAILURE() << "problem " << heading << " is not in docker-fsck-problems.7";
      continue;
    }
    EXPECT_EQ(entry->severity, severity_name(problem.severity)) << heading;
    EXPECT_EQ(entry->safety, safety_name(problem.safety)) << heading;
    EXPECT_GE(entry->lines, 4U) << heading << " is hardly described";
  }
}

TEST(ProblemsPage, HasNoOtherEntriesAndKeepsTheOrderOfTheTable) {
  std::vector<std::string> expected;
  for (const Problem& problem : all_problems()) {
    expected.push_back(problem.code() + " " + problem.slug());
  }
  std::vector<std::string> found;
  for (const Entry& entry : entries(page("man/docker-fsck-problems.7"))) {
    found.push_back(entry.heading);
  }
  EXPECT_EQ(found, expected);
}

TEST(ProblemsPage, EachProblemStandsInTheSectionOfItsArea) {
  std::string area;
  for (const std::string& line : page("man/docker-fsck-problems.7")) {
    if (line.starts_with(".SH")) {
      const size_t name = line.find("(area ");
      area = name == std::string::npos ? "" : line.substr(name + 6, line.size() - name - 7);
    } else if (line.starts_with(".SS DF")) {
      const Problem* problem = find_problem(line.substr(4, 6));
      ASSERT_NE(problem, nullptr) << line;
      EXPECT_EQ(problem->area(), area) << line;
    }
  }
}

}  // namespace
}  // namespace dfsck
