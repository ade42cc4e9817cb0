// The table of problems, for people and for programs.
#include "cmd/list_cmd.h"

#include <algorithm>

#include "checks/table.h"
#include "cmd/render/json_writer.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

std::string padded(std::string_view text, size_t width) {
  std::string out(text);
  out.resize(std::max(out.size(), width), ' ');
  return out + "  ";
}

// Columns in the order code, severity, class, slug, text. The first four have no blanks in them,
// so that awk and cut can take them apart.
std::string list_as_text() {
  size_t slug_width = 0;
  for (const Problem& problem : all_problems()) {
    slug_width = std::max(slug_width, problem.name.size());
  }
  std::string text;
  for (const Problem& problem : all_problems()) {
    text += padded(problem.code(), 6) + padded(severity_name(problem.severity), 7) +
            padded(safety_name(problem.safety), 5) + padded(problem.slug(), slug_width);
    text.append(problem.text).append("\n");
  }
  return text;
}

// The whole table, for programs that want to know all that can ever be reported. Codes never
// change their meaning; texts may get better.
std::string list_as_json() {
  JsonWriter json;
  json.object();
  json.key("schema").text("docker-fsck/problems/1");
  json.key("version").text(DFSCK_VERSION);
  json.key("problems").array();
  for (const Problem& problem : all_problems()) {
    json.object();
    json.key("code").text(problem.code());
    json.key("slug").text(problem.slug());
    json.key("area").text(problem.area());
    json.key("severity").text(severity_name(problem.severity));
    json.key("safety").text(safety_name(problem.safety));
    json.key("catalogue").array();
    for (const std::string_view kind : split(problem.catalogue, ',')) {
      if (!kind.empty()) {
        json.text(kind);
      }
    }
    json.end_array();
    json.key("text").text(problem.text);
    json.key("consequence").text(problem.consequence);
    json.key("remedy").text(problem.remedy);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

Output run_list_problems(const Options& options) {
  Output output;
  output.out = options.format == Format::Json ? list_as_json() : list_as_text();
  return output;
}

}  // namespace dfsck
