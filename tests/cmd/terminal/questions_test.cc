// The interactive repair: what each answer does, with a made-up person and, from end to end, on a pseudo-terminal.
#include "cmd/terminal/questions.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/recipe/recipe.h"
#include "tests/support/sample_report.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

class Person : public Conversation {
 public:
  explicit Person(std::deque<std::string> answers) : answers_(std::move(answers)) {}
  void say(std::string_view text) override { heard.append(text); }
  std::optional<std::string> read_line(const Cancel&) override {
    if (answers_.empty()) {
      return std::nullopt;
    }
    const std::string answer = answers_.front();
    answers_.pop_front();
    return answer;
  }
  std::string heard;

 private:
  std::deque<std::string> answers_;
};

// Two lost links, an orphan, and two findings whose repairs share a step.
SampleReport sample() {
  SampleReport sample;
  const size_t first = sample.add("short-link-missing", {{"link", "ONE"}, {"dir", sample_id('a')}});
  const size_t second = sample.add("short-link-missing", {{"link", "TWO"}, {"dir", sample_id('b')}});
  const size_t orphan = sample.add("overlay-dir-orphan", {{"dir", sample_id('c')}, {"size", "1.0 GB"}});
  const size_t lower = sample.add("lower-missing", {{"dir", sample_id('d')}});
  const size_t also = sample.add("lower-empty", {{"dir", sample_id('d')}, {"state", "empty"}});
  sample.plan(first, WriteSymlink{"overlay2/l/ONE", "../a/diff"});
  sample.plan(second, WriteSymlink{"overlay2/l/TWO", "../b/diff"});
  sample.plan(orphan, Quarantine{"overlay2/c"});
  sample.plan(lower, WriteFile{"overlay2/d/lower", "l/ONE", Ownership{}});
  sample.report.plan.steps.back().findings.push_back(also);
  sample.report.findings[also].steps = {3};
  sample.report.findings[also].repair_status = "planned";
  return sample;
}

struct Told {
  std::vector<bool> chosen;
  bool quit = false;
  std::string heard;
};

Told told(std::deque<std::string> answers) {
  const SampleReport report = sample();
  Person person(std::move(answers));
  const Cancel cancel;
  Questions questions(person, Truncate::Yes, cancel);
  const Answers result = questions.ask(report.report, repair_groups(report.report));
  return {result.chosen, result.quit, person.heard};
}

using Chosen = std::vector<bool>;

TEST(Questions, FindingsThatShareAStepAreAskedAboutTogether) {
  const SampleReport report = sample();
  EXPECT_EQ(repair_groups(report.report), (std::vector<RepairGroup>{{0}, {1}, {2}, {3, 4}}));
  const Told all = told({"n", "n", "n", "y"});
  EXPECT_EQ(all.chosen, (Chosen{false, false, false, true}));
  EXPECT_NE(all.heard.find("(4 of 4) "), std::string::npos);
  EXPECT_NE(all.heard.find("and with it DF0331 error lower-empty"), std::string::npos) << all.heard;
}

TEST(Questions, AllAndNoneHoldForTheKind) {
  EXPECT_EQ(told({"a", "n", "n"}).chosen, (Chosen{true, true, false, false}));
  EXPECT_EQ(told({"o", "y", "yes"}).chosen, (Chosen{false, false, true, true}));
}

TEST(Questions, StepsAreShownAndNothingIsDecidedByThat) {
  const Told shown = told({"s", "y", "what?", "no", "n", "n"});
  EXPECT_EQ(shown.chosen, (Chosen{true, false, false, false}));
  EXPECT_NE(shown.heard.find("  would make symbolic link overlay2/l/ONE -> ../a/diff\n"), std::string::npos);
  EXPECT_NE(shown.heard.find("One letter is enough"), std::string::npos);
}

TEST(Questions, WhoQuitsIsAskedWhetherTheRestIsStillMade) {
  const Told made = told({"y", "q", "y"});
  EXPECT_TRUE(made.quit);
  EXPECT_EQ(made.chosen, (Chosen{true, false, false, false}));
  EXPECT_EQ(told({"y", "q", "n"}).chosen, (Chosen{false, false, false, false}));
  EXPECT_EQ(told({"q"}).chosen, (Chosen{false, false, false, false}));
}

TEST(Questions, WhoGoesAwayChoosesNothing) {
  const Told gone = told({"y", "y"});
  EXPECT_TRUE(gone.quit);
  EXPECT_EQ(gone.chosen, (Chosen{false, false, false, false}));
}

// docker-fsck on a pseudo-terminal, with its standard output in a file.
class OnATerminal : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    root_ = scratch_.path() + "/root";
    ASSERT_TRUE(fs::create_directory(root_));
    Result<RecipeCase> recipe = read_case("fixtures/cases/good/plain.case");
    ASSERT_TRUE(recipe);
    ASSERT_TRUE(build_root(root_, recipe->objects));
    for (const fs::directory_entry& link : fs::directory_iterator(root_ + "/overlay2/l")) {
      links_.push_back(link.path());
    }
    std::sort(links_.begin(), links_.end());
    ASSERT_GE(links_.size(), 3U);
    for (const fs::path& link : links_) {
      fs::remove(link);
    }
  }

  // Types one answer at each prompt; gives the exit code.
  int talk(const std::vector<std::string>& words, std::deque<std::string> answers) {
    const char* given = std::getenv("DOCKER_FSCK");
    const std::string program =
        given != nullptr ? given : (fs::read_symlink("/proc/self/exe").parent_path() / "docker-fsck").string();
    std::vector<std::string> line{program};
    line.insert(line.end(), words.begin(), words.end());
    const std::string out = scratch_.path() + "/out";
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
      std::vector<char*> raw;
      for (std::string& word : line) {
        raw.push_back(word.data());
      }
      raw.push_back(nullptr);
      if (std::freopen(out.c_str(), "w", stdout) != nullptr) {
        ::execv(raw[0], raw.data());
      }
      ::_exit(127);
    }
    read_prompts(terminal, std::move(answers));
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(terminal);
    std::ostringstream text;
    text << std::ifstream(out).rdbuf();
    out_ = text.str();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void read_prompts(int terminal, std::deque<std::string> answers) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    said_.clear();
    size_t answered = 0;
    while (std::chrono::steady_clock::now() < deadline) {
      pollfd wanted{terminal, POLLIN, 0};
      if (::poll(&wanted, 1, 100) <= 0) {
        continue;
      }
      char buffer[4096];
      const ssize_t got = ::read(terminal, buffer, sizeof buffer);
      if (got <= 0) {
        return;  // the program ended
      }
      said_.append(buffer, static_cast<size_t>(got));
      const bool asks = said_.size() > answered && (said_.ends_with("q quit: ") || said_.ends_with("[y/n] "));
      if (asks && !answers.empty()) {
        const std::string answer = answers.front() + "\n";
        answers.pop_front();
        answered = said_.size();
        ASSERT_EQ(::write(terminal, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
      }
    }
    ADD_FAILURE() << "no end; it said: " << said_;
  }

  size_t links_there() const {
    return static_cast<size_t>(std::count_if(
        links_.begin(), links_.end(), [](const fs::path& link) { return fs::is_symlink(fs::symlink_status(link)); }));
  }

  test::TempRoot scratch_;
  std::string root_;
  std::vector<fs::path> links_;
  std::string said_;  // on the terminal
  std::string out_;   // on standard output
};

TEST_F(OnATerminal, EachAnswerDoesWhatItSays) {
  EXPECT_EQ(talk({root_}, {"n", "s", "y", "q", "y"}), 4);
  EXPECT_EQ(links_there(), 1U);
  EXPECT_NE(said_.find("would make symbolic link"), std::string::npos) << said_;
  EXPECT_EQ(out_.find("Repair it?"), std::string::npos) << "questions do not go to standard output";
  EXPECT_NE(out_.find("\nREPAIRED:\n"), std::string::npos) << out_;

  EXPECT_EQ(talk({root_}, {"o"}), 4);
  EXPECT_EQ(links_there(), 1U);
  EXPECT_NE(out_.find("\nrepaired: nothing\n"), std::string::npos) << out_;

  EXPECT_EQ(talk({root_}, {"a"}), 1);
  EXPECT_EQ(links_there(), links_.size());
}

TEST_F(OnATerminal, ADryRunAsksNothing) {
  EXPECT_EQ(talk({"-n", root_}, {}), 4);
  EXPECT_EQ(links_there(), 0U);
  EXPECT_EQ(said_.find("Repair it?"), std::string::npos);
}

TEST_F(OnATerminal, UndoAndPurgeAsk) {
  EXPECT_EQ(talk({root_}, {"a"}), 1);
  EXPECT_EQ(talk({"undo", root_}, {"maybe", "n"}), 32);
  EXPECT_EQ(links_there(), links_.size());
  EXPECT_EQ(talk({"undo", root_}, {"y"}), 0);
  EXPECT_EQ(links_there(), 0U);
  EXPECT_EQ(talk({"purge", root_}, {"y"}), 0);
  EXPECT_EQ(talk({"history", root_}, {}), 0);
  EXPECT_NE(out_.find("no repair was made"), std::string::npos) << out_;
}

}  // namespace
}  // namespace dfsck
