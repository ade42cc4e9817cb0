// The JSON report: valid, complete, in a fixed order, and the same bytes every time.
#include "cmd/render/render.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/codec/json/json.h"
#include "core/fs/stat.h"
#include "tests/support/sample_report.h"

namespace dfsck {
namespace {

std::vector<std::string> keys(const JsonValue& object) {
  std::vector<std::string> names;
  for (const JsonMember& member : *object.as_object()) {
    names.push_back(member.key);
  }
  return names;
}

JsonValue document_of(const std::string& text) {
  Result<JsonValue> value = parse_json(text);
  if (!value) {
    ADD_FAILURE() << value.error().message() << "\n" << text;
    return JsonValue{};
  }
  return *value;
}

TEST(RenderJson, KeysStandInTheOrderOfTheSchema) {
  const JsonValue json = document_of(render_json(sample_of_everything().report, {}));
  EXPECT_EQ(keys(json), (std::vector<std::string>{"schema", "version", "root", "driver", "mode", "level", "daemon",
                                                  "counts", "findings", "plan", "repair", "failures", "not_checked",
                                                  "cancelled", "below", "summary", "journal", "exit_code"}));
  EXPECT_EQ(keys(json.get("counts")), (std::vector<std::string>{"images", "layers", "containers", "zebras"}));
  const JsonValue& finding = (*json.get("findings").as_array())[2];
  EXPECT_EQ(keys(finding),
            (std::vector<std::string>{"code", "slug", "severity", "safety", "subject", "path", "message", "consequence",
                                      "remedy", "args", "affects", "caused_by", "repair"}));
  EXPECT_EQ(*finding.get("code").as_string(), "DF0322");
  EXPECT_EQ(*finding.get("message").as_string(),
            "the short link overlay2/l/LINK of overlay2/" + sample_id('a') + " is missing");
  EXPECT_EQ(*finding.get("repair").get("status").as_string(), "planned");
  EXPECT_EQ((*finding.get("repair").get("steps").as_array())[0],
            JsonValue::string("make symbolic link overlay2/l/LINK -> ../" + sample_id('a') + "/diff"));
  EXPECT_EQ((*json.get("findings").as_array())[4].get("caused_by").as_uint64(), 2U);
  EXPECT_EQ(json.get("exit_code").as_int64(), 4);
}

TEST(RenderJson, TheSummaryCountsTheRootsBelowToo) {
  SampleReport sample = sample_of_everything();
  sample.report.below.push_back(sample_of_everything().report);
  const JsonValue json = document_of(render_json(sample.report, {}));
  EXPECT_EQ(json.get("summary").get("errors").as_uint64(), 4U);
  EXPECT_EQ(json.get("summary").get("warnings").as_uint64(), 2U);
  EXPECT_EQ(json.get("summary").get("infos").as_uint64(), 4U);
  EXPECT_EQ(json.get("summary").get("left").as_uint64(), 6U);
  EXPECT_EQ((*json.get("below").as_array())[0].get("findings").as_array()->size(), 5U);
}

TEST(RenderJson, StepsHoldAllThatAReviewerNeeds) {
  SampleReport sample;
  const size_t finding = sample.add("lower-empty", {{"dir", "d"}, {"state", "empty"}, {"depth", "1 layer"}});
  sample.plan(finding, WriteFile{RelPath("overlay2/d/lower"), std::string("l/A\n\0\xff", 6), {1, 2, 0644}});
  sample.plan(finding, SetXattr{RelPath("overlay2/d"), "trusted.overlay.opaque", std::nullopt});
  sample.plan(finding, MakeNode{RelPath("overlay2/d/diff/x"), S_IFCHR, 0, 0, {}});
  sample.plan(finding, Rename{RelPath("a"), RelPath("b")});
  sample.plan(finding, SetMtime{RelPath("a"), -5, 7});
  sample.report.plan.steps[1].expect = {false, 7, 0100644, 9, 11, 13, "sha256:00"};
  const JsonValue json = document_of(render_json(sample.report, {}));
  const JsonValue::Array& plan = *json.get("plan").as_array();
  EXPECT_EQ(*plan[0].get("op").as_string(), "write-file");
  EXPECT_EQ(*plan[0].get("bytes").as_string(), "l/A\\x0a\\x00\\xff");
  EXPECT_EQ(plan[0].get("owner").get("mode").as_uint64(), 0644U);
  EXPECT_EQ(plan[0].get("expect").get("absent").as_bool(), true);
  EXPECT_EQ(plan[0].get("why").as_uint64(), finding);
  EXPECT_TRUE(plan[1].find("value")->is_null());
  EXPECT_EQ(plan[1].get("expect").get("inode").as_uint64(), 7U);
  EXPECT_EQ(*plan[2].get("type").as_string(), type_name(S_IFCHR));
  EXPECT_EQ(*plan[3].get("to").as_string(), "b");
  EXPECT_EQ(plan[4].get("seconds").as_int64(), -5);
}

TEST(RenderJson, SameReportSameBytes) {
  EXPECT_EQ(render_json(sample_of_everything().report, {}), render_json(sample_of_everything().report, {}));
}

TEST(RenderJson, TimesOnlyWhereTheyAreWanted) {
  const RootReport report = sample_of_everything().report;
  EXPECT_EQ(render_json(report, {}).find("timing"), std::string::npos);
  RenderSettings settings;
  settings.timing = Timing{1.5, 2.5, 1 << 20, 1000, 2};
  EXPECT_EQ(document_of(render_json(report, settings)).get("timing").get("wall_seconds"),
            JsonValue::number_text("1.500"));
}

TEST(RenderJson, AnyBytesGiveValidJson) {
  SampleReport sample;
  sample.report.root = "/r\xff\"\\\n";
  sample.report.failures = {"open \x1b[1m\xc3", "quote \" done"};
  sample.add("tag-malformed", {{"key", "a\\x1bb\xfe"}});
  const JsonValue json = document_of(render_json(sample.report, {}));
  EXPECT_EQ(*json.get("root").as_string(), "/r\\xff\"\\\\x0a");
  EXPECT_EQ(*(*json.get("failures").as_array())[0].as_string(), "open \\x1b[1m\\xc3");
  EXPECT_EQ(*(*json.get("findings").as_array())[0].get("message").as_string(),
            "repositories.json holds a\\x1bb\\xfe, which is no valid reference");
}

TEST(RenderJson, FailuresAreADocumentToo) {
  const JsonValue json = document_of(render_json_error("no such \"root\"", 8));
  EXPECT_EQ(*json.get("error").get("message").as_string(), "no such \"root\"");
  EXPECT_EQ(json.get("exit_code").as_int64(), 8);
}

}  // namespace
}  // namespace dfsck
