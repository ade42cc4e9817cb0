// Paths are any bytes, and JSON holds text only.
#include "core/migrate/problem_records.h"

#include "core/codec/base64.h"

namespace dfsck {

using Kind = CopyProblem::Kind;

// The kind as a number: these records are only read by the same migration, and a number beyond those known is left
// out.
JsonValue record_of(const std::vector<CopyProblem>& problems) {
  JsonValue::Array records;
  for (const CopyProblem& problem : problems) {
    records.push_back(JsonValue::object({{"kind", JsonValue::number(static_cast<int64_t>(problem.kind))},
                                         {"path", JsonValue::string(encode_base64(problem.path))},
                                         {"code", JsonValue::number(problem.code)},
                                         {"detail", JsonValue::string(problem.detail)}}));
  }
  return JsonValue::array(std::move(records));
}

std::vector<CopyProblem> problems_of(const JsonValue& record) {
  std::vector<CopyProblem> problems;
  const JsonValue::Array* records = record.as_array();
  for (const JsonValue& told : records != nullptr ? *records : JsonValue::Array{}) {
    const uint64_t kind = told.get("kind").as_uint64().value_or(UINT64_MAX);
    const std::string* encoded = told.get("path").as_string();
    const std::string* detail = told.get("detail").as_string();
    std::string path;
    const bool is_one = encoded != nullptr && decode_base64(*encoded, path) && detail != nullptr &&
                        kind <= static_cast<uint64_t>(Kind::TargetDiffers);
    if (is_one) {
      const int code = static_cast<int>(told.get("code").as_int64().value_or(0));
      problems.push_back({static_cast<Kind>(kind), std::move(path), code, 0, *detail});
    }
  }
  return problems;
}

}  // namespace dfsck
