// A migration that is killed at any of its changes, and killed again while it goes on, ends as one that was not: with
// the same target, to the last attribute. MIGRATE_KILLS=N kills N times (60).
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "cmd/program.h"
#include "core/codec/json/json.h"
#include "core/journal/history.h"
#include "tests/support/awkward_tree.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/repair_tree.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;
using Act = CallCounter::Act;

constexpr unsigned kSeed = 20240229;

size_t wanted_kills() {
  const char* const told = std::getenv("MIGRATE_KILLS");
  return told != nullptr ? static_cast<size_t>(std::atoi(told)) : 60;
}

class KilledMigration : public testing::Test {
 protected:
  static void SetUpTestSuite() { use_fast_temporary_directory(); }

  // A root with a damage that is repaired in the target, and with containers, whose files are rewritten.
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
    source_.emplace();
    ASSERT_TRUE(build_case("good/plain.case", source_->path()));
    const std::string data = source_->path() + "/volumes/data/_data";
    fs::create_directory(data + "/deep");
    std::ofstream(data + "/deep/large") << std::string(3'000'000, 'x');
    fs::create_hard_link(data + "/deep/large", data + "/other name");
    for (const auto& entry : fs::directory_iterator(source_->path() + "/overlay2")) {
      if (fs::exists(entry.path() / "link")) {
        const fs::path link = entry.path() / "link";
        fs::resize_file(link, 0);
        mended_ = link.lexically_relative(source_->path()).string();
        break;
      }
    }
  }

  std::vector<std::string> words(const std::string& target) const {
    return {"migrate", "--progress", "none", "--format",      "json", "--jobs",
            "1",       "--verify",   "full", source_->path(), target};
  }

  // Kills it at the call. False: it ended before.
  bool is_killed(const std::string& target, Act act, size_t at) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const CallCounter counter(act, at);
      ::_exit(run_program(words(target)).exit_code);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return WEXITSTATUS(status) == CallCounter::kDied;
  }

  // Where a kill has caught it.
  static std::string phase_of(const std::string& target) {
    const std::string own = target + "/.docker-fsck/";
    if (fs::exists(own + "trial")) {
      return "trial";
    }
    if (fs::exists(own + "migrated")) {
      return "after the end";
    }
    std::ifstream journal(own + "migration/journal");
    const std::string told{std::istreambuf_iterator<char>(journal), {}};
    if (told.find("{\"record\":\"changes\"") == std::string::npos) {
      return told.empty() ? "before copying" : "copying";
    }
    const Result<Root> root = Root::open(target);
    const auto runs = root ? list_runs(*root) : std::vector<RunRecord>{};
    if (!runs || runs->empty()) {
      return "rewriting";
    }
    return runs->front().state == RunRecord::State::Unfinished ? "target repair" : "final check";
  }

  // Without what is repaired, which has the time of that.
  Snapshot shape(const std::string& target) const {
    EXPECT_GT(fs::file_size(target + "/" + mended_), 0U);
    Snapshot all = shape_of(target);
    all.erase(mended_);
    return all;
  }

  static JsonValue report_of(const Output& output) {
    Result<JsonValue> report = parse_json(output.out);
    EXPECT_TRUE(report) << output.out;
    return report ? *report : JsonValue();
  }

  std::optional<TempRoot> source_;
  std::string mended_;  // path of it
};

TEST_F(KilledMigration, EndsAsOneThatWasNot) {
  const TempRoot temp;
  const std::string target = temp.path() + "/target";
  size_t calls = 0;
  {
    const CallCounter counter(Act::Count);
    ASSERT_EQ(run_program(words(target)).exit_code, 1) << "the damage is mended";
    calls = counter.calls();
  }
  const Snapshot wanted = shape(target);
  std::mt19937 random(kSeed);
  // The calls of a repair and of the end are few, and worth as many kills as the many of copying.
  const auto somewhere = [&] {
    if (random() % 8 == 0) {
      return calls;  // the last one, when its record has its name
    }
    const size_t late = calls - std::min<size_t>(calls, 60);
    return random() % 2 == 0 ? 1 + random() % calls : late + 1 + random() % (calls - late);
  };
  std::map<std::string, size_t> phases;
  const size_t kills = wanted_kills();
  for (size_t killed = 0; killed < kills;) {
    fs::remove_all(target);
    SCOPED_TRACE("after " + std::to_string(killed) + " kills");
    do {
      const size_t at = somewhere();
      const Act act = random() % 2 == 0 ? Act::DieBefore : Act::DieAfter;
      if (!is_killed(target, act, at)) {
        break;
      }
      ++killed;
      ++phases[phase_of(target)];
    } while (killed < kills && random() % 3 != 0);
    const Output ended = run_program(words(target));
    ASSERT_LE(ended.exit_code, 1) << ended.out;
    ASSERT_EQ(difference(wanted, shape(target)), "");
    const Output again = run_program(words(target));
    ASSERT_EQ(again.exit_code, 0) << again.out;
    const JsonValue report = report_of(again);
    ASSERT_TRUE(report.get("complete").as_bool().value_or(false)) << again.out;
    ASSERT_EQ(report.get("copied").get("bytes").as_uint64().value_or(1), 0U);
  }
  std::string told;
  for (const auto& [phase, count] : phases) {
    told += phase + ": " + std::to_string(count) + "\n";
  }
  RecordProperty("kills", told);
  for (const char* phase : {"trial", "copying", "rewriting", "target repair", "final check", "after the end"}) {
    EXPECT_TRUE(kills < 60 || phases.contains(phase)) << phase << "\n" << told;
  }
}

}  // namespace
}  // namespace dfsck::test
