// daemon.json: only data-root changes, nothing is ever lost, and people are told what to do next.
#include "core/migrate/target/switch_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "core/codec/json/json.h"
#include "core/fs/write/mutation.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
namespace fs = std::filesystem;

std::string with(const std::string& text) {
  const Result<std::string> changed = with_data_root(text, "/data/d");
  return changed ? *changed : "error: " + changed.error().message();
}

std::string read(const TempRoot& temp, const std::string& path) {
  const Result<std::string> bytes = temp.open().read_small(*RelPath::parse(path), 1 << 20);
  return bytes ? *bytes : bytes.error().message();
}

TEST(SwitchConfig, OnlyTheMemberChanges) {
  EXPECT_EQ(with("{\n\t\"debug\": true,\n\t\"data-root\" : \"/old\" ,\n\t\"x\": [1,  2]\n}\n"),
            "{\n\t\"debug\": true,\n\t\"data-root\" : \"/data/d\" ,\n\t\"x\": [1,  2]\n}\n");
  EXPECT_EQ(with("{\n    \"debug\": true\n}"), "{\n    \"data-root\": \"/data/d\",\n    \"debug\": true\n}");
  EXPECT_EQ(with("{\"debug\":true}"), "{\"data-root\": \"/data/d\", \"debug\":true}");
  EXPECT_EQ(with("{\"graph\":\"/old\"}"), "{\"graph\":\"/data/d\"}");
  EXPECT_EQ(with("{\"graph\":\"/old\",\"data-root\":\"/o\"}"), "{\"graph\":\"/old\",\"data-root\":\"/data/d\"}");
  EXPECT_EQ(with("{\"x\":{\"data-root\":\"/no\"}}"), "{\"data-root\": \"/data/d\", \"x\":{\"data-root\":\"/no\"}}");
  EXPECT_EQ(with("{ }"), "{\n  \"data-root\": \"/data/d\"\n}");
  EXPECT_EQ(with(" \n"), "{\n  \"data-root\": \"/data/d\"\n}\n");
}

TEST(SwitchConfig, RefusesWhatIsNoObject) {
  for (const char* text : {"[]", "{", "{\"a\":1,}", "null", "{} x", "// comment\n{}", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(with_data_root(text, "/d")) << text;
  }
  const Result<std::string> odd = with_data_root("{}", "/a \"b\"\n\xff");
  ASSERT_TRUE(odd);
  EXPECT_TRUE(parse_json(*odd));
}

TEST(SwitchConfig, KeepsTheOldFileBesideTheNewOne) {
  const TempRoot temp;
  temp.write("docker/daemon.json", "{\"data-root\":\"/old\"}");
  fs::permissions(temp.path() + "/docker/daemon.json", fs::perms(0600));
  struct ::stat before {
  }, kept{}, now{};
  ASSERT_EQ(::stat((temp.path() + "/docker/daemon.json").c_str(), &before), 0);
  const Result<SwitchedConfig> switched = switch_data_root(temp.path() + "/docker/daemon.json", "/data/d");
  ASSERT_TRUE(switched) << switched.error().message();
  EXPECT_TRUE(switched->changed);
  ASSERT_TRUE(switched->backup);
  EXPECT_EQ(read(temp, "docker/daemon.json"), "{\"data-root\":\"/data/d\"}");
  EXPECT_TRUE(switched->backup->starts_with(switched->path + ".docker-fsck-2"));
  ASSERT_EQ(::stat(switched->backup->c_str(), &kept), 0);
  ASSERT_EQ(::stat(switched->path.c_str(), &now), 0);
  EXPECT_EQ(kept.st_ino, before.st_ino);
  EXPECT_EQ(now.st_mode, before.st_mode);
  const Result<SwitchedConfig> again = switch_data_root(temp.path() + "/docker/daemon.json", "/data/d");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed);
  EXPECT_FALSE(again->backup);
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path() + "/docker"), {}), 2);
}

TEST(SwitchConfig, MakesWhatIsMissingAndFollowsLinks) {
  const TempRoot temp;
  const Result<SwitchedConfig> made = switch_data_root(temp.path() + "/docker/daemon.json", "/data/d");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_FALSE(made->backup);
  EXPECT_EQ(read(temp, "docker/daemon.json"), "{\n  \"data-root\": \"/data/d\"\n}\n");
  EXPECT_FALSE(switch_data_root(temp.path() + "/a/b/daemon.json", "/data/d"));

  temp.write("real/config.json", "{}");
  temp.make_symlink("link.json", "real/config.json");
  const Result<SwitchedConfig> linked = switch_data_root(temp.path() + "/link.json", "/data/d");
  ASSERT_TRUE(linked) << linked.error().message();
  EXPECT_TRUE(fs::is_symlink(temp.path() + "/link.json"));
  EXPECT_TRUE(linked->backup->find("/real/config.json.docker-fsck-") != std::string::npos);
  EXPECT_NE(read(temp, "real/config.json").find("/data/d"), std::string::npos);

  temp.make_symlink("dangling.json", "nowhere/daemon.json");
  EXPECT_FALSE(switch_data_root(temp.path() + "/dangling.json", "/data/d"));
}

// Fails one call.
class FailAt : public MutationHook {
 public:
  explicit FailAt(size_t which) : left_(which) {}
  int before(std::string_view) override { return left_-- == 0 ? EIO : 0; }
  void after(std::string_view) override {}
  bool reached() const { return left_ > SIZE_MAX / 2; }

 private:
  size_t left_;
};

TEST(SwitchConfig, AFailureLeavesAWholeFile) {
  for (size_t call = 0;; ++call) {
    const TempRoot temp;
    const std::string old = "{\"data-root\":\"/old\"}";
    temp.write("daemon.json", old);
    FailAt hook(call);
    set_mutation_hook(&hook);
    const Result<SwitchedConfig> switched = switch_data_root(temp.path() + "/daemon.json", "/data/d");
    set_mutation_hook(nullptr);
    const std::string now = read(temp, "daemon.json");
    if (!hook.reached()) {
      EXPECT_TRUE(switched);
      EXPECT_GT(call, 4U);
      break;
    }
    EXPECT_FALSE(switched);
    EXPECT_TRUE(now == old || now == "{\"data-root\":\"/data/d\"}") << call << now;
  }
}

TEST(SwitchConfig, FindsRootsOnCommandLines) {
  const TempRoot temp;
  temp.write("usr/lib/systemd/system/docker.service",
             "[Service]\nExecStart=/usr/bin/dockerd -H fd:// \\\n --graph /g\n");
  temp.write("etc/systemd/system/docker.service.d/a.conf",
             "# --data-root=/no\nExecStart=\nExecStart=dockerd --data-root=/d\n");
  temp.write("etc/systemd/system/docker.service.d/b.txt", "ExecStart=dockerd --data-root=/no\n");
  temp.write("etc/default/docker", "DOCKER_OPTS=\"--debug -g /x\"\n");
  const std::vector<CommandLineRoot> roots = command_line_roots(temp.path());
  std::vector<std::string> options;
  for (const CommandLineRoot& root : roots) {
    options.push_back(root.option);
  }
  EXPECT_EQ(options, (std::vector<std::string>{"--data-root=/d", "--graph /g", "-g /x"}));
  EXPECT_TRUE(command_line_roots(temp.path() + "/nothing").empty());
}

bool says(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

TEST(NextSteps, SaysWhatIsNeededAndNothingElse) {
  NextStepFacts facts;
  facts.old_root = "/var/lib/docker";
  facts.new_root = "/data/my docker";
  facts.mount_point = "/";
  std::vector<std::string> lines = next_steps(facts);
  EXPECT_TRUE(says(lines, "\"data-root\": \"/data/my docker\""));
  EXPECT_TRUE(says(lines, "docker-fsck --dry-run '/data/my docker'"));
  EXPECT_FALSE(says(lines, "semanage"));
  EXPECT_FALSE(says(lines, "RequiresMountsFor"));
  EXPECT_TRUE(says(lines, "back to /var/lib/docker"));
  EXPECT_TRUE(says(lines, "then it can be removed"));
  facts.is_whole = false;
  EXPECT_FALSE(says(next_steps(facts), "can be removed"));
  facts.is_whole = true;
  facts.in_memory = true;
  EXPECT_FALSE(says(next_steps(facts), "can be removed"));
  EXPECT_TRUE(says(next_steps(facts), "lies in memory"));
  facts.in_memory = false;
  facts.elsewhere = {"/var/lib/docker/volumes"};
  EXPECT_TRUE(says(next_steps(facts), "can be removed"));
  EXPECT_TRUE(says(next_steps(facts), "behind /var/lib/docker/volumes lies elsewhere"));
  facts.elsewhere.clear();

  facts.selinux = true;
  facts.mount_point = "/data";
  facts.switched = SwitchedConfig{"/etc/docker/daemon.json", "/etc/docker/daemon.json.docker-fsck-X", true};
  facts.on_command_line = {{"/etc/default/docker", "-g /x"}};
  lines = next_steps(facts);
  EXPECT_TRUE(says(lines, "semanage fcontext -a -e /var/lib/docker '/data/my docker'"));
  EXPECT_TRUE(says(lines, "RequiresMountsFor"));
  EXPECT_TRUE(says(lines, "mv /etc/docker/daemon.json.docker-fsck-X /etc/docker/daemon.json"));
  EXPECT_TRUE(says(lines, "Take -g /x out of /etc/default/docker"));

  facts.new_root = "/it's\n\x1b[31m";
  for (const std::string& line : next_steps(facts)) {
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' '; })) << line;
  }
}

}  // namespace
}  // namespace dfsck
