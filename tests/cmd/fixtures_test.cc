// Every case of fixtures/cases: builds its root, damages it, and compares what docker-fsck says with what the case
// expects. FIXTURES_ACCEPT=1 rewrites the expectations instead; read them before you commit them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "checks/table.h"
#include "core/base/text.h"
#include "core/codec/json/json.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

extern char** environ;

namespace dfsck {
namespace {

namespace fs = std::filesystem;

using test::case_files;
using test::kCases;
constexpr auto kPatience = std::chrono::seconds(60);  // sanitizer builds on busy machines; a hang is what it is for

std::string file_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// The program that was built with this test, unless the environment names another.
std::string tested_program() {
  if (const char* given = std::getenv("DOCKER_FSCK"); given != nullptr) {
    return given;
  }
  return (fs::read_symlink("/proc/self/exe").parent_path() / "docker-fsck").string();
}

struct ScratchRun {
  std::string out;
  std::string err;
  std::string exit;  // "exit 4", or why there is none
};

std::string wait_for(pid_t child) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return "no end within " + std::to_string(kPatience.count()) + " seconds";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status))
                           : "killed by signal " + std::to_string(WTERMSIG(status));
}

ScratchRun run_in_scratch(const std::vector<std::string>& arguments, const std::string& scratch) {
  const std::string out = scratch + "/stdout";
  const std::string err = scratch + "/stderr";
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), tested_program());
  std::vector<char*> raw;
  for (std::string& word : words) {
    raw.push_back(word.data());
  }
  raw.push_back(nullptr);
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    return {"", "", "cannot start " + tested_program() + ": " + errno_text(failure)};
  }
  ScratchRun run;
  run.exit = wait_for(child);
  run.out = file_bytes(out);
  run.err = file_bytes(err);
  return run;
}

// A root on disk, and the ways to look at it.
class Fixture : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    Result<RecipeCase> recipe = read_case(path());
    ASSERT_TRUE(recipe) << recipe.error().message();
    recipe_ = std::move(*recipe);
    root_ = scratch_.path() + "/root";
    ASSERT_TRUE(fs::create_directory(root_));
    const Result<RecipeNames> names = build_root(root_, recipe_.objects);
    ASSERT_TRUE(names) << names.error().message();
    const Result<void> damaged = apply_damage(root_, recipe_.damage, *names);
    ASSERT_TRUE(damaged) << damaged.error().message();
  }

  std::string path() const { return std::string(kCases) + "/" + GetParam(); }

  ScratchRun check(std::vector<std::string> further) {
    std::vector<std::string> arguments{"--dry-run",  "--no-trunc", "-v",           "--color", "never",
                                       "--progress", "none",       "--root-label", "ROOT"};
    arguments.insert(arguments.end(), recipe_.arguments.begin(), recipe_.arguments.end());
    arguments.insert(arguments.end(), further.begin(), further.end());
    arguments.push_back(root_);
    return run_in_scratch(arguments, scratch_.path());
  }

  test::TempRoot scratch_;
  std::string root_;
  RecipeCase recipe_;
};

// The findings that a text report counts up, in all its roots.
size_t findings_in_text(const std::string& text) {
  const size_t at = text.rfind("\nfound: ");
  size_t count = 0;
  std::istringstream words(at == std::string::npos ? "" : text.substr(at + 8, text.find('\n', at + 1) - at - 8));
  for (std::string word; words >> word;) {
    count += parse_uint64(word).value_or(0);
  }
  return count;
}

size_t findings_in_json(const JsonValue& report) {
  const JsonValue::Array* findings = report.get("findings").as_array();
  size_t count = findings != nullptr ? findings->size() : 0;
  if (const JsonValue::Array* below = report.get("below").as_array()) {
    for (const JsonValue& root : *below) {
      count += findings_in_json(root);
    }
  }
  return count;
}

bool is_plain_text(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7F;
  });
}

TEST_P(Fixture, SaysWhatTheCaseExpects) {
  const Result<Snapshot> before = take_snapshot(root_);
  ASSERT_TRUE(before) << before.error().message();
  const ScratchRun one = check({"-j1"});
  const ScratchRun eight = check({"-j8"});
  const ScratchRun json = check({"-j2", "--format", "json"});
  const Result<Snapshot> after = take_snapshot(root_);
  ASSERT_TRUE(after) << after.error().message();

  EXPECT_EQ(difference(*before, *after), "") << "a check must not change anything";
  EXPECT_EQ(one.out, eight.out) << "the report depends on the number of jobs";
  EXPECT_EQ(one.err, "");
  EXPECT_TRUE(is_plain_text(one.out)) << one.out;
  const Result<JsonValue> report = parse_json(json.out);
  ASSERT_TRUE(report) << report.error().message() << "\n" << json.out;
  EXPECT_EQ(findings_in_json(*report), findings_in_text(one.out));
  EXPECT_EQ(json.exit, one.exit);

  const std::string said = one.out + one.exit + "\n";
  if (std::getenv("FIXTURES_ACCEPT") != nullptr) {
    if (said == recipe_.expected) {
      GTEST_SKIP() << "unchanged: " << GetParam();
    }
    const Result<void> written = write_expectation(path(), recipe_, said);
    ASSERT_TRUE(written) << written.error().message();
    GTEST_SKIP() << "accepted: " << GetParam();
  }
  EXPECT_EQ(said, recipe_.expected);
}

std::string case_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param.substr(0, info.param.rfind('.'));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, Fixture, testing::ValuesIn(case_files()), case_name);

// The slug of the problem that a case is about: the longest slug that its file name begins with.
std::string slug_of(const std::string& file) {
  const std::string stem = fs::path(file).stem().string();
  std::string slug;
  for (const Problem& problem : all_problems()) {
    const std::string candidate = problem.slug();
    if ((stem == candidate || stem.starts_with(candidate + "-")) && candidate.size() > slug.size()) {
      slug = candidate;
    }
  }
  return slug;
}

bool is_about_no_single_problem(const std::string& file) {
  return file.starts_with("good/") || file.starts_with("garbage/");
}

TEST(FixtureSet, NamesProblemsThatExistAndExpectsThem) {
  for (const std::string& file : case_files()) {
    const std::string expected = file_bytes(fs::path(kCases) / file);
    if (is_about_no_single_problem(file)) {
      EXPECT_TRUE(!file.starts_with("good/") || expected.ends_with("\nexit 0\n")) << file;
      continue;
    }
    const std::string slug = slug_of(file);
    ASSERT_FALSE(slug.empty()) << file << " begins with no slug of checks/table.def";
    const Problem& problem = *find_problem(slug);
    const bool told = expected.find("\n" + problem.code() + " ") != std::string::npos ||
                      expected.find("(" + problem.code() + ")\n") != std::string::npos ||
                      expected.find("(" + problem.code() + "; hits") != std::string::npos;
    EXPECT_TRUE(told) << file << " does not expect " << slug;
    EXPECT_EQ(file.substr(0, file.find('/')), problem.area()) << file << " lies in the wrong folder";
    EXPECT_TRUE(expected.starts_with("# ")) << file << " does not say what broke";
  }
}

// elsewhere.txt: "slug file" for problems of the host, which no files can show.
TEST(FixtureSet, CoversEveryProblem) {
  std::set<std::string> covered;
  for (const std::string& file : case_files()) {
    covered.insert(slug_of(file));
  }
  std::istringstream lines(file_bytes(fs::path(kCases) / "elsewhere.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') {
      continue;
    }
    std::istringstream words(line);
    std::string slug;
    std::string file;
    words >> slug >> file;
    const Problem* problem = find_problem(slug);
    ASSERT_NE(problem, nullptr) << "elsewhere.txt: " << line;
    EXPECT_NE(file_bytes(file).find(slug), std::string::npos) << file << " does not mention " << slug;
    EXPECT_EQ(covered.count(slug), 0U) << slug << " has a case, it need not be in elsewhere.txt";
    covered.insert(slug);
  }
  for (const Problem& problem : all_problems()) {
    EXPECT_EQ(covered.count(problem.slug()), 1U) << problem.slug() << " has no case";
  }
}

}  // namespace
}  // namespace dfsck
