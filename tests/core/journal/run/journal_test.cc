// Journals and plans as bytes: what is written is read back, what is damaged is refused.
#include "core/journal/run/journal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "core/journal/run/stamp.h"
#include "core/plan/plan_json.h"
#include "core/plan/step_groups.h"
#include "tests/support/repair_tree.h"

namespace dfsck::test {
namespace {

JsonValue record(const std::string& kind) { return JsonValue::object({{"record", JsonValue::string(kind)}}); }

JsonValue begin_of_format(int64_t format) {
  return JsonValue::object({{"record", JsonValue::string("begin")},
                            {"format", JsonValue::number(format)},
                            {"version", JsonValue::string("9.9.9")}});
}

struct JournalText {
  std::vector<JsonValue> records;
  uint64_t good_bytes = 0;
};

Result<JournalText> whole_journal(const Dir& run) {
  JournalText journal;
  const Result<uint64_t> bytes = read_journal(run, [&](const JsonValue& record, size_t) -> Result<void> {
    journal.records.push_back(record);
    return {};
  });
  journal.good_bytes = bytes ? *bytes : 0;
  return bytes ? Result(std::move(journal)) : bytes.error();
}

class JournalTest : public ::testing::Test {
 protected:
  Dir run() const { return *temp_.open().open_dir(RelPath()); }
  std::string file() const { return temp_.path() + "/journal"; }
  void write_records(int64_t format = kJournalFormat) const {
    Result<Journal> journal = Journal::create(run(), begin_of_format(format));
    ASSERT_TRUE(journal) << journal.error().message();
    ASSERT_TRUE(journal->append({record("one"), record("two")}));
    ASSERT_TRUE(journal->append({record("three")}));
  }
  TempRoot temp_;
};

TEST_F(JournalTest, AnyTornEndIsDropped) {
  write_records();
  const auto whole = std::filesystem::file_size(file());
  const size_t last = whole_journal(run())->records.size();
  ASSERT_EQ(last, 4U);
  const std::string text = *temp_.open().read_small("journal", 1 << 20);
  const size_t start = text.rfind('\n', text.size() - 2) + 1;
  for (size_t size = start; size < whole; ++size) {
    std::filesystem::resize_file(file(), size);
    const Result<JournalText> journal = whole_journal(run());
    ASSERT_TRUE(journal) << size << ": " << journal.error().message();
    EXPECT_EQ(journal->records.size(), last - 1);
    EXPECT_EQ(journal->good_bytes, start);
    std::ofstream(file(), std::ios::binary) << text;
  }
}

TEST_F(JournalTest, GoesOnBehindATornEnd) {
  write_records();
  std::ofstream(file(), std::ios::binary | std::ios::app) << "{\"record\":\"to";
  Result<Journal> journal = Journal::reopen(run(), whole_journal(run())->good_bytes);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->append({record("four")}));
  EXPECT_EQ(whole_journal(run())->records.size(), 5U);
}

// Records are far longer than one read, and begin anywhere in it.
TEST_F(JournalTest, IsReadPieceByPiece) {
  write_records();
  Result<Journal> journal = Journal::reopen(run(), whole_journal(run())->good_bytes);
  ASSERT_TRUE(journal);
  for (size_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(journal->append({record(std::string(i * 50'000, 'x'))}));
  }
  const Result<JournalText> all = whole_journal(run());
  ASSERT_TRUE(all) << all.error().message();
  EXPECT_EQ(all->records.size(), 44U);
  EXPECT_EQ(all->good_bytes, std::filesystem::file_size(file()));
}

TEST_F(JournalTest, DamageBeforeTheEndIsRefused) {
  write_records();
  const std::string text = *temp_.open().read_small("journal", 1 << 20);
  const size_t end_of_third = text.rfind('\n', text.size() - 2);
  for (size_t at = 0; at < end_of_third; at += 3) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(file(), std::ios::binary) << damaged;
    EXPECT_FALSE(whole_journal(run())) << "byte " << at;
  }
}

TEST_F(JournalTest, ANewerFormatIsRefusedByItsVersion) {
  write_records(kJournalFormat + 1);
  const Result<JournalText> journal = whole_journal(run());
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().message().find("9.9.9"), std::string::npos);
}

TEST(PlanJson, EveryActionComesBackEqual) {
  const TempRoot temp;
  build_repair_tree(temp);
  const Root root = temp.open();
  PlanFile file;
  file.root_path = std::string("/data/\xff");
  file.root_device = UINT64_MAX;
  file.root_inode = 42;
  file.plan = first_plan(root);
  file.reasons = plan_reasons();
  file.plan.steps[0].expect = {false, UINT64_MAX, S_IFREG | 0644U, UINT64_MAX, -5, 999'999'999, "sha256:00"};
  file.plan.steps.push_back({WriteFile{*RelPath::parse("n\xff\n"), std::string("\0\xff", 2), {1, 2, 3}}, {}, {}});
  const std::string text = to_plan_text(file);
  const Result<PlanFile> back = parse_plan_text(text);
  ASSERT_TRUE(back) << back.error().message();
  ASSERT_EQ(back->plan.steps.size(), file.plan.steps.size());
  for (size_t i = 0; i < file.plan.steps.size(); ++i) {
    EXPECT_EQ(back->plan.steps[i].action, file.plan.steps[i].action) << describe(file.plan.steps[i].action);
    EXPECT_EQ(back->plan.steps[i].expect, file.plan.steps[i].expect);
    EXPECT_EQ(back->plan.steps[i].findings, file.plan.steps[i].findings);
  }
  EXPECT_EQ(back->plan.groups, step_groups(file.plan.steps));
  EXPECT_EQ(back->reasons, file.reasons);
  EXPECT_EQ(back->root_path, file.root_path);
  EXPECT_EQ(to_plan_text(*back), text);
}

// Two findings can look alike: what their steps stand and fall with is not told by the reasons.
TEST(PlanJson, GroupsComeBackAndOlderFilesHaveNone) {
  PlanFile file;
  file.root_path = "/data";
  file.plan.steps = {{Quarantine{"a"}, {}, {0}}, {Quarantine{"b"}, {}, {1}}, {Quarantine{"c"}, {}, {1}}};
  file.plan.groups = {{0, {}}, {1, {0}}, {1, {}}};
  file.reasons = {{"DF0901", "slug", "layer", "safe"}, {"DF0901", "slug", "layer", "safe"}};
  const std::string text = to_plan_text(file);
  const Result<PlanFile> back = parse_plan_text(text);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->plan.groups, file.plan.groups);
  const std::string head = R"({"schema":"docker-fsck/plan/)";
  const std::string root = R"(","root":{"path":"/","device":1,"inode":2},"steps":[)";
  const std::string step = R"({"op":"quarantine","path":"a","expect":{"absent":true},"reasons":[]})";
  const Result<PlanFile> older = parse_plan_text(head + "1" + root + step + "]}");
  ASSERT_TRUE(older) << older.error().message();
  EXPECT_TRUE(older->plan.groups.empty());
  EXPECT_FALSE(parse_plan_text(head + "2" + root + step + "]}"));
  EXPECT_TRUE(parse_plan_text(head + "2" + root + R"({"group":0,"step":)" + step + "}]}"));
  EXPECT_FALSE(parse_plan_text(head + "2" + root + R"({"group":1,"step":)" + step + "}]}"));
  EXPECT_FALSE(parse_plan_text(head + "2" + root + R"({"group":0,"needs":["x"],"step":)" + step + "}]}"));
  EXPECT_FALSE(parse_plan_text(head + "3" + root + step + "]}"));
}

TEST(PlanJson, RefusesWhatItDoesNotKnow) {
  const std::string head = R"({"schema":"docker-fsck/plan/1","root":{"path":"/","device":1,"inode":2},"steps":[)";
  const std::string tail = R"(,"expect":{"absent":true},"reasons":[]}]})";
  EXPECT_TRUE(parse_plan_text(head + R"({"op":"quarantine","path":"a")" + tail));
  for (const char* step :
       {R"({"op":"delete","path":"a")", R"({"op":"quarantine","path":"../a")", R"({"op":"quarantine","path":"/a")",
        R"({"op":"quarantine","path":"")", R"({"op":"quarantine")",
        R"({"op":"write-file","path":"a","uid":0,"gid":0,"mode":420)",
        R"({"op":"write-file","path":"a","bytes":"","uid":0,"gid":0,"mode":4096)",
        R"({"op":"make-directory","path":"a","uid":-1,"gid":0,"mode":0)", R"({"op":"set-mtime","path":"a")",
        R"({"op":"set-mtime","path":"a","mtime":[1,1000000000])", R"({"op":"make-node","path":"a","type":"socket")",
        R"({"op":"write-symlink","path":"a","target_base64":"*")", R"({"op":"adopt","path":"a","staged":0)"}) {
    EXPECT_FALSE(parse_plan_text(head + step + tail)) << step;
  }
  EXPECT_FALSE(
      parse_plan_text(R"({"schema":"docker-fsck/plan/3","root":{"path":"/","device":1,"inode":2},"steps":[]})"));
  EXPECT_FALSE(parse_plan_text(head));
}

TEST(Stamp, IsReadBackAndNothingElseIs) {
  const TempRoot temp;
  const Root root = temp.open();
  EXPECT_FALSE(read_stamp(root)->has_value());
  ASSERT_TRUE(write_stamp(root, Stamp::Verdict::Damaged));
  ASSERT_TRUE(write_stamp(root, Stamp::Verdict::Clean));
  const auto stamp = read_stamp(root);
  ASSERT_TRUE(stamp && stamp->has_value());
  EXPECT_EQ((*stamp)->verdict, Stamp::Verdict::Clean);
  EXPECT_EQ((*stamp)->boot_id, current_boot_id());
  temp.write(".docker-fsck/stamp", "{\"clean\":true}");
  EXPECT_FALSE(read_stamp(root)->has_value());
}

}  // namespace
}  // namespace dfsck::test
