// JSON as the daemon reads and writes it: tolerance, error classes, byte-exact output.
#include "core/codec/json/json.h"

#include <gtest/gtest.h>

namespace dfsck {
namespace {

JsonValue json_of(std::string_view text, const JsonLimits& limits = {}) {
  Result<JsonValue> value = parse_json(text, limits);
  EXPECT_TRUE(value) << text << ": " << (value ? "" : value.error().message());
  return value ? std::move(*value) : JsonValue();
}

JsonFault json_fault(std::string_view text, const JsonLimits& limits = {}) {
  JsonFault fault = JsonFault::None;
  const Result<JsonValue> value = parse_json(text, limits, &fault);
  EXPECT_EQ(static_cast<bool>(value), fault == JsonFault::None) << text;
  return fault;
}

std::string message_of(std::string_view text, const JsonLimits& limits = {}) {
  const Result<JsonValue> value = parse_json(text, limits);
  return value ? "no error" : value.error().message();
}

constexpr std::string_view kRepositories =
    R"({"Repositories":{"t1":{"t1:latest":)"
    R"("sha256:cf851fea0288a8b226c736ccfc677c25ebd7fa304788a92b7bb1ea3f263794aa"}}})";

TEST(Json, ReadsAndWritesBackWhatTheDaemonWrote) {
  const JsonValue value = json_of(kRepositories);
  EXPECT_EQ(*value.get("Repositories").get("t1").get("t1:latest").as_string(),
            "sha256:cf851fea0288a8b226c736ccfc677c25ebd7fa304788a92b7bb1ea3f263794aa");
  EXPECT_EQ(to_go_json(value), kRepositories);
}

TEST(Json, KeepsTypesMemberOrderAndTheTextOfNumbers) {
  const std::string_view text =
      R"({"z":1.0,"a":[1E400,-0,18446744073709551616,1e-5],"m":{},"t":true,"f":false,"n":null,"e":[],"s":""})";
  EXPECT_EQ(to_go_json(json_of(text)), text);
}

TEST(Json, LongNumbersAndStringsArriveWhole) {
  const std::string digits(5000, '7');
  const std::string letters(100000, 'x');
  const std::string text = "[" + digits + "." + digits + ",\"" + letters + "\\n" + letters + "\"]";
  EXPECT_EQ(to_go_json(json_of(text)), text);
}

TEST(Json, IntegersFollowGoParseInt) {
  const JsonValue value = json_of(R"([-9223372036854775808,18446744073709551615,1.0,1e3,"1"])");
  const JsonValue::Array& items = *value.as_array();
  EXPECT_EQ(items[0].as_int64(), INT64_MIN);
  EXPECT_EQ(items[0].as_uint64(), std::nullopt);
  EXPECT_EQ(items[1].as_int64(), std::nullopt);
  EXPECT_EQ(items[1].as_uint64(), UINT64_MAX);
  EXPECT_EQ(items[2].as_int64(), std::nullopt);
  EXPECT_EQ(items[3].as_int64(), std::nullopt);
  EXPECT_EQ(items[4].as_int64(), std::nullopt);
}

TEST(Json, FieldLookupIgnoresCaseAndTakesTheLastMatch) {
  const JsonValue value = json_of(R"({"Diff_IDs":1,"other":2,"diff_ids":3,"DIFF_IDS":4})");
  EXPECT_EQ(value.find("diff_ids")->as_int64(), 4);
  EXPECT_EQ(value.find_exact("diff_ids")->as_int64(), 3);
  EXPECT_EQ(value.find("diff_id"), nullptr);
  EXPECT_TRUE(value.get("absent").get("deeper").is_null());
  EXPECT_EQ(JsonValue::string("x").find("x"), nullptr);
}

TEST(Json, OfEqualKeysTheLastMemberStays) {
  EXPECT_EQ(to_go_json(json_of(R"({"a":1,"A":2,"b":3,"a":4})")), R"({"A":2,"b":3,"a":4})");
  EXPECT_EQ(json_of(R"({"a":1,"A":2,"a":3})").find("A")->as_int64(), 3);
}

TEST(Json, ToleratesWhatGoTolerates) {
  EXPECT_EQ(*json_of("\"a\xff\xc3\"").as_string(), "a\xff\xc3");
  EXPECT_EQ(*json_of("\"\xed\xa0\x80\"").as_string(), "\xed\xa0\x80");
  EXPECT_EQ(*json_of(R"("\ud83d\ude00")").as_string(), "\U0001F600");
  EXPECT_EQ(*json_of(R"("\ud83d")").as_string(), "\uFFFD");
  EXPECT_EQ(*json_of(R"("\ude00\ud83dx\uD83D\u0041\\ud83d")").as_string(),
            "\uFFFD\uFFFDx\uFFFD"
            "A\\ud83d");
  EXPECT_EQ(*json_of("\"\x7f\"").as_string(), "\x7f");
  EXPECT_EQ(*json_of(R"("a\u0000b")").as_string(), std::string("a\0b", 3));
}

TEST(Json, EveryProperPrefixIsTruncated) {
  const std::string text = R"({"k":["é\u00e9\ud83d\ude00",-1.5e+3,true,false,null,{}]})";
  for (size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(json_fault(text.substr(0, size)), JsonFault::Truncated) << size;
    EXPECT_EQ(json_fault(text.substr(0, size), {.trailing = JsonTrailing::Ignore}), JsonFault::Truncated) << size;
  }
  EXPECT_EQ(message_of(R"({"Repositories":{"t1")"),
            "parse JSON: ends in the middle at byte 21, after \"{\"Repositories\":{\"t1\"\"");
}

TEST(Json, EmptyIsToldApart) {
  EXPECT_EQ(json_fault(""), JsonFault::Empty);
  EXPECT_EQ(json_fault(" \n\t\r"), JsonFault::Empty);
  EXPECT_EQ(message_of(""), "parse JSON: empty");
}

TEST(Json, GarbageIsNamedByOffsetAndExcerpt) {
  EXPECT_EQ(json_fault("x"), JsonFault::Garbage);
  EXPECT_EQ(json_fault(std::string(4096, '\0')), JsonFault::Garbage);
  EXPECT_EQ(json_fault("{\"a\":1,}"), JsonFault::Garbage);
  EXPECT_EQ(json_fault("{'a':1}"), JsonFault::Garbage);
  EXPECT_EQ(json_fault("\"\n\""), JsonFault::Garbage);
  EXPECT_EQ(json_fault("\xef\xbb\xbf{}"), JsonFault::Garbage);
  EXPECT_EQ(message_of("{\"a\":\x01 " + std::string(50, 'y')),
            "parse JSON: not valid at byte 5: \"\\x01 " + std::string(38, 'y') + "...\"");
}

TEST(Json, TrailingBytesMatterOnlyWhereTheDaemonLooks) {
  EXPECT_EQ(json_fault("{} \n"), JsonFault::None);
  EXPECT_EQ(json_fault("{}x"), JsonFault::Garbage);
  EXPECT_EQ(json_fault("{}{"), JsonFault::Garbage);
  EXPECT_EQ(message_of("{} x"), "parse JSON: more after the value at byte 3: \"x\"");
  for (const std::string_view text : {"{}x", "{}{", "{}\n{\"a\":1}", "[1]\xff", "12x", "\"a\"\"b\"", "null]"}) {
    EXPECT_EQ(json_fault(text, {.trailing = JsonTrailing::Ignore}), JsonFault::None) << text;
  }
  EXPECT_EQ(json_fault(std::string("{}\0\0\0", 5), {.trailing = JsonTrailing::Ignore}), JsonFault::None);
}

TEST(Json, LimitsAreKept) {
  const std::string deep64 = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(json_fault(deep64), JsonFault::None);
  EXPECT_EQ(json_fault("[" + deep64 + "]"), JsonFault::TooBig);
  EXPECT_EQ(json_fault(std::string(1000000, '[')), JsonFault::TooBig);
  EXPECT_EQ(json_fault("[1,2,3]", {.max_bytes = 6}), JsonFault::TooBig);
  EXPECT_EQ(json_fault("[1,2,3]", {.max_values = 4}), JsonFault::None);
  EXPECT_EQ(json_fault("[1,2,3]", {.max_values = 3}), JsonFault::TooBig);
  EXPECT_EQ(parse_json("[1,2,3]", {.max_values = 3}).error().kind, Error::Kind::Limit);
}

TEST(Json, WritesStringsAsGoDoes) {
  const std::string raw = "<a href=\"x\">&\\\n\r\t\x01\x1f\x7f/é\u2028\u2029\xff\xed\xa0\x80";
  EXPECT_EQ(to_go_json(JsonValue::string(raw)),
            "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026\\\\\\n\\r\\t\\u0001\\u001f\x7f/é\\u2028\\u2029\\ufffd\\ufffd"
            "\\ufffd\\ufffd\"");
}

TEST(Json, BuildsDocuments) {
  JsonValue value =
      JsonValue::object({{"b", JsonValue::number(-3)}, {"a", JsonValue::array({JsonValue::boolean(true)})}});
  value.as_object()->push_back({"<", JsonValue()});
  EXPECT_EQ(to_go_json(value), R"({"b":-3,"a":[true],"\u003c":null})");
}

TEST(Json, QuotesForReports) {
  EXPECT_EQ(quoted_json("a<b>&\"\\\n\x02 é"), "\"a<b>&\\\"\\\\\\n\\u0002 é\"");
  EXPECT_EQ(quoted_json("\xc3"), "\"\\ufffd\"");
}

}  // namespace
}  // namespace dfsck
